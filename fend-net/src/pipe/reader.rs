//! [`PipeReader`]: the reading end.

use std::fmt;
use std::fs::File;
use std::io::{self, IoSliceMut};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::task::{Context, Poll};

use fend_reactor::io::{AsyncFd, Direction, Interest, Readiness};

use super::end::{self, RegisteredPipe};
use crate::ready::{other_end_gone, poll_ready, ready, ready_any_of_pipe};
use crate::stream::early_end;

/// The reading end of a pipe or FIFO.
///
/// Everything takes `&self`. Cloning is cheap: all clones share one fd, which is closed when the last one is dropped. Several
/// tasks may receive at once, and each byte then goes to one of them. `PipeReader` and `&PipeReader` implement
/// [`futures_io::AsyncRead`].
///
/// The pipe is at its end once it is empty and no writer is left. A FIFO that no writer has opened yet is not at its end:
/// the first receive waits for one.
#[derive(Clone)]
pub struct PipeReader {
    fd: RegisteredPipe,
}

impl PipeReader {
    /// For a non-blocking end with perhaps something in it.
    pub(super) fn of(pipe: File) -> PipeReader {
        PipeReader { fd: Arc::new(AsyncFd::with_assumed(pipe, Readiness::READABLE)) }
    }

    /// Receives what is there, up to the size of `buf`, and waits when there is nothing. `Ok(0)` is the end: no writer is
    /// left (or `buf` is empty).
    ///
    /// # Errors
    ///
    /// What read(2) says, and when the runtime was shut down.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: bytes are either returned or still in the pipe.
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        // A short count proves nothing: a writer may have made the pipe one of packets (`O_DIRECT`).
        self.fd.with(Direction::Read, |pipe| end::recv(pipe, buf)).await
    }

    /// Receives until `buf` is full.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv), and [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) when the pipe ends before.
    ///
    /// # Cancel safety
    ///
    /// **Not** cancel safe: the bytes received so far are in `buf`, and how many they are is lost.
    pub async fn recv_exact(&self, buf: &mut [u8]) -> io::Result<()> {
        let mut filled = 0;
        while filled < buf.len() {
            match self.recv(&mut buf[filled..]).await? {
                0 => return Err(early_end(filled, buf.len())),
                n => filled += n,
            }
        }
        Ok(())
    }

    /// Receives into several buffers, filled one after the other. At most 1024 of them are used.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: bytes are either returned or still in the pipe.
    pub async fn recv_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        if is_empty(bufs) {
            return Ok(0);
        }
        self.fd.with(Direction::Read, |pipe| end::recv_vectored(pipe, bufs)).await
    }

    /// Receives what is there without waiting.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is nothing, else as [`recv`](Self::recv).
    pub fn try_recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.fd.try_with(Direction::Read, |pipe| end::recv(pipe, buf))
    }

    /// Receives what is there into several buffers without waiting. At most 1024 of them are used.
    ///
    /// # Errors
    ///
    /// As [`try_recv`](Self::try_recv).
    pub fn try_recv_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        if is_empty(bufs) {
            return Ok(0);
        }
        self.fd.try_with(Direction::Read, |pipe| end::recv_vectored(pipe, bufs))
    }

    /// [`recv`](Self::recv), polled. Of the wakers that are left, 32 different ones are kept.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.fd.poll_with(cx, Direction::Read, |pipe| end::recv(pipe, buf))
    }

    /// [`recv_vectored`](Self::recv_vectored), polled. Of the wakers that are left, 32 different ones are kept.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub fn poll_recv_vectored(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        if is_empty(bufs) {
            return Poll::Ready(Ok(0));
        }
        self.fd.poll_with(cx, Direction::Read, |pipe| end::recv_vectored(pipe, bufs))
    }

    /// Waits until a receive would not block: there is data, or the end. True when it is said, unless another task
    /// receives first.
    ///
    /// # Errors
    ///
    /// When the pipe cannot be registered, or the runtime was shut down.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it takes nothing.
    pub async fn readable(&self) -> io::Result<()> {
        ready(&self.fd, Direction::Read).await
    }

    /// Waits for any direction of `interest`; returns those that are ready. What it says is true when it is said, unless another
    /// task receives first. That no writer is left is [`READ_CLOSED`](Readiness::READ_CLOSED).
    ///
    /// # Errors
    ///
    /// As [`readable`](Self::readable).
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
    /// writer.send_all(b"data").await?;
    /// let ready = reader.ready(Interest::READABLE | Interest::PEER_CLOSED).await?;
    /// assert!(ready.contains(Readiness::READABLE));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn ready(&self, interest: Interest) -> io::Result<Readiness> {
        ready_any_of_pipe(&self.fd, interest).await
    }

    /// [`readable`](Self::readable), polled. Of the wakers that are left, 32 different ones are kept.
    ///
    /// # Errors
    ///
    /// As [`readable`](Self::readable).
    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        poll_ready(&self.fd, cx, Direction::Read)
    }

    /// Waits until no writer is left, without receiving what is still in the pipe.
    ///
    /// # Errors
    ///
    /// As [`readable`](Self::readable).
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

    pub(super) fn from_registered(fd: RegisteredPipe) -> PipeReader {
        PipeReader { fd }
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

impl fmt::Debug for PipeReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipeReader").field("fd", &self.pipe().as_raw_fd()).finish()
    }
}

fn is_empty(bufs: &[IoSliceMut<'_>]) -> bool {
    bufs.iter().all(|buf| buf.is_empty())
}
