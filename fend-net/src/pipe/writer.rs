//! [`PipeWriter`]: the writing end.

use std::fmt;
use std::fs::File;
use std::io::{self, IoSlice};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::task::{Context, Poll};

use fend_reactor::io::{AsyncFd, Direction, Interest, Readiness};

use super::end::{self, RegisteredPipe};
use crate::ready::{other_end_gone, poll_ready, ready, ready_any_of_pipe};

/// The writing end of a pipe or FIFO.
///
/// Everything takes `&self`. Cloning is cheap: all clones share one fd, and the reader comes to the end when the last one is
/// dropped. `PipeWriter` and `&PipeWriter` implement [`futures_io::AsyncWrite`]; their `close` closes nothing, for the
/// same reason.
///
/// With no reader left, a send is an error. `SIGPIPE` is never raised.
#[derive(Clone)]
pub struct PipeWriter {
    fd: RegisteredPipe,
}

impl PipeWriter {
    /// For a non-blocking end with perhaps some room.
    pub(super) fn of(pipe: File) -> PipeWriter {
        PipeWriter { fd: Arc::new(AsyncFd::with_assumed(pipe, Readiness::WRITABLE)) }
    }

    /// Sends some bytes of `buf`, as many as there is room for, and waits when there is none. Says how many.
    ///
    /// Up to `PIPE_BUF` bytes (4096) go all at once or not yet, and are not mixed with those of other writers.
    ///
    /// # Errors
    ///
    /// What write(2) says; [`BrokenPipe`](io::ErrorKind::BrokenPipe) when no reader is left. `SIGPIPE` is never raised.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: when the future is dropped before it is ready, nothing was sent.
    pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.fd.with(Direction::Write, |pipe| end::send(pipe, buf)).await
    }

    /// Sends all of `buf`.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); how much was sent before is then unknown.
    ///
    /// # Cancel safety
    ///
    /// **Not** cancel safe: when the future is dropped, any part of `buf` may have been sent.
    pub async fn send_all(&self, mut buf: &[u8]) -> io::Result<()> {
        while !buf.is_empty() {
            match self.send(buf).await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                n => buf = &buf[n..],
            }
        }
        Ok(())
    }

    /// Sends some bytes of several buffers, one after the other. At most 1024 of them are used.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: when the future is dropped before it is ready, nothing was sent.
    pub async fn send_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        if is_empty(bufs) {
            return Ok(0);
        }
        self.fd.with(Direction::Write, |pipe| end::send_vectored(pipe, bufs)).await
    }

    /// Sends what there is room for without waiting.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is no room, else as [`send`](Self::send).
    pub fn try_send(&self, buf: &[u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.fd.try_with(Direction::Write, |pipe| end::send(pipe, buf))
    }

    /// Sends what there is room for of several buffers without waiting. At most 1024 of them are used.
    ///
    /// # Errors
    ///
    /// As [`try_send`](Self::try_send).
    pub fn try_send_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        if is_empty(bufs) {
            return Ok(0);
        }
        self.fd.try_with(Direction::Write, |pipe| end::send_vectored(pipe, bufs))
    }

    /// [`send`](Self::send), polled. Of the wakers that are left, 32 different ones are kept.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn poll_send(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.fd.poll_with(cx, Direction::Write, |pipe| end::send(pipe, buf))
    }

    /// [`send_vectored`](Self::send_vectored), polled. Of the wakers that are left, 32 different ones are kept.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn poll_send_vectored(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if is_empty(bufs) {
            return Poll::Ready(Ok(0));
        }
        self.fd.poll_with(cx, Direction::Write, |pipe| end::send_vectored(pipe, bufs))
    }

    /// Waits until a send would not block: there is room for a page, or no reader is left.
    ///
    /// # Errors
    ///
    /// When the pipe cannot be registered, or the runtime was shut down.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it takes nothing.
    pub async fn writable(&self) -> io::Result<()> {
        ready(&self.fd, Direction::Write).await
    }

    /// Waits for any direction of `interest`; returns those that are ready. What it says is true when it is said, unless another
    /// task sends first. That no reader is left is [`ERROR`](Readiness::ERROR), as poll(2) has it.
    ///
    /// # Errors
    ///
    /// As [`writable`](Self::writable).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it takes nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use fend::io::{Interest, Readiness};
    ///
    /// # fend::block_on(async {
    /// let (reader, writer) = fend::net::pipe::pipe()?;
    /// drop(reader);
    /// let ready = writer.ready(Interest::PEER_CLOSED).await?;
    /// assert!(ready.contains(Readiness::ERROR));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn ready(&self, interest: Interest) -> io::Result<Readiness> {
        ready_any_of_pipe(&self.fd, interest).await
    }

    /// [`writable`](Self::writable), polled. Of the wakers that are left, 32 different ones are kept.
    ///
    /// # Errors
    ///
    /// As [`writable`](Self::writable).
    pub fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        poll_ready(&self.fd, cx, Direction::Write)
    }

    /// Waits until no reader is left, without sending anything. A task that works for the reader can so be stopped when the
    /// reader is gone.
    ///
    /// # Errors
    ///
    /// As [`writable`](Self::writable).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it takes nothing.
    pub async fn peer_closed(&self) -> io::Result<()> {
        other_end_gone(&self.fd).await
    }

    /// How many bytes the pipe holds at most.
    ///
    /// # Errors
    ///
    /// What fcntl(2) says of `F_GETPIPE_SZ`.
    pub fn capacity(&self) -> io::Result<usize> {
        end::capacity(self.pipe())
    }

    /// Makes the pipe hold `bytes` at least, and returns how many it holds now: a power of two of pages.
    ///
    /// # Errors
    ///
    /// What fcntl(2) says of `F_SETPIPE_SZ`: [`PermissionDenied`](io::ErrorKind::PermissionDenied) beyond
    /// `/proc/sys/fs/pipe-max-size` (1 MiB by default) or when the user's pipes take too much already,
    /// [`ResourceBusy`](io::ErrorKind::ResourceBusy) when more is in it than it would hold.
    pub fn set_capacity(&self, bytes: usize) -> io::Result<usize> {
        end::set_capacity(self.pipe(), bytes)
    }

    pub(super) fn from_registered(fd: RegisteredPipe) -> PipeWriter {
        PipeWriter { fd }
    }

    pub(super) fn into_registered(self) -> RegisteredPipe {
        self.fd
    }

    pub(crate) fn registered(&self) -> &RegisteredPipe {
        &self.fd
    }

    pub(super) fn pipe(&self) -> &File {
        self.fd.get_ref()
    }
}

impl fmt::Debug for PipeWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipeWriter").field("fd", &self.pipe().as_raw_fd()).finish()
    }
}

fn is_empty(bufs: &[IoSlice<'_>]) -> bool {
    bufs.iter().all(|buf| buf.is_empty())
}
