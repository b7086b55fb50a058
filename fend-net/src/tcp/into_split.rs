//! The two directions of a stream as owned values, for two tasks, and their reunion.
//!
//! The halves are two clones of the stream. What tells them from clones is that the write half closes its direction when it
//! is dropped, so that a task that ends, however it ends, lets the peer see the end of the stream.

use std::error::Error;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;

use super::TcpStream;

/// The read direction of a [`TcpStream`]; made by [`TcpStream::into_split`]. Implements
/// [`AsyncRead`](futures_io::AsyncRead).
///
/// Dropping it closes nothing; the socket is closed when both halves are gone.
#[derive(Debug)]
pub struct OwnedReadHalf {
    pub(super) stream: TcpStream,
}

impl OwnedReadHalf {
    pub(super) fn of(stream: TcpStream) -> Self {
        OwnedReadHalf { stream }
    }

    /// [`TcpStream::recv`].
    ///
    /// # Errors
    ///
    /// As [`TcpStream::recv`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: bytes are either returned or still in the socket.
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.stream.recv(buf).await
    }

    /// [`TcpStream::recv_exact`].
    ///
    /// # Errors
    ///
    /// As [`TcpStream::recv_exact`].
    ///
    /// # Cancel safety
    ///
    /// **Not** cancel safe: how many bytes of `buf` were filled is lost.
    pub async fn recv_exact(&self, buf: &mut [u8]) -> io::Result<()> {
        self.stream.recv_exact(buf).await
    }

    /// [`TcpStream::peek`].
    ///
    /// # Errors
    ///
    /// As [`TcpStream::recv`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it takes nothing.
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.stream.peek(buf).await
    }

    /// [`TcpStream::recv_vectored`].
    ///
    /// # Errors
    ///
    /// As [`TcpStream::recv`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: bytes are either returned or still in the socket.
    pub async fn recv_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.stream.recv_vectored(bufs).await
    }

    /// [`TcpStream::try_recv`].
    ///
    /// # Errors
    ///
    /// As [`TcpStream::try_recv`].
    pub fn try_recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.stream.try_recv(buf)
    }

    /// [`TcpStream::readable`].
    ///
    /// # Errors
    ///
    /// As [`TcpStream::readable`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it takes nothing.
    pub async fn readable(&self) -> io::Result<()> {
        self.stream.readable().await
    }

    /// [`TcpStream::peer_closed`].
    ///
    /// # Errors
    ///
    /// As [`TcpStream::readable`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it takes nothing.
    pub async fn peer_closed(&self) -> io::Result<()> {
        self.stream.peer_closed().await
    }

    /// [`TcpStream::peer_addr`].
    ///
    /// # Errors
    ///
    /// As [`TcpStream::peer_addr`].
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }

    /// [`TcpStream::local_addr`].
    ///
    /// # Errors
    ///
    /// As [`TcpStream::local_addr`].
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
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
    pub fn reunite(self, write: OwnedWriteHalf) -> Result<TcpStream, ReuniteError> {
        if Arc::ptr_eq(self.stream.registered(), write.stream.registered()) {
            write.forget();
            Ok(self.stream)
        } else {
            Err(ReuniteError { read: self, write })
        }
    }
}

impl AsRef<TcpStream> for OwnedReadHalf {
    fn as_ref(&self) -> &TcpStream {
        &self.stream
    }
}

/// The write direction of a [`TcpStream`]; made by [`TcpStream::into_split`]. Implements
/// [`AsyncWrite`](futures_io::AsyncWrite).
///
/// Dropping it closes the write direction, as [`shutdown`](Self::shutdown) does; [`forget`](Self::forget)
/// leaves it open.
#[derive(Debug)]
pub struct OwnedWriteHalf {
    pub(super) stream: TcpStream,
    shutdown_on_drop: bool,
}

impl OwnedWriteHalf {
    pub(super) fn of(stream: TcpStream) -> Self {
        OwnedWriteHalf { stream, shutdown_on_drop: true }
    }

    /// [`TcpStream::send`].
    ///
    /// # Errors
    ///
    /// As [`TcpStream::send`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: when the future is dropped before it is ready, nothing was sent.
    pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.stream.send(buf).await
    }

    /// [`TcpStream::send_all`].
    ///
    /// # Errors
    ///
    /// As [`TcpStream::send_all`].
    ///
    /// # Cancel safety
    ///
    /// **Not** cancel safe: any part of `buf` may have been sent.
    pub async fn send_all(&self, buf: &[u8]) -> io::Result<()> {
        self.stream.send_all(buf).await
    }

    /// [`TcpStream::send_vectored`].
    ///
    /// # Errors
    ///
    /// As [`TcpStream::send`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: when the future is dropped before it is ready, nothing was sent.
    pub async fn send_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.stream.send_vectored(bufs).await
    }

    /// [`TcpStream::try_send`].
    ///
    /// # Errors
    ///
    /// As [`TcpStream::try_send`].
    pub fn try_send(&self, buf: &[u8]) -> io::Result<usize> {
        self.stream.try_send(buf)
    }

    /// [`TcpStream::writable`].
    ///
    /// # Errors
    ///
    /// As [`TcpStream::readable`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it takes nothing.
    pub async fn writable(&self) -> io::Result<()> {
        self.stream.writable().await
    }

    /// [`TcpStream::peer_closed`]: also tells a sender that nobody listens any more, when the peer closes all at once.
    ///
    /// # Errors
    ///
    /// As [`TcpStream::readable`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it takes nothing.
    pub async fn peer_closed(&self) -> io::Result<()> {
        self.stream.peer_closed().await
    }

    /// [`TcpStream::peer_addr`].
    ///
    /// # Errors
    ///
    /// As [`TcpStream::peer_addr`].
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }

    /// [`TcpStream::local_addr`].
    ///
    /// # Errors
    ///
    /// As [`TcpStream::local_addr`].
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.stream.local_addr()
    }

    /// Closes the write direction: the peer reads to its end.
    ///
    /// # Errors
    ///
    /// As [`TcpStream::shutdown`].
    pub fn shutdown(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
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
    pub fn reunite(self, read: OwnedReadHalf) -> Result<TcpStream, ReuniteError> {
        read.reunite(self)
    }
}

impl Drop for OwnedWriteHalf {
    fn drop(&mut self) {
        if self.shutdown_on_drop {
            // Nobody is left to hear of an error, and the only one there is says that it is closed.
            let _ = self.stream.shutdown(Shutdown::Write);
        }
    }
}

impl AsRef<TcpStream> for OwnedWriteHalf {
    fn as_ref(&self) -> &TcpStream {
        &self.stream
    }
}

/// Two halves that belong to different streams.
///
/// Dropping it drops both: the write half's stream is then closed in that direction.
#[derive(Debug)]
pub struct ReuniteError {
    read: OwnedReadHalf,
    write: OwnedWriteHalf,
}

impl ReuniteError {
    /// The halves, unharmed.
    pub fn into_inner(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        (self.read, self.write)
    }
}

impl fmt::Display for ReuniteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the halves belong to different streams")
    }
}

impl Error for ReuniteError {}

impl From<ReuniteError> for io::Error {
    fn from(error: ReuniteError) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidInput, error)
    }
}
