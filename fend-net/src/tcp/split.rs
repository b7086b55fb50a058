//! The two directions of a borrowed stream, as values of their own.
//!
//! A half forwards to the stream. What it does not forward is reached by `as_ref`.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};

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
}

impl AsRef<TcpStream> for WriteHalf<'_> {
    fn as_ref(&self) -> &TcpStream {
        self.stream
    }
}
