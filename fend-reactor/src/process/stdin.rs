//! [`ChildStdin`]: our end of a child's standard input.

use std::io::{self, IoSlice};
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll};

use futures_io::AsyncWrite;

use super::pipe_end::{self, PipeEnd, adopt, into_blocking};
use crate::dispatcher::{Direction, Readiness};

/// The writing end of a child's standard input. The child comes to the end of its input when this is dropped, or closed by
/// [`AsyncWrite`].
///
/// When the child has closed its end, a send is an error. `SIGPIPE` is never raised.
///
/// There is no `AsFd`, since one that was closed has none; `OwnedFd` can be had by `try_from`.
#[derive(Debug)]
pub struct ChildStdin {
    /// `None` once it was closed.
    pipe: Option<PipeEnd>,
}

impl ChildStdin {
    /// Sends some bytes of `buf`, as many as there is room for, and waits when there is none. Says how many.
    ///
    /// # Errors
    ///
    /// What write(2) says; [`BrokenPipe`](io::ErrorKind::BrokenPipe) when nobody reads, or when this was closed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: when the future is dropped before it is ready, nothing was sent.
    pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.pipe()?.write_with(|pipe| pipe_end::send(pipe, buf)).await
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
                count => buf = &buf[count..],
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
        if bufs.iter().all(|buf| buf.is_empty()) {
            return Ok(0);
        }
        self.pipe()?.write_with(|pipe| pipe_end::send_vectored(pipe, bufs)).await
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
        self.pipe()?.try_write_with(|pipe| pipe_end::send(pipe, buf))
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
        self.pipe()?.poll_with(cx, Direction::Write, |pipe| pipe_end::send(pipe, buf))
    }

    /// [`send_vectored`](Self::send_vectored), polled. Of the wakers that are left, 32 different ones are kept.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn poll_send_vectored(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if bufs.iter().all(|buf| buf.is_empty()) {
            return Poll::Ready(Ok(0));
        }
        self.pipe()?.poll_with(cx, Direction::Write, |pipe| pipe_end::send_vectored(pipe, bufs))
    }

    /// Waits until nobody can read what is sent, without sending anything: the child has closed its input, or has ended.
    ///
    /// # Errors
    ///
    /// When the pipe cannot be registered, the runtime was shut down, or this was closed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it takes nothing.
    pub async fn peer_closed(&self) -> io::Result<()> {
        self.pipe()?.peer_closed().await
    }

    /// std's type for the same end, which blocks.
    ///
    /// # Errors
    ///
    /// `BrokenPipe` when this was closed.
    pub fn into_std(self) -> io::Result<std::process::ChildStdin> {
        into_blocking(self.into_pipe()?).map(Into::into)
    }

    fn pipe(&self) -> io::Result<&PipeEnd> {
        self.pipe.as_ref().ok_or_else(closed)
    }

    fn into_pipe(self) -> io::Result<PipeEnd> {
        self.pipe.ok_or_else(closed)
    }
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the child's standard input was closed here")
}

/// `poll_close` closes the pipe, so that the child comes to the end of its input. Nothing is buffered: a flush has nothing to do.
impl AsyncWrite for ChildStdin {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_send(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_send_vectored(cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        drop(self.pipe.take());
        Poll::Ready(Ok(()))
    }
}

/// Makes the pipe non-blocking. The child's end stays as it is.
impl TryFrom<std::process::ChildStdin> for ChildStdin {
    type Error = io::Error;

    fn try_from(stdin: std::process::ChildStdin) -> io::Result<Self> {
        ChildStdin::try_from(OwnedFd::from(stdin))
    }
}

/// Makes the fd non-blocking. Regular files are refused, since they cannot be waited for.
impl TryFrom<OwnedFd> for ChildStdin {
    type Error = io::Error;

    fn try_from(fd: OwnedFd) -> io::Result<Self> {
        Ok(ChildStdin { pipe: Some(adopt(fd, Readiness::WRITABLE)?) })
    }
}

/// The fd stays non-blocking. Fails when this was closed.
impl TryFrom<ChildStdin> for OwnedFd {
    type Error = io::Error;

    fn try_from(stdin: ChildStdin) -> io::Result<Self> {
        Ok(stdin.into_pipe()?.into_inner().into())
    }
}

/// Blocking again, for another child to write to. Fails when this was closed.
impl TryFrom<ChildStdin> for Stdio {
    type Error = io::Error;

    fn try_from(stdin: ChildStdin) -> io::Result<Self> {
        into_blocking(stdin.into_pipe()?).map(Into::into)
    }
}
