//! Many datagrams with one system call: recvmmsg(2) and sendmmsg(2).

use std::io;
use std::os::fd::AsFd;
use std::task::{Context, Poll, ready};

use fend_reactor::io::Direction;
use socket2::Socket;

use super::message::of_send;
use super::{RecvBatch, SendBatch, UdpSocket};
use crate::flags::MsgFlags;
use crate::sys::message::{recvmmsg, sendmmsg};

fn recv_once(socket: &Socket, batch: &mut RecvBatch) -> io::Result<usize> {
    let count = recvmmsg(socket.as_fd(), batch.room(), MsgFlags::TRUNC)?;
    batch.set_filled(count);
    Ok(count)
}

fn send_once(socket: &Socket, batch: &mut SendBatch) -> io::Result<usize> {
    let count = sendmmsg(socket.as_fd(), batch.outgoing(), MsgFlags::NONE)?;
    batch.sent(count);
    Ok(count)
}

/// Many datagrams with one system call.
impl UdpSocket {
    /// Receives all datagrams that are there, as many as `batch` has room for, with one recvmmsg(2), and waits when there is none. How many
    /// came. What was in `batch` is gone.
    ///
    /// # Errors
    ///
    /// As [`recv_from`](Self::recv_from), but a datagram that is cut is no error: [`Datagram::is_truncated`](super::Datagram::is_truncated).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: datagrams are either in `batch`, with the future ready, or still in the socket.
    pub async fn recv_many(&self, batch: &mut RecvBatch) -> io::Result<usize> {
        self.run(Direction::Read, |s| recv_once(s, batch)).await
    }

    /// [`recv_many`](Self::recv_many), polled.
    ///
    /// # Errors
    ///
    /// As [`recv_many`](Self::recv_many).
    pub fn poll_recv_many(&self, cx: &mut Context<'_>, batch: &mut RecvBatch) -> Poll<io::Result<usize>> {
        self.poll_run(cx, Direction::Read, |s| recv_once(s, batch))
    }

    /// [`recv_many`](Self::recv_many) without waiting.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is none, else as [`recv_many`](Self::recv_many).
    pub fn try_recv_many(&self, batch: &mut RecvBatch) -> io::Result<usize> {
        self.run_now(Direction::Read, |s| recv_once(s, batch))
    }

    /// Sends all datagrams of `batch`, up to [`RecvBatch::MAX`] with each sendmmsg(2), in order. How many that were.
    ///
    /// # Errors
    ///
    /// As [`send_to`](Self::send_to), of the datagram that is now the first in `batch`. Those before it were sent and taken out.
    /// Call again to try it again, or [`skip`](SendBatch::skip) it first.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what is still in `batch` was not sent, and all else was.
    pub async fn send_many(&self, batch: &mut SendBatch) -> io::Result<usize> {
        let count = batch.len();
        while !batch.is_empty() {
            let result = self.run(Direction::Write, |s| send_once(s, batch)).await;
            result.map_err(|error| of_send(self.socket(), batch.destination(), error))?;
        }
        Ok(count)
    }

    /// [`send_many`](Self::send_many), polled. `Pending` may mean that a part was sent and taken out. The result is how many the last call
    /// has sent.
    ///
    /// # Errors
    ///
    /// As [`send_many`](Self::send_many).
    pub fn poll_send_many(&self, cx: &mut Context<'_>, batch: &mut SendBatch) -> Poll<io::Result<usize>> {
        let count = batch.len();
        while !batch.is_empty() {
            let result = ready!(self.poll_run(cx, Direction::Write, |s| send_once(s, batch)));
            result.map_err(|error| of_send(self.socket(), batch.destination(), error))?;
        }
        Poll::Ready(Ok(count))
    }

    /// Sends as many datagrams of `batch` as one sendmmsg(2) takes without waiting: how many. They are taken out.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is no room for any, else as [`send_many`](Self::send_many).
    pub fn try_send_many(&self, batch: &mut SendBatch) -> io::Result<usize> {
        self.run_now(Direction::Write, |s| send_once(s, batch))
            .map_err(|error| of_send(self.socket(), batch.destination(), error))
    }
}
