//! [`Connection`]: a stream that counts against its listener's limit.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::ops::{Deref, DerefMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

use futures_io::{AsyncRead, AsyncWrite};

use super::state::{Ending, Shared};

/// A stream that a [`Listener`](super::Listener) has taken, and its slot among the listener's connections. It is used like the
/// stream. Dropping it closes the stream, then gives the slot back.
///
/// Clones of the stream keep the socket open without being counted.
///
/// When the listener is drained and the deadline passes, the connection is aborted in place: whatever is done with
/// the stream then fails.
pub struct Connection<S> {
    // In this order: the descriptor is free before the listener hears of it.
    stream: S,
    slot: ConnectionSlot,
}

impl<S> Connection<S> {
    pub(super) fn new(stream: S, slot: ConnectionSlot) -> Connection<S> {
        Connection { stream, slot }
    }

    /// The stream and its slot, where the stream has to move on as what it is. Keep the slot for as long as the connection
    /// should count.
    pub fn into_parts(self) -> (S, ConnectionSlot) {
        (self.stream, self.slot)
    }
}

impl<S> Deref for Connection<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.stream
    }
}

impl<S> DerefMut for Connection<S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.stream
    }
}

impl<S> AsRef<S> for Connection<S> {
    fn as_ref(&self) -> &S {
        &self.stream
    }
}

impl<S: fmt::Debug> fmt::Debug for Connection<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("stream", &self.stream).finish_non_exhaustive()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }

    fn poll_read_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_read_vectored(cx, bufs)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

impl<'a, S> AsyncRead for &'a Connection<S>
where
    &'a S: AsyncRead,
{
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut &self.get_mut().stream).poll_read(cx, buf)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &self.get_mut().stream).poll_read_vectored(cx, bufs)
    }
}

impl<'a, S> AsyncWrite for &'a Connection<S>
where
    &'a S: AsyncWrite,
{
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut &self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &self.get_mut().stream).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &self.get_mut().stream).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &self.get_mut().stream).poll_close(cx)
    }
}

impl<S: AsFd> AsFd for Connection<S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl<S: AsRawFd> AsRawFd for Connection<S> {
    fn as_raw_fd(&self) -> RawFd {
        self.stream.as_raw_fd()
    }
}

/// One of the connections that a [`Listener`](super::Listener) counts. Given back when it is dropped.
#[must_use = "the connection stops counting when this is dropped"]
pub struct ConnectionSlot {
    shared: Arc<Shared>,
    id: u64,
    /// What a drop means, outside a panic.
    ending: Ending,
}

impl ConnectionSlot {
    /// For a connection that its owner ends by dropping this.
    pub(super) fn held(shared: Arc<Shared>, id: u64) -> ConnectionSlot {
        ConnectionSlot { shared, id, ending: Ending::Finished }
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// For a task that may be cancelled: a drop before [`finish`](Self::finish) is an abort.
    pub(super) fn of_task(mut self) -> ConnectionSlot {
        self.ending = Ending::Aborted;
        self
    }

    pub(super) fn finish(mut self) {
        self.ending = Ending::Finished;
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        let ending = if thread::panicking() { Ending::Panicked } else { self.ending };
        self.shared.end(self.id, ending);
    }
}

impl fmt::Debug for ConnectionSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionSlot").field("id", &self.id).finish_non_exhaustive()
    }
}
