//! Making a connection: connect(2) on a non-blocking socket, which goes on in the kernel, then a wait for its outcome.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fend_reactor::io::{AsyncFd, Direction, Readiness};
use fend_reactor::time::timeout;
use socket2::{SockAddr, Socket};

use super::connect_error::no_answer;
use super::race::race;
use crate::error::SocketError;
use crate::ready::ready;
use crate::socket::{Registered, open_stream};

/// What the user may choose.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// How long an attempt has before the next address is tried beside it.
    pub(super) attempt_delay: Duration,
    /// How long all of it may take.
    pub(super) timeout: Option<Duration>,
    /// What of the timeout is over already: the lookup of the name, whose time it is as well.
    pub(super) spent: Duration,
}

/// RFC 8305, section 8, recommends 250 ms as the Connection Attempt Delay.
pub(super) const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

impl Default for Patience {
    fn default() -> Self {
        Patience { attempt_delay: ATTEMPT_DELAY, timeout: None, spent: Duration::ZERO }
    }
}

/// Connects to the first of the addresses that answers. A single one costs no timer and no allocation beyond its socket's.
pub(super) async fn connect(
    mut addrs: impl Iterator<Item = SocketAddr>,
    patience: Patience,
) -> io::Result<Registered> {
    let Some(first) = addrs.next() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "connect: no address given"));
    };
    let Some(second) = addrs.next() else {
        return connect_alone(first, patience.timeout).await;
    };
    let all = [first, second].into_iter().chain(addrs).collect();
    race(all, patience).await
}

async fn connect_alone(address: SocketAddr, limit: Option<Duration>) -> io::Result<Registered> {
    let attempt = connect_one(address);
    let result = match limit {
        None => attempt.await,
        Some(limit) => timeout(limit, attempt).await.unwrap_or_else(|_| Err(no_answer(limit))),
    };
    result.map_err(|error| SocketError::wrap("connect", address, error))
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
    let (fd, pending) = begin(socket, address)?;
    if pending {
        ready(&fd, Direction::Write).await?;
        outcome(&fd)?;
    }
    Ok(Arc::new(fd))
}

/// Starts the attempt. True when its outcome has to be waited for: the socket is writable then.
pub(super) fn begin(socket: Socket, address: SocketAddr) -> io::Result<(AsyncFd<Socket>, bool)> {
    let pending = match socket.connect(&SockAddr::from(address)) {
        Ok(()) => false,
        // An interrupted attempt goes on as well: connect(2), EINTR.
        Err(e) if matches!(e.raw_os_error(), Some(libc::EINPROGRESS | libc::EINTR)) => true,
        Err(e) => return Err(e),
    };
    // One that is connected already has room to send.
    let assumed = if pending { Readiness::NONE } else { Readiness::WRITABLE };
    Ok((AsyncFd::with_assumed(socket, assumed), pending))
}

/// What became of an attempt whose socket is writable: a failed one is called writable too, and SO_ERROR says which it is.
pub(super) fn outcome(fd: &AsyncFd<Socket>) -> io::Result<()> {
    fd.get_ref().take_error()?.map_or(Ok(()), Err)
}
