//! The operations of [`TcpStream`] as poll functions, for hand-written futures and other I/O traits.
//!
//! A call that says `Pending` leaves its waker. Of each direction up to 32 different ones are kept; one more wakes the oldest
//! and forgets it, so that its task polls again and nobody is lost. For more than that, the async functions keep one waker
//! for each future.

use std::io::{self, IoSlice, IoSliceMut};
use std::task::{Context, Poll};

use fend_reactor::io::Direction;

use super::TcpStream;
use crate::ready::poll_ready;
use crate::socket::{self, asked, asked_of};

impl TcpStream {
    /// [`recv`](Self::recv), polled.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let asked = asked(buf.len());
        self.registered().poll_bytes_with(cx, Direction::Read, asked, |s| socket::recv(s, buf))
    }

    /// [`peek`](Self::peek), polled.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub fn poll_peek(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.registered().poll_with(cx, Direction::Read, |s| socket::peek(s, buf))
    }

    /// [`recv_vectored`](Self::recv_vectored), polled.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub fn poll_recv_vectored(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let asked = asked_of(bufs.iter().map(|buf| buf.len()));
        if asked == 0 {
            return Poll::Ready(Ok(0));
        }
        self.registered().poll_bytes_with(cx, Direction::Read, asked, |s| socket::recv_vectored(s, bufs))
    }

    /// [`send`](Self::send), polled.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn poll_send(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let asked = asked(buf.len());
        self.registered().poll_bytes_with(cx, Direction::Write, asked, |s| socket::send(s, buf))
    }

    /// [`send_vectored`](Self::send_vectored), polled.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn poll_send_vectored(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let asked = asked_of(bufs.iter().map(|buf| buf.len()));
        if asked == 0 {
            return Poll::Ready(Ok(0));
        }
        self.registered().poll_bytes_with(cx, Direction::Write, asked, |s| socket::send_vectored(s, bufs))
    }

    /// [`readable`](Self::readable), polled.
    ///
    /// # Errors
    ///
    /// As [`readable`](Self::readable).
    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        poll_ready(self.registered(), cx, Direction::Read)
    }

    /// [`writable`](Self::writable), polled.
    ///
    /// # Errors
    ///
    /// As [`readable`](Self::readable).
    pub fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        poll_ready(self.registered(), cx, Direction::Write)
    }

    /// [`peer_closed`](Self::peer_closed), polled.
    ///
    /// # Errors
    ///
    /// As [`readable`](Self::readable).
    pub fn poll_peer_closed(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        poll_ready(self.registered(), cx, Direction::PeerClosed)
    }
}
