//! [`Copy`]: one direction.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_io::{AsyncRead, AsyncWrite};

use super::idle::Idle;
use super::progress::CopyProgress;
use super::transfer::Transfer;

/// Copies all that `reader` gives into `writer`, to the end of the reader. The number of bytes is the result.
///
/// The writer is flushed at the end, and whenever the reader has nothing more for now. It is not closed.
///
/// Between a [`TcpStream`](crate::TcpStream) or [`UnixStream`](crate::UnixStream) (or a half of one, or a
/// [`PipeReader`](crate::PipeReader)) and another of them or a [`PipeWriter`](crate::PipeWriter) the bytes stay in the kernel: they
/// are moved by splice(2). Everything else goes through a buffer of 64 KiB. An urgent byte is no part of the stream and is left
/// out, unless the socket has `SO_OOBINLINE`; so are descriptors that come over a Unix socket, which are closed. Both are passed by value or by reference, and a wrapper is never taken for what it wraps: a `Take` of a
/// stream is copied through a buffer (and [`limit`](Copy::limit) does the same without one).
///
/// The result is a future with settings: put them in front of the `.await`.
///
/// # Errors
///
/// The first error of the reader or the writer, as it is; [`TimedOut`](io::ErrorKind::TimedOut) after the
/// [`idle_timeout`](Copy::idle_timeout). How much was copied until then, [`copied`](Copy::copied) and
/// [`progress`](Copy::progress) tell.
///
/// # Cancel safety
///
/// **Not** cancel safe: what was taken from the reader and not yet written is lost when the future is dropped. It can be
/// polled again by `&mut`.
///
/// # Examples
///
/// ```
/// # use fend::net::{TcpListener, TcpStream};
/// # fend::block_on(async {
/// # let listener = TcpListener::bind("127.0.0.1:0").await?;
/// # let client = TcpStream::connect(listener.local_addr()?).await?;
/// # let (server, _) = listener.accept().await?;
/// # client.send_all(b"hello").await?;
/// # client.shutdown(fend::net::Shutdown::Write)?;
/// // An echo server that never sees what it echoes.
/// let count = fend::io::copy(&server, &server).await?;
/// assert_eq!(count, 5);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub fn copy<R, W>(reader: R, writer: W) -> Copy<R, W>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    Copy {
        reader,
        writer,
        transfer: Transfer::new(),
        idle_timeout: None,
        idle: Idle::default(),
        state: State::Copying,
    }
}

/// Future of [`copy`].
#[must_use = "a copy does nothing unless it is awaited"]
pub struct Copy<R, W> {
    reader: R,
    writer: W,
    transfer: Transfer,
    idle_timeout: Option<Duration>,
    idle: Idle,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Copying,
    Flushing,
    Ended,
}

impl<R, W> Copy<R, W> {
    /// Fails with [`TimedOut`](io::ErrorKind::TimedOut) when no byte was read or written for this long.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = Some(timeout);
        self
    }

    /// Copies this many bytes at most. No more are taken from the reader.
    pub fn limit(mut self, bytes: u64) -> Self {
        self.transfer.limit = bytes;
        self
    }

    /// The size of the buffer in bytes, 64 KiB if not said. It counts where the bytes do not stay in the kernel. 0 is taken for 1.
    pub fn buffer_size(mut self, bytes: usize) -> Self {
        self.transfer.buffer_size = bytes.max(1);
        self
    }

    /// Copies through a buffer (`true`) even where the kernel could do it alone.
    pub fn no_splice(mut self, no_splice: bool) -> Self {
        self.transfer.set_no_splice(no_splice);
        self
    }

    /// Bytes written so far: also after an error, when the future was polled by `&mut`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use fend::net::pipe::pipe;
    /// # fend::block_on(async {
    /// # let (reader, writer) = pipe()?;
    /// # let (_end, other) = pipe()?;
    /// writer.send_all(b"hello").await?;
    /// let mut copy = fend::io::copy(reader, other).idle_timeout(Duration::from_millis(1));
    /// let error = (&mut copy).await.unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    /// assert_eq!(copy.copied(), 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn copied(&self) -> u64 {
        self.transfer.copied()
    }

    /// The count for other tasks to watch.
    pub fn progress(&mut self) -> CopyProgress {
        CopyProgress { count: self.transfer.share() }
    }

    /// Reader and writer. What was taken from the reader and not yet written is lost.
    pub fn into_inner(self) -> (R, W) {
        (self.reader, self.writer)
    }
}

impl<R, W> Copy<R, W>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    fn poll_copy(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        if self.state == State::Copying {
            ready!(self.transfer.poll(cx, &mut self.reader, &mut self.writer))?;
            self.state = State::Flushing;
        }
        ready!(self.transfer.poll_flush(cx, &mut self.writer))?;
        Poll::Ready(Ok(self.transfer.copied()))
    }
}

/// # Panics
///
/// When it is polled after it was ready.
impl<R, W> Future for Copy<R, W>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    type Output = io::Result<u64>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        assert!(this.state != State::Ended, "a copy was polled after it was ready");
        let mut result = this.poll_copy(cx);
        if result.is_pending() {
            let active = this.transfer.take_active();
            result = this.idle.poll(cx, active, this.idle_timeout).map(Err);
        }
        if result.is_ready() {
            this.state = State::Ended;
        }
        result
    }
}

impl<R, W> fmt::Debug for Copy<R, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Copy").field("copied", &self.copied()).finish_non_exhaustive()
    }
}
