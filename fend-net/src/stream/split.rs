//! The two directions of a borrowed stream, as values of their own.
//!
//! What a half does not have is reached by `as_ref`.

use std::io;
use std::net::Shutdown;
use std::panic::{RefUnwindSafe, UnwindSafe};

use super::methods::{peer_closed_methods, receive_methods, send_methods};
use super::{ByteStream, registered_of};
use crate::socket::{self, Registered};
use crate::tcp::TcpStream;

/// The read direction of a borrowed stream; made by [`TcpStream::split`] and its like. Implements
/// [`AsyncRead`](futures_io::AsyncRead).
#[derive(Debug)]
pub struct ReadHalf<'a, S = TcpStream> {
    stream: &'a S,
}

impl<'a, S: ByteStream> ReadHalf<'a, S> {
    pub(crate) fn of(stream: &'a S) -> Self {
        ReadHalf { stream }
    }

    pub(crate) fn registered(&self) -> &Registered {
        registered_of(self.stream)
    }

    receive_methods!(S);
    peer_closed_methods!();

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// What getpeername(2) says.
    pub fn peer_addr(&self) -> io::Result<S::Addr> {
        self.stream.peer_addr()
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// What getsockname(2) says.
    pub fn local_addr(&self) -> io::Result<S::Addr> {
        self.stream.local_addr()
    }
}

impl<S> AsRef<S> for ReadHalf<'_, S> {
    fn as_ref(&self) -> &S {
        self.stream
    }
}

/// The write direction of a borrowed stream; made by [`TcpStream::split`] and its like. Implements
/// [`AsyncWrite`](futures_io::AsyncWrite).
///
/// Dropping it closes nothing: the stream is still there.
#[derive(Debug)]
pub struct WriteHalf<'a, S = TcpStream> {
    stream: &'a S,
}

impl<'a, S: ByteStream> WriteHalf<'a, S> {
    pub(crate) fn of(stream: &'a S) -> Self {
        WriteHalf { stream }
    }

    pub(crate) fn registered(&self) -> &Registered {
        registered_of(self.stream)
    }

    send_methods!();
    peer_closed_methods!();

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// What getpeername(2) says.
    pub fn peer_addr(&self) -> io::Result<S::Addr> {
        self.stream.peer_addr()
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// What getsockname(2) says.
    pub fn local_addr(&self) -> io::Result<S::Addr> {
        self.stream.local_addr()
    }

    /// Closes the write direction: the peer reads to its end.
    ///
    /// # Errors
    ///
    /// What shutdown(2) says.
    pub fn shutdown(&self) -> io::Result<()> {
        socket::shutdown(self.registered().get_ref(), Shutdown::Write)
    }
}

impl<S> AsRef<S> for WriteHalf<'_, S> {
    fn as_ref(&self) -> &S {
        self.stream
    }
}

// As their streams: see `tcp/unwind.rs`.
impl<S> UnwindSafe for ReadHalf<'_, S> {}
impl<S> RefUnwindSafe for ReadHalf<'_, S> {}
impl<S> UnwindSafe for WriteHalf<'_, S> {}
impl<S> RefUnwindSafe for WriteHalf<'_, S> {}
