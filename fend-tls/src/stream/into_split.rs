//! The two directions of a stream as owned values, for two tasks, and their reunion.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use super::TlsStream;
use super::methods::{receive_methods, send_methods};

/// The read direction of a stream; made by [`TlsStream::into_split`]. Implements [`AsyncRead`].
///
/// The stream below is closed when both halves are gone.
#[derive(Debug)]
pub struct OwnedReadHalf<S> {
    stream: Arc<TlsStream<S>>,
}

/// The write direction of a stream; made by [`TlsStream::into_split`]. Implements [`AsyncWrite`].
///
/// Dropping it says nothing to the peer, which would take a task that panicked for one that is done: call
/// [`shutdown`](Self::shutdown).
#[derive(Debug)]
pub struct OwnedWriteHalf<S> {
    stream: Arc<TlsStream<S>>,
}

pub(super) fn halves<S>(stream: TlsStream<S>) -> (OwnedReadHalf<S>, OwnedWriteHalf<S>) {
    let stream = Arc::new(stream);
    (OwnedReadHalf { stream: stream.clone() }, OwnedWriteHalf { stream })
}

impl<S: AsyncRead + AsyncWrite + Unpin> OwnedReadHalf<S> {
    fn stream(&self) -> &TlsStream<S> {
        &self.stream
    }

    receive_methods!();
}

impl<S> OwnedReadHalf<S> {
    /// The whole stream again, when `write` is the other half of this one.
    ///
    /// # Errors
    ///
    /// [`ReuniteError`] with both halves when they belong to different streams.
    pub fn reunite(self, write: OwnedWriteHalf<S>) -> Result<TlsStream<S>, ReuniteError<S>> {
        if !Arc::ptr_eq(&self.stream, &write.stream) {
            return Err(ReuniteError { read: self, write });
        }
        drop(write);
        Ok(Arc::into_inner(self.stream).expect("there are two halves, and the other one is gone"))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> OwnedWriteHalf<S> {
    fn stream(&self) -> &TlsStream<S> {
        &self.stream
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

impl<S> AsRef<TlsStream<S>> for OwnedReadHalf<S> {
    fn as_ref(&self) -> &TlsStream<S> {
        &self.stream
    }
}

impl<S> AsRef<TlsStream<S>> for OwnedWriteHalf<S> {
    fn as_ref(&self) -> &TlsStream<S> {
        &self.stream
    }
}

/// Two halves that belong to different streams.
#[derive(Debug)]
pub struct ReuniteError<S> {
    read: OwnedReadHalf<S>,
    write: OwnedWriteHalf<S>,
}

impl<S> ReuniteError<S> {
    /// The halves.
    pub fn into_inner(self) -> (OwnedReadHalf<S>, OwnedWriteHalf<S>) {
        (self.read, self.write)
    }
}

impl<S> fmt::Display for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the halves belong to different streams")
    }
}

impl<S: fmt::Debug> Error for ReuniteError<S> {}
