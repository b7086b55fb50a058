//! From std's types and bare fds, and back.
//!
//! On the way in a socket is made non-blocking, whatever it was. On the way out to a type of std it becomes blocking
//! again, as users of std expect; on the way out to a bare fd it stays as it is.

use std::io;
use std::net;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use socket2::Socket;

use super::{TcpListener, TcpStream};
use crate::release::{ReleaseError, release, release_blocking};
use crate::socket::{adopt_stream, must_be_connected};

impl TcpListener {
    /// The socket as std's type, in blocking mode, out of the runtime.
    ///
    /// The mode is a property of the open socket: an fd of it that was duplicated before becomes blocking too.
    ///
    /// # Errors
    ///
    /// [`ReleaseError`] with this listener when other clones are alive.
    pub fn into_std(self) -> Result<net::TcpListener, ReleaseError<TcpListener>> {
        release_blocking(self.into_registered(), TcpListener::from_registered).map(Into::into)
    }
}

impl TcpStream {
    /// The socket as std's type, in blocking mode, out of the runtime.
    ///
    /// The mode is a property of the open socket: an fd of it that was duplicated before becomes blocking too.
    ///
    /// # Errors
    ///
    /// [`ReleaseError`] with this stream when clones or halves of it are alive.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend::net::{TcpListener, TcpStream};
    /// # fend::block_on(async {
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// let clone = stream.clone();
    /// let stream = stream.into_std().unwrap_err().into_inner();
    /// drop(clone);
    /// let blocking: std::net::TcpStream = stream.into_std()?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn into_std(self) -> Result<net::TcpStream, ReleaseError<TcpStream>> {
        release_blocking(self.into_registered(), TcpStream::from_registered).map(Into::into)
    }
}

/// Makes the socket non-blocking.
impl TryFrom<net::TcpListener> for TcpListener {
    type Error = io::Error;

    fn try_from(listener: net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(TcpListener::of(Socket::from(listener)))
    }
}

/// Checks that the socket is connected, is connecting, or was connected, and makes it non-blocking. Before that it is a
/// [`TcpSocket`](super::TcpSocket).
impl TryFrom<net::TcpStream> for TcpStream {
    type Error = io::Error;

    fn try_from(stream: net::TcpStream) -> io::Result<Self> {
        let socket = Socket::from(stream);
        must_be_connected(&socket, "TcpSocket")?;
        socket.set_nonblocking(true)?;
        Ok(TcpStream::accepted(socket))
    }
}

/// Checks that the fd is an IP stream socket that listens, and makes it non-blocking.
impl TryFrom<OwnedFd> for TcpListener {
    type Error = io::Error;

    fn try_from(fd: OwnedFd) -> io::Result<Self> {
        adopt_stream(Socket::from(fd), true).map(TcpListener::of)
    }
}

/// Checks that the fd is an IP stream socket that is connected, is connecting, or was connected, and makes it non-blocking. Before
/// that it is a [`TcpSocket`](super::TcpSocket).
impl TryFrom<OwnedFd> for TcpStream {
    type Error = io::Error;

    fn try_from(fd: OwnedFd) -> io::Result<Self> {
        let socket = adopt_stream(Socket::from(fd), false)?;
        must_be_connected(&socket, "TcpSocket")?;
        Ok(TcpStream::accepted(socket))
    }
}

/// The fd stays non-blocking. Fails, and gives the listener back, while other clones are alive.
impl TryFrom<TcpListener> for OwnedFd {
    type Error = ReleaseError<TcpListener>;

    fn try_from(listener: TcpListener) -> Result<Self, Self::Error> {
        release(listener.into_registered(), TcpListener::from_registered).map(Into::into)
    }
}

/// The fd stays non-blocking. Fails, and gives the stream back, while clones or halves of it are alive.
impl TryFrom<TcpStream> for OwnedFd {
    type Error = ReleaseError<TcpStream>;

    fn try_from(stream: TcpStream) -> Result<Self, Self::Error> {
        release(stream.into_registered(), TcpStream::from_registered).map(Into::into)
    }
}

impl AsFd for TcpListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket().as_fd()
    }
}

impl AsFd for TcpStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket().as_fd()
    }
}

impl AsRawFd for TcpListener {
    fn as_raw_fd(&self) -> RawFd {
        self.socket().as_raw_fd()
    }
}

impl AsRawFd for TcpStream {
    fn as_raw_fd(&self) -> RawFd {
        self.socket().as_raw_fd()
    }
}
