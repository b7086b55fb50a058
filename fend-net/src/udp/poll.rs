//! The operations of [`UdpSocket`] as poll functions, for hand-written futures.
//!
//! A call that says `Pending` leaves its waker. Of each direction up to 32 different ones are kept; one more wakes the oldest
//! and forgets it, so that its task polls again and nobody is lost.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use fend_reactor::io::Direction;
use socket2::{SockAddr, Socket};

use super::message::{of_send, recv_msg, send_msg};
use super::operation;
use super::{RecvMeta, SendMeta, UdpSocket};
use crate::flags::MsgFlags;
use crate::ready::poll_ready;
use crate::socket;

/// The operations, polled: for hand-written futures.
impl UdpSocket {
    pub(crate) fn poll_run<R>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        mut call: impl FnMut(&Socket) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.registered().poll_with(cx, direction, |socket| self.attempt(socket, &mut call))
    }

    /// [`send`](Self::send), polled.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn poll_send(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = self.poll_run(cx, Direction::Write, |s| socket::send(s, buf));
        result.map_err(|error| of_send(self.socket(), None, error))
    }

    /// [`recv`](Self::recv), polled.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_run(cx, Direction::Read, |s| operation::recv(s, buf))
    }

    /// [`peek`](Self::peek), polled.
    ///
    /// # Errors
    ///
    /// As [`peek`](Self::peek).
    pub fn poll_peek(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_run(cx, Direction::Read, |s| socket::peek(s, buf))
    }

    /// [`send_to`](Self::send_to), polled.
    ///
    /// # Errors
    ///
    /// As [`send_to`](Self::send_to).
    pub fn poll_send_to(&self, cx: &mut Context<'_>, buf: &[u8], to: SocketAddr) -> Poll<io::Result<usize>> {
        let address = SockAddr::from(to);
        let result = self.poll_run(cx, Direction::Write, |s| operation::send_to(s, buf, &address));
        result.map_err(|error| of_send(self.socket(), Some(to), error))
    }

    /// [`recv_from`](Self::recv_from), polled.
    ///
    /// # Errors
    ///
    /// As [`recv_from`](Self::recv_from).
    pub fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        self.poll_run(cx, Direction::Read, |s| operation::recv_from(s, buf))
    }

    /// [`peek_from`](Self::peek_from), polled.
    ///
    /// # Errors
    ///
    /// As [`peek_from`](Self::peek_from).
    pub fn poll_peek_from(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        self.poll_run(cx, Direction::Read, |s| operation::peek_from(s, buf))
    }

    /// [`peek_sender`](Self::peek_sender), polled.
    ///
    /// # Errors
    ///
    /// As [`peek_sender`](Self::peek_sender).
    pub fn poll_peek_sender(&self, cx: &mut Context<'_>) -> Poll<io::Result<SocketAddr>> {
        self.poll_run(cx, Direction::Read, operation::peek_sender)
    }

    /// [`recv_msg`](Self::recv_msg), polled.
    ///
    /// # Errors
    ///
    /// As [`recv_msg`](Self::recv_msg).
    pub fn poll_recv_msg(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<RecvMeta>> {
        self.poll_run(cx, Direction::Read, |s| recv_msg(s, buf, MsgFlags::NONE))
    }

    /// [`send_msg`](Self::send_msg), polled.
    ///
    /// # Errors
    ///
    /// As [`send_msg`](Self::send_msg).
    pub fn poll_send_msg(
        &self,
        cx: &mut Context<'_>,
        buf: &[u8],
        meta: &SendMeta,
    ) -> Poll<io::Result<usize>> {
        let result = self.poll_run(cx, Direction::Write, |s| send_msg(s, buf, meta));
        result.map_err(|error| of_send(self.socket(), meta.destination(), error))
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
}
