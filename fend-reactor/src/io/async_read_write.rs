//! `futures_io`'s traits for [`AsyncFd`], through `&mut` where `T` reads and writes, and through `&` where `&T` does.
//!
//! The type of the fd is unknown here, so only `WouldBlock` is taken to mean that nothing is left: a datagram, or a line from a
//! terminal, is always shorter than the buffer.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use super::AsyncFd;
use super::attempt::{Never, attempt, poll_attempts, unless_would_block};
use crate::dispatcher::Direction;
use crate::driver::Source;

impl<T: AsFd + Read + Unpin> AsyncRead for AsyncFd<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let AsyncFd { source, io } = self.get_mut();
        poll_attempts(source, io, cx, Direction::Read, Never, |io| io.read(buf))
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let AsyncFd { source, io } = self.get_mut();
        poll_attempts(source, io, cx, Direction::Read, Never, |io| io.read_vectored(bufs))
    }
}

impl<T: AsFd> AsyncRead for &AsyncFd<T>
where
    for<'a> &'a T: Read,
{
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let AsyncFd { source, io } = *self;
        poll_attempts(source, &mut { io }, cx, Direction::Read, Never, |io| io.read(buf))
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let AsyncFd { source, io } = *self;
        poll_attempts(source, &mut { io }, cx, Direction::Read, Never, |io| io.read_vectored(bufs))
    }
}

/// `poll_close` flushes and no more: what closing one direction means depends on the fd, and sockets of `fend-net` know.
impl<T: AsFd + Write + Unpin> AsyncWrite for AsyncFd<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let AsyncFd { source, io } = self.get_mut();
        poll_attempts(source, io, cx, Direction::Write, Never, |io| io.write(buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let AsyncFd { source, io } = self.get_mut();
        poll_attempts(source, io, cx, Direction::Write, Never, |io| io.write_vectored(bufs))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let AsyncFd { source, io } = self.get_mut();
        poll_flushed(source, io, cx, |io| io.flush())
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

/// `poll_close` flushes and no more: what closing one direction means depends on the fd, and sockets of `fend-net` know.
impl<T: AsFd> AsyncWrite for &AsyncFd<T>
where
    for<'a> &'a T: Write,
{
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let AsyncFd { source, io } = *self;
        poll_attempts(source, &mut { io }, cx, Direction::Write, Never, |io| io.write(buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let AsyncFd { source, io } = *self;
        poll_attempts(source, &mut { io }, cx, Direction::Write, Never, |io| io.write_vectored(bufs))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let AsyncFd { source, io } = *self;
        poll_flushed(source, &mut { io }, cx, |io| io.flush())
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

/// A plain fd has nothing to flush, and must not wait for room to find that out (its buffer may be full): the first try
/// does not ask for readiness.
fn poll_flushed<I: AsFd>(
    source: &Source,
    io: &mut I,
    cx: &mut Context<'_>,
    mut flush: impl FnMut(&mut I) -> io::Result<()>,
) -> Poll<io::Result<()>> {
    let seen = source.seen();
    let first = attempt(source, seen, Direction::Write, &Never, || flush(io));
    match unless_would_block(first) {
        Some(result) => Poll::Ready(result),
        None => poll_attempts(source, io, cx, Direction::Write, Never, flush),
    }
}
