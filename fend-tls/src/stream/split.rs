//! The two directions of a borrowed stream, as values of their own.

use std::io;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use super::TlsStream;
use super::methods::{receive_methods, send_methods};

/// The read direction of a borrowed stream; made by [`TlsStream::split`]. Implements [`AsyncRead`].
#[derive(Debug)]
pub struct ReadHalf<'a, S> {
    stream: &'a TlsStream<S>,
}

/// The write direction of a borrowed stream; made by [`TlsStream::split`]. Implements [`AsyncWrite`].
///
/// Dropping it says nothing to the peer.
#[derive(Debug)]
pub struct WriteHalf<'a, S> {
    stream: &'a TlsStream<S>,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> ReadHalf<'a, S> {
    pub(super) fn of(stream: &'a TlsStream<S>) -> Self {
        ReadHalf { stream }
    }

    fn stream(&self) -> &TlsStream<S> {
        self.stream
    }

    receive_methods!();
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> WriteHalf<'a, S> {
    pub(super) fn of(stream: &'a TlsStream<S>) -> Self {
        WriteHalf { stream }
    }

    fn stream(&self) -> &TlsStream<S> {
        self.stream
    }

    send_methods!();

    /// [`TlsStream::shutdown`].
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: call it again to go on.
    pub async fn shutdown(&self) -> io::Result<()> {
        self.stream.shutdown().await
    }

    /// [`shutdown`](Self::shutdown), polled.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn poll_shutdown(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_shutdown(cx)
    }
}

impl<S> AsRef<TlsStream<S>> for ReadHalf<'_, S> {
    fn as_ref(&self) -> &TlsStream<S> {
        self.stream
    }
}

impl<S> AsRef<TlsStream<S>> for WriteHalf<'_, S> {
    fn as_ref(&self) -> &TlsStream<S> {
        self.stream
    }
}
