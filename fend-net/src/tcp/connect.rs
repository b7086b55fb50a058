//! Making a connection: connect(2) on a non-blocking socket, which goes on in the kernel, then a wait for its outcome.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use fend_reactor::io::{AsyncFd, Direction, Readiness};
use socket2::{SockAddr, Socket};

use crate::error::SocketError;
use crate::ready::ready;
use crate::socket::{Registered, open_stream};

/// Tries the addresses in turn. The error is that of the last one.
pub(super) async fn connect(addrs: impl Iterator<Item = SocketAddr>) -> io::Result<Registered> {
    let mut failure = None;
    for address in addrs {
        match connect_one(address).await {
            Ok(fd) => return Ok(fd),
            Err(error) => failure = Some(SocketError::wrap("connect", address, error)),
        }
    }
    Err(failure.unwrap_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "connect: no address given")))
}

/// Dropping this future closes the socket, and with it the attempt.
async fn connect_one(address: SocketAddr) -> io::Result<Registered> {
    connect_socket(open_stream(address)?, address).await
}

/// Connects a socket that is non-blocking and prepared as its owner wishes. The error is the system's own: the caller names the
/// operation and the address.
///
/// Dropping this future closes the socket, and with it the attempt.
pub(crate) async fn connect_socket(socket: Socket, address: SocketAddr) -> io::Result<Registered> {
    let pending = begin(&socket, &address.into())?;
    let fd = AsyncFd::with_assumed(socket, Readiness::NONE);
    if pending {
        ready(&fd, Direction::Write).await?;
        // What became of the attempt is in SO_ERROR; writable is said of a failed one too.
        fd.get_ref().take_error()?.map_or(Ok(()), Err)?;
    }
    Ok(Arc::new(fd))
}

/// Starts the attempt. True when its outcome has to be waited for.
fn begin(socket: &Socket, address: &SockAddr) -> io::Result<bool> {
    match socket.connect(address) {
        Ok(()) => Ok(false),
        // An interrupted attempt goes on as well: connect(2), EINTR.
        Err(e) if matches!(e.raw_os_error(), Some(libc::EINPROGRESS | libc::EINTR)) => Ok(true),
        Err(e) => Err(e),
    }
}
