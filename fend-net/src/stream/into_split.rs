//! The two directions of a stream as owned values, for two tasks, and their reunion.
//!
//! The halves are two clones of the stream. What tells them from clones is that the write half closes its direction when it
//! is dropped, so that a task that ends, however it ends, lets the peer see the end of the stream.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::Shutdown;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use super::methods::{peer_closed_methods, receive_methods, send_methods};
use super::{ByteStream, registered_of};
use crate::socket::{self, Registered};
use crate::tcp::TcpStream;

/// The read direction of a stream; made by [`TcpStream::into_split`] and its like. Implements
/// [`AsyncRead`](futures_io::AsyncRead).
///
/// Dropping it closes nothing; the socket is closed when both halves are gone.
#[derive(Debug)]
pub struct OwnedReadHalf<S: ByteStream = TcpStream> {
    stream: S,
}

impl<S: ByteStream> OwnedReadHalf<S> {
    pub(crate) fn of(stream: S) -> Self {
        OwnedReadHalf { stream }
    }

    pub(crate) fn registered(&self) -> &Registered {
        registered_of(&self.stream)
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

    /// The whole stream again, when `write` is the other half of this one.
    ///
    /// # Errors
    ///
    /// [`ReuniteError`] with both halves when they belong to different streams.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend::net::{TcpListener, TcpStream};
    /// # fend::block_on(async {
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let first = TcpStream::connect(listener.local_addr()?).await?;
    /// let second = TcpStream::connect(listener.local_addr()?).await?;
    /// let (read, write) = first.into_split();
    /// let (_, other) = second.into_split();
    ///
    /// let (read, _other) = read.reunite(other).unwrap_err().into_inner();
    /// let first: TcpStream = read.reunite(write)?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn reunite(self, write: OwnedWriteHalf<S>) -> Result<S, ReuniteError<S>> {
        if Arc::ptr_eq(self.registered(), write.registered()) {
            write.forget();
            Ok(self.stream)
        } else {
            Err(ReuniteError { read: self, write })
        }
    }
}

impl<S: ByteStream> AsRef<S> for OwnedReadHalf<S> {
    fn as_ref(&self) -> &S {
        &self.stream
    }
}

/// The write direction of a stream; made by [`TcpStream::into_split`] and its like. Implements
/// [`AsyncWrite`](futures_io::AsyncWrite).
///
/// Dropping it closes the write direction, as [`shutdown`](Self::shutdown) does; [`forget`](Self::forget) does not.
#[derive(Debug)]
pub struct OwnedWriteHalf<S: ByteStream = TcpStream> {
    stream: S,
    shutdown_on_drop: bool,
}

impl<S: ByteStream> OwnedWriteHalf<S> {
    pub(crate) fn of(stream: S) -> Self {
        OwnedWriteHalf { stream, shutdown_on_drop: true }
    }

    pub(crate) fn registered(&self) -> &Registered {
        registered_of(&self.stream)
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

    /// Drops the half and leaves the write direction open for as long as the read half lives.
    pub fn forget(mut self) {
        self.shutdown_on_drop = false;
    }

    /// The whole stream again, when `read` is the other half of this one.
    ///
    /// # Errors
    ///
    /// [`ReuniteError`] with both halves when they belong to different streams.
    pub fn reunite(self, read: OwnedReadHalf<S>) -> Result<S, ReuniteError<S>> {
        read.reunite(self)
    }
}

impl<S: ByteStream> Drop for OwnedWriteHalf<S> {
    fn drop(&mut self) {
        if self.shutdown_on_drop {
            // Nobody is left to hear of an error, and the only one there is says that it is closed.
            let _ = self.shutdown();
        }
    }
}

impl<S: ByteStream> AsRef<S> for OwnedWriteHalf<S> {
    fn as_ref(&self) -> &S {
        &self.stream
    }
}

/// Two halves that belong to different streams.
///
/// Dropping it drops both: the write half's stream is then closed in that direction.
#[derive(Debug)]
pub struct ReuniteError<S: ByteStream = TcpStream> {
    read: OwnedReadHalf<S>,
    write: OwnedWriteHalf<S>,
}

impl<S: ByteStream> ReuniteError<S> {
    /// The halves, unharmed.
    pub fn into_inner(self) -> (OwnedReadHalf<S>, OwnedWriteHalf<S>) {
        (self.read, self.write)
    }
}

impl<S: ByteStream> fmt::Display for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the halves belong to different streams")
    }
}

impl<S: ByteStream> Error for ReuniteError<S> {}

impl<S: ByteStream> From<ReuniteError<S>> for io::Error {
    fn from(error: ReuniteError<S>) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidInput, error)
    }
}

// As their streams: see `tcp/unwind.rs`.
impl<S: ByteStream> UnwindSafe for OwnedReadHalf<S> {}
impl<S: ByteStream> RefUnwindSafe for OwnedReadHalf<S> {}
impl<S: ByteStream> UnwindSafe for OwnedWriteHalf<S> {}
impl<S: ByteStream> RefUnwindSafe for OwnedWriteHalf<S> {}
