//! What all sockets share: the registered fd, and the calls that move bytes through it.
//!
//! A type of this crate is a thin name around [`Registered`]. Each function here is one system call on the bare
//! socket, to be given to [`AsyncFd`] as the operation that is tried and tried again.

use std::io::{self, IoSlice, IoSliceMut, Read};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;

use fend_reactor::io::AsyncFd;
use socket2::{Domain, SockAddr, Socket, Type};

use crate::flags::MsgFlags;
use crate::sys;

/// One registered socket, shared by the clones of its owner.
pub(crate) type Registered = Arc<AsyncFd<Socket>>;

/// Buffers that the kernel takes in one vectored call (`UIO_MAXIOV`); with more it would refuse them all.
const MAX_BUFFERS: usize = 1024;

/// The kernel cuts one transfer at 2 GiB less a page. A result is called short, and the kernel's buffer empty or full,
/// only below this smaller bound, so that such a cut is not taken for it.
const MAX_COUNTED: usize = 1 << 30;

/// How many bytes a call on `len` must move, for its result not to mean that the kernel's buffer is empty (or full).
pub(crate) fn asked(len: usize) -> usize {
    len.min(MAX_COUNTED)
}

/// [`asked`] for several buffers, whose lengths may add up to more than memory when they overlap.
pub(crate) fn asked_of(lens: impl Iterator<Item = usize>) -> usize {
    asked(lens.take(MAX_BUFFERS).fold(0, usize::saturating_add))
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
    retry_interrupted(|| socket.send_with_flags(buf, libc::MSG_NOSIGNAL))
}

/// recv(2) with flags.
pub(crate) fn recv_with_flags(socket: &Socket, buf: &mut [u8], flags: MsgFlags) -> io::Result<usize> {
    sys::recv(socket.as_fd(), buf, flags.bits())
}

/// send(2) with flags. Raises no signal.
pub(crate) fn send_with_flags(socket: &Socket, buf: &[u8], flags: MsgFlags) -> io::Result<usize> {
    let flags = flags.for_send()?;
    retry_interrupted(|| socket.send_with_flags(buf, flags))
}

/// readv(2).
pub(crate) fn recv_vectored(mut socket: &Socket, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
    let count = bufs.len().min(MAX_BUFFERS);
    retry_interrupted(|| socket.read_vectored(&mut bufs[..count]))
}

/// sendmsg(2), since writev(2) cannot be told to raise no signal.
pub(crate) fn send_vectored(socket: &Socket, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
    let bufs = &bufs[..bufs.len().min(MAX_BUFFERS)];
    retry_interrupted(|| socket.send_vectored_with_flags(bufs, libc::MSG_NOSIGNAL))
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

/// Makes sure that a foreign fd is what the type it is to become says, and makes it non-blocking, so that no call on it can stall
/// a worker.
pub(crate) fn adopt_stream(socket: Socket, listening: bool) -> io::Result<Socket> {
    let domain = socket.domain()?;
    if domain != Domain::IPV4 && domain != Domain::IPV6 {
        return Err(unfit("the socket is not an IPv4 or IPv6 socket"));
    }
    if socket.r#type()? != Type::STREAM {
        return Err(unfit("the socket is not a stream socket"));
    }
    if socket.is_listener()? != listening {
        return Err(unfit(if listening { "the socket does not listen" } else { "the socket is a listener" }));
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}

pub(crate) fn unfit(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

/// Calls until the error is not that of a signal.
pub(crate) fn retry_interrupted<R>(mut call: impl FnMut() -> io::Result<R>) -> io::Result<R> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
