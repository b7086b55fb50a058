//! What all sockets share: the registered fd, and the calls that move bytes through it.
//!
//! A type of this crate is a thin name around [`Registered`]. Each function here is one system call on the bare
//! socket, to be given to [`AsyncFd`] as the operation that is tried and tried again.

use std::error::Error;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;

use fend_reactor::io::{AsyncFd, MAX_BUFFERS, taken_of, taken_of_mut};
use socket2::{Domain, SockAddr, Socket, Type};

use crate::error::{Place, SocketError};
use crate::flags::MsgFlags;
use crate::sys;

/// One registered socket, shared by the clones of its owner.
pub(crate) type Registered = Arc<AsyncFd<Socket>>;

/// The kernel cuts one transfer at 2 GiB less a page. A result is called short, and the kernel's buffer empty or full,
/// only below this smaller bound, so that such a cut is not taken for it.
const MAX_COUNTED: usize = 1 << 30;

/// How many bytes a call on `len` must move, for its result not to mean that the kernel's buffer is empty (or full).
pub(crate) fn asked(len: usize) -> usize {
    len.min(MAX_COUNTED)
}

/// [`asked`] for several buffers of a stream, of which one call takes some. Their lengths may add up to more than memory when they
/// overlap.
pub(crate) fn asked_of(lens: impl Iterator<Item = usize>) -> usize {
    asked(lens.skip_while(|&len| len == 0).take(MAX_BUFFERS).fold(0, usize::saturating_add))
}

/// recv(2).
pub(crate) fn recv(socket: &Socket, buf: &mut [u8]) -> io::Result<usize> {
    sys::recv(socket.as_fd(), buf, 0)
}

/// recv(2) that leaves the bytes where they are.
pub(crate) fn peek(socket: &Socket, buf: &mut [u8]) -> io::Result<usize> {
    sys::recv(socket.as_fd(), buf, libc::MSG_PEEK)
}

/// send(2). A closed connection is an error, never a signal: a host program may have restored `SIGPIPE`.
pub(crate) fn send(socket: &Socket, buf: &[u8]) -> io::Result<usize> {
    sys::send(socket.as_fd(), buf, libc::MSG_NOSIGNAL)
}

/// recv(2) with flags.
pub(crate) fn recv_with_flags(socket: &Socket, buf: &mut [u8], flags: MsgFlags) -> io::Result<usize> {
    sys::recv(socket.as_fd(), buf, flags.bits())
}

/// send(2) with flags. Raises no signal.
pub(crate) fn send_with_flags(socket: &Socket, buf: &[u8], flags: MsgFlags) -> io::Result<usize> {
    sys::send(socket.as_fd(), buf, flags.for_send()?)
}

/// readv(2).
pub(crate) fn recv_vectored(socket: &Socket, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
    sys::recv_vectored(socket.as_fd(), taken_of_mut(bufs))
}

/// sendmsg(2), since writev(2) cannot be told to raise no signal.
pub(crate) fn send_vectored(socket: &Socket, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
    sys::send_vectored(socket.as_fd(), taken_of(bufs), libc::MSG_NOSIGNAL)
}

/// shutdown(2). What is closed already, by us or by a peer's reset, needs no closing and is no error.
pub(crate) fn shutdown(socket: &Socket, how: std::net::Shutdown) -> io::Result<()> {
    match socket.shutdown(how) {
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
        other => other,
    }
}

/// A new TCP socket of the address's family, non-blocking and close-on-exec from birth.
pub(crate) fn open_stream(address: SocketAddr) -> io::Result<Socket> {
    Socket::new(Domain::for_address(address), Type::STREAM.nonblocking(), Some(socket2::Protocol::TCP))
}

/// The IP address in what getsockname(2) and the like gave.
pub(crate) fn ip_address(address: &SockAddr) -> io::Result<SocketAddr> {
    address.as_socket().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not an IP socket address"))
}

/// Families of sockets.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Family {
    Ip,
    Unix,
    Vsock,
}

impl Family {
    fn has(self, domain: Domain) -> bool {
        match self {
            Family::Ip => domain == Domain::IPV4 || domain == Domain::IPV6,
            Family::Unix => domain == Domain::UNIX,
            Family::Vsock => domain == Domain::VSOCK,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Family::Ip => "an IPv4 or IPv6",
            Family::Unix => "a Unix",
            Family::Vsock => "a vsock",
        }
    }
}

/// Makes sure that a foreign fd is what the type it is to become says, and makes it non-blocking, so that no call on it can stall
/// a worker.
pub(crate) fn adopt(
    socket: Socket,
    family: Family,
    kind: Option<Type>,
    listening: bool,
) -> io::Result<Socket> {
    let failed = |error| SocketError::wrap("take over a socket", Place::Unknown, error);
    if !family.has(socket.domain().map_err(failed)?) {
        return Err(unfit(format!("the socket is not {} socket", family.name())));
    }
    let is = socket.r#type().map_err(failed)?;
    if kind.is_some_and(|kind| kind != is) {
        return Err(unfit(match kind {
            Some(Type::STREAM) => "the socket is not a stream socket",
            Some(Type::DGRAM) => "the socket is not a datagram socket",
            _ => "the socket is not a seqpacket socket",
        }));
    }
    if socket.is_listener().map_err(failed)? != listening {
        return Err(unfit(if listening { "the socket does not listen" } else { "the socket is a listener" }));
    }
    socket.set_nonblocking(true).map_err(failed)?;
    Ok(socket)
}

/// [`adopt`] for TCP.
pub(crate) fn adopt_stream(socket: Socket, listening: bool) -> io::Result<Socket> {
    adopt(socket, Family::Ip, Some(Type::STREAM), listening)
}

/// Makes sure that a foreign stream or seqpacket socket is connected, or was. The other types are for what has yet to be.
///
/// getpeername(2) does not tell, since a TCP connection that was reset has no peer any more, and is a stream all the same: its error
/// waits to be received. But both of its directions are shut down then, while a socket that never was connected hangs
/// up (`POLLHUP`) without an end to receive (`POLLRDHUP`). One that is connecting does neither, and is taken: it waits by itself.
pub(crate) fn must_be_connected(socket: &Socket, otherwise: &str) -> io::Result<()> {
    let events = sys::poll_now(socket.as_fd(), libc::POLLRDHUP)?;
    if events & libc::POLLHUP == 0 || events & libc::POLLRDHUP != 0 {
        return Ok(());
    }
    Err(unfit(format!("the socket is not connected: make it a {otherwise}")))
}

/// Makes sure that a foreign socket is not connected, so that it can become what its owner says.
pub(crate) fn must_not_be_connected(socket: &Socket, otherwise: &str) -> io::Result<()> {
    match socket.peer_addr() {
        Ok(_) => Err(unfit(format!("the socket is connected: make it a {otherwise}"))),
        Err(_) => Ok(()),
    }
}

/// A backlog as listen(2) takes it.
pub(crate) fn checked_backlog(backlog: u32) -> io::Result<i32> {
    i32::try_from(backlog).map_err(|_| unfit(format!("a backlog of {backlog}: not 0 to {}", i32::MAX)))
}

/// What was given cannot be used.
pub(crate) fn unfit(why: impl Into<Box<dyn Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_what_one_call_takes() {
        let (empty, full) = (IoSlice::new(b""), IoSlice::new(b"ab"));
        let bufs = [vec![empty; 2000], vec![full; 2000]].concat();
        assert_eq!(asked_of(bufs.iter().map(|buf| buf.len())), 2048);
        assert_eq!(asked_of(bufs[..2000].iter().map(|buf| buf.len())), 0);
    }
}
