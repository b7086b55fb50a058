//! From std's type and bare fds, and back.
//!
//! On the way in a socket is made non-blocking, whatever it was. On the way out to std's type it becomes blocking
//! again, as users of std expect; on the way out to a bare fd it stays as it is.

use std::io;
use std::net;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use socket2::{Protocol, Socket, Type};

use super::UdpSocket;
use crate::release::{ReleaseError, release, release_blocking};
use crate::socket::{Family, adopt, unfit};

impl UdpSocket {
    /// The socket as std's type, in blocking mode, out of the runtime.
    ///
    /// The mode is a property of the open socket: an fd of it that was duplicated before becomes blocking too. Entries of the error queue
    /// that this process keeps are lost.
    ///
    /// # Errors
    ///
    /// [`ReleaseError`] with this socket when other clones are alive.
    pub fn into_std(self) -> Result<net::UdpSocket, ReleaseError<UdpSocket>> {
        let (fd, state) = self.into_parts();
        release_blocking(fd, |fd| UdpSocket::from_parts(fd, state)).map(Into::into)
    }
}

/// Makes the socket non-blocking.
impl TryFrom<net::UdpSocket> for UdpSocket {
    type Error = io::Error;

    fn try_from(socket: net::UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        UdpSocket::of(Socket::from(socket))
    }
}

/// Checks that the fd is a UDP socket, and makes it non-blocking.
impl TryFrom<OwnedFd> for UdpSocket {
    type Error = io::Error;

    fn try_from(fd: OwnedFd) -> io::Result<Self> {
        let socket = Socket::from(fd);
        let socket = adopt(socket, Family::Ip, Some(Type::DGRAM), false)?;
        match socket.protocol()? {
            Some(Protocol::UDP) => UdpSocket::of(socket),
            _ => Err(unfit("the socket is not a UDP socket")),
        }
    }
}

/// The fd stays non-blocking. Fails, and gives the socket back, while other clones are alive.
impl TryFrom<UdpSocket> for OwnedFd {
    type Error = ReleaseError<UdpSocket>;

    fn try_from(socket: UdpSocket) -> Result<Self, Self::Error> {
        let (fd, state) = socket.into_parts();
        release(fd, |fd| UdpSocket::from_parts(fd, state)).map(Into::into)
    }
}

impl AsFd for UdpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket().as_fd()
    }
}

impl AsRawFd for UdpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket().as_raw_fd()
    }
}
