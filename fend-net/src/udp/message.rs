//! Datagrams with what is known of them: recvmsg(2) and sendmsg(2).

use std::cell::RefCell;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddr;

use fend_reactor::io::Direction;
use socket2::{SockAddr, Socket};

use super::meta::CONTROL_ROOM;
use super::operation;
use super::{RecvMeta, SendMeta, UdpSocket};
use crate::control::{ControlBuffer, ReceivedControl};
use crate::error::{Place, SocketError};
use crate::flags::MsgFlags;

thread_local! {
    /// Room for the control messages of one call, which nobody sees from outside of it.
    static ROOM: RefCell<(ReceivedControl, ControlBuffer<'static>)> =
        RefCell::new((ReceivedControl::with_capacity(CONTROL_ROOM), ControlBuffer::new()));
}

/// Runs `call` with this thread's room, or with new room when a destructor asks that comes after the room's own.
pub(super) fn with_room<R>(call: impl FnOnce(&mut ReceivedControl, &mut ControlBuffer<'static>) -> R) -> R {
    let mut call = Some(call);
    let result = ROOM.try_with(|room| {
        let (received, sent) = &mut *room.try_borrow_mut().ok()?;
        sent.clear();
        call.take().map(|call| call(received, sent))
    });
    match (result, call) {
        (Ok(Some(result)), _) => result,
        (_, Some(call)) => call(&mut ReceivedControl::with_capacity(CONTROL_ROOM), &mut ControlBuffer::new()),
        (_, None) => unreachable!("called, and without a result"),
    }
}

pub(super) fn recv_msg(socket: &Socket, buf: &mut [u8], flags: MsgFlags) -> io::Result<RecvMeta> {
    with_room(|room, _| recv_msg_with(socket, &mut [IoSliceMut::new(buf)], flags, room))
}

pub(super) fn recv_msg_with(
    socket: &Socket,
    bufs: &mut [IoSliceMut<'_>],
    flags: MsgFlags,
    control: &mut ReceivedControl,
) -> io::Result<RecvMeta> {
    let room = bufs.iter().fold(0, |sum: usize, buf| sum.saturating_add(buf.len()));
    let received = operation::recv_msg(socket, bufs, flags | MsgFlags::TRUNC, control)?;
    RecvMeta::of(received.len, room, received.flags, &received.source, control)
}

pub(super) fn send_msg(socket: &Socket, buf: &[u8], meta: &SendMeta) -> io::Result<usize> {
    with_room(|_, control| {
        meta.put(control);
        let to = meta.destination().map(SockAddr::from);
        operation::send_msg(socket, &[IoSlice::new(buf)], to.as_ref(), MsgFlags::NONE, control)
    })
}

/// Names the destination, or else the peer. That it would block is no failure, and costs no memory.
pub(super) fn of_send(socket: &Socket, to: Option<SocketAddr>, error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::WouldBlock {
        return error;
    }
    let peer = || socket.peer_addr().ok()?.as_socket();
    match to.or_else(peer) {
        Some(to) => SocketError::wrap("send to", to, error),
        None => SocketError::wrap("send", Place::Unknown, error),
    }
}

/// Datagrams with what is known of them.
impl UdpSocket {
    /// Receives a datagram with all that was asked to be told of it: see [`RecvMeta`]. A datagram that does not fit is cut, and
    /// [`RecvMeta::is_truncated`] tells.
    ///
    /// # Errors
    ///
    /// What recvmsg(2) says, as [`recv_from`](Self::recv_from).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a datagram is either returned or still in the socket.
    ///
    /// # Examples
    ///
    /// ```
    /// use fend::net::UdpSocket;
    ///
    /// # fend::block_on(async {
    /// # let peer = UdpSocket::bind("127.0.0.1:0").await?;
    /// let socket = UdpSocket::bind("0.0.0.0:0").await?;
    /// socket.set_recv_packet_info(true)?;
    /// # peer.send_to(b"hello", ("127.0.0.3", socket.local_addr()?.port())).await?;
    /// let mut buf = [0; 1500];
    /// let meta = socket.recv_msg(&mut buf).await?;
    /// println!("{} bytes from {} to {:?}", meta.len, meta.source, meta.local);
    /// # assert_eq!(meta.local, Some([127, 0, 0, 3].into()));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn recv_msg(&self, buf: &mut [u8]) -> io::Result<RecvMeta> {
        self.run(Direction::Read, |s| recv_msg(s, buf, MsgFlags::NONE)).await
    }

    /// [`recv_msg`](Self::recv_msg) without waiting.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is none, else as [`recv_msg`](Self::recv_msg).
    pub fn try_recv_msg(&self, buf: &mut [u8]) -> io::Result<RecvMeta> {
        self.run_now(Direction::Read, |s| recv_msg(s, buf, MsgFlags::NONE))
    }

    /// Receives a datagram into several buffers, one after the other, with flags, and with its control messages as they are. Of the
    /// flags, [`MsgFlags::TRUNC`] is always set; the error queue has [`recv_error`](Self::recv_error).
    ///
    /// # Errors
    ///
    /// As [`recv_msg`](Self::recv_msg). `EMSGSIZE` for more than 1024 buffers.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a datagram is either returned or still in the socket.
    pub async fn recv_msg_with(
        &self,
        bufs: &mut [IoSliceMut<'_>],
        flags: MsgFlags,
        control: &mut ReceivedControl,
    ) -> io::Result<RecvMeta> {
        let flags = flags.difference(MsgFlags::ERRQUEUE);
        self.run(Direction::Read, |s| recv_msg_with(s, bufs, flags, control)).await
    }

    /// Sends a datagram as `meta` wants it. How many bytes it had.
    ///
    /// # Errors
    ///
    /// What sendmsg(2) says, as [`send_to`](Self::send_to); [`InvalidInput`](io::ErrorKind::InvalidInput) for what the kernel cannot do: a
    /// source that is no address of this host, a TTL of 0.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: when the future is dropped before it is ready, nothing was sent.
    pub async fn send_msg(&self, buf: &[u8], meta: &SendMeta) -> io::Result<usize> {
        let result = self.run(Direction::Write, |s| send_msg(s, buf, meta)).await;
        result.map_err(|error| of_send(self.socket(), meta.destination(), error))
    }

    /// [`send_msg`](Self::send_msg) without waiting.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is no room, else as [`send_msg`](Self::send_msg).
    pub fn try_send_msg(&self, buf: &[u8], meta: &SendMeta) -> io::Result<usize> {
        self.run_now(Direction::Write, |s| send_msg(s, buf, meta))
            .map_err(|error| of_send(self.socket(), meta.destination(), error))
    }

    /// Sends a datagram of several buffers, one after the other, with flags and with any control messages. Without `to` it goes to the peer of a
    /// connected socket.
    ///
    /// # Errors
    ///
    /// As [`send_msg`](Self::send_msg). `EMSGSIZE` for more than 1024 buffers.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: when the future is dropped before it is ready, nothing was sent.
    pub async fn send_msg_with(
        &self,
        bufs: &[IoSlice<'_>],
        to: Option<SocketAddr>,
        flags: MsgFlags,
        control: &ControlBuffer<'_>,
    ) -> io::Result<usize> {
        let address = to.map(SockAddr::from);
        let send = |s: &Socket| operation::send_msg(s, bufs, address.as_ref(), flags, control);
        self.run(Direction::Write, send).await.map_err(|error| of_send(self.socket(), to, error))
    }
}
