//! The two directions of a borrowed stream, as values of their own.
//!
//! A half forwards to the stream. What it does not forward is reached by `as_ref`.

use std::io;
use std::net::Shutdown;

use super::TcpStream;

/// The read direction of a borrowed [`TcpStream`]; made by [`TcpStream::split`]. Implements
/// [`AsyncRead`](futures_io::AsyncRead).
#[derive(Debug)]
pub struct ReadHalf<'a> {
    pub(super) stream: &'a TcpStream,
}

impl<'a> ReadHalf<'a> {
    pub(super) fn of(stream: &'a TcpStream) -> Self {
        ReadHalf { stream }
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
}

impl AsRef<TcpStream> for ReadHalf<'_> {
    fn as_ref(&self) -> &TcpStream {
        self.stream
    }
}

/// The write direction of a borrowed [`TcpStream`]; made by [`TcpStream::split`]. Implements
/// [`AsyncWrite`](futures_io::AsyncWrite).
///
/// Dropping it closes nothing: the stream is still there.
#[derive(Debug)]
pub struct WriteHalf<'a> {
    pub(super) stream: &'a TcpStream,
}

impl<'a> WriteHalf<'a> {
    pub(super) fn of(stream: &'a TcpStream) -> Self {
        WriteHalf { stream }
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

    /// Closes the write direction: the peer reads to its end.
    ///
    /// # Errors
    ///
    /// As [`TcpStream::shutdown`].
    pub fn shutdown(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }
}

impl AsRef<TcpStream> for WriteHalf<'_> {
    fn as_ref(&self) -> &TcpStream {
        self.stream
    }
}
