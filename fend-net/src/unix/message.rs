//! Bytes with something beside them: control messages, above all descriptors that are handed over.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use fend_reactor::io::{taken_of, taken_of_mut};
use socket2::{SockAddr, Socket};

use super::addr::{of_peer, unnamed};
use super::{SocketAddr, record};
use crate::control::{ControlBuffer, ControlMessage, MAX_DESCRIPTORS, ReceivedControl, space};
use crate::flags::MsgFlags;
use crate::socket::unfit;
use crate::sys;

/// What a `recv_msg` tells besides the bytes and the control messages.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct UnixMessage {
    /// How many bytes were received. Of a datagram or record with [`MsgFlags::TRUNC`] asked for: how many were sent.
    pub len: usize,
    /// What the kernel says of them.
    pub flags: MsgFlags,
    /// The sender's address: of a datagram, when the sender has one; else unnamed.
    pub source: SocketAddr,
}

impl UnixMessage {
    /// From nobody.
    pub(super) fn empty() -> UnixMessage {
        UnixMessage { len: 0, flags: MsgFlags::NONE, source: unnamed() }
    }

    /// Whether the datagram or record was longer than the buffers, and the rest of it is lost.
    pub fn is_truncated(&self) -> bool {
        self.flags.contains(MsgFlags::TRUNC)
    }

    /// Whether control messages, or descriptors in them, found no room (in the buffer for them, or in this process's limit of open files)
    /// and are lost. Descriptors are closed then.
    pub fn is_control_truncated(&self) -> bool {
        self.flags.contains(MsgFlags::CTRUNC)
    }
}

/// recvmsg(2).
pub(super) fn recv(
    socket: &Socket,
    bufs: &mut [IoSliceMut<'_>],
    control: &mut ReceivedControl,
    flags: MsgFlags,
) -> io::Result<UnixMessage> {
    let received = sys::message::recvmsg(socket.as_fd(), bufs, control, flags)?;
    Ok(UnixMessage { len: received.len, flags: received.flags, source: of_peer(&received.source) })
}

/// [`recv`] on a stream, of which the call takes as many buffers as it can.
pub(super) fn recv_on_stream(
    socket: &Socket,
    bufs: &mut [IoSliceMut<'_>],
    control: &mut ReceivedControl,
    flags: MsgFlags,
) -> io::Result<UnixMessage> {
    recv(socket, taken_of_mut(bufs), control, flags)
}

/// [`send`] of a datagram or record, to where the socket is connected to.
pub(super) fn send_record(
    socket: &Socket,
    bufs: &[IoSlice<'_>],
    control: &ControlBuffer<'_>,
    flags: MsgFlags,
) -> io::Result<usize> {
    send(socket, bufs, None, control, flags)
}

/// [`send`] on a stream, of which the call takes as many buffers as it can. Without a byte the kernel would drop the control messages,
/// and say nothing.
pub(super) fn send_on_stream(
    socket: &Socket,
    bufs: &[IoSlice<'_>],
    control: &ControlBuffer<'_>,
    flags: MsgFlags,
) -> io::Result<usize> {
    let bufs = taken_of(bufs);
    if bufs.is_empty() && !control.is_empty() {
        return Err(needs_a_byte("send msg: on a stream control messages go"));
    }
    send(socket, bufs, None, control, flags)
}

fn needs_a_byte(what: &str) -> io::Error {
    unfit(format!("{what} with at least one byte, and there is none"))
}

/// sendmsg(2).
pub(super) fn send(
    socket: &Socket,
    bufs: &[IoSlice<'_>],
    to: Option<&SockAddr>,
    control: &ControlBuffer<'_>,
    flags: MsgFlags,
) -> io::Result<usize> {
    sys::message::sendmsg(socket.as_fd(), bufs, to, control, flags)
}

/// The control message that hands `fds` over, with a datagram or record, which may be empty.
pub(super) fn handing_over<'fd, F: AsFd>(_buf: &[u8], fds: &'fd [F]) -> io::Result<ControlBuffer<'fd>> {
    let mut control = ControlBuffer::new();
    control.push_descriptors(&fds.iter().map(AsFd::as_fd).collect::<Vec<BorrowedFd<'fd>>>())?;
    Ok(control)
}

/// [`handing_over`] on a stream: there descriptors go with a byte, and the kernel would drop them without one.
pub(super) fn handing_over_on_stream<'fd, F: AsFd>(
    buf: &[u8],
    fds: &'fd [F],
) -> io::Result<ControlBuffer<'fd>> {
    if buf.is_empty() && !fds.is_empty() {
        return Err(needs_a_byte("send with fds: on a stream descriptors go"));
    }
    handing_over(buf, fds)
}

/// Room for up to `max_fds` descriptors (no more than a message can have), and for what else may come first: credentials, the sender's pidfd, a time
/// stamp.
pub(super) fn room_for(max_fds: usize) -> ReceivedControl {
    let fds = space(max_fds.min(MAX_DESCRIPTORS) * size_of::<libc::c_int>());
    let others = space(12) + space(4) + space(16);
    ReceivedControl::with_capacity(fds + others)
}

/// The descriptors that have come, of which `max_fds` were expected at most.
pub(super) fn taken_over(
    message: &UnixMessage,
    room: usize,
    control: &mut ReceivedControl,
    max_fds: usize,
) -> io::Result<Vec<OwnedFd>> {
    record::must_fit(message.len, room)?;
    let mut fds = Vec::new();
    for message in control.messages() {
        if let ControlMessage::Descriptors(more) = message {
            fds.extend(more);
        }
    }
    if message.is_control_truncated() || fds.len() > max_fds {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!(
                "recv with fds: the peer has sent more descriptors than the {max_fds} expected, or this process may not have so \
                 many open (RLIMIT_NOFILE); they are closed"
            ),
        ));
    }
    Ok(fds)
}
