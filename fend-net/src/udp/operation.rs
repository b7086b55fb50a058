//! The system calls on a bare socket, to be tried and tried again.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::AsFd;

use socket2::{SockAddr, Socket};

use super::truncated::TruncatedError;
use crate::control::{ControlBuffer, ReceivedControl};
use crate::flags::MsgFlags;
use crate::socket::ip_address;
use crate::sys::message::{Received, recvmsg, sendmsg};
use crate::sys::{self, uninterrupted};

/// recv(2), which tells how long the datagram really is.
pub(super) fn recv(socket: &Socket, buf: &mut [u8]) -> io::Result<usize> {
    match sys::recv(socket.as_fd(), buf, libc::MSG_TRUNC)? {
        len if len > buf.len() => Err(TruncatedError::wrap(len, buf.len(), None)),
        len => Ok(len),
    }
}

/// recvfrom(2), which tells how long the datagram really is.
pub(super) fn recv_from(socket: &Socket, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
    let (len, source) = sys::message::recv_from(socket.as_fd(), buf, MsgFlags::TRUNC)?;
    let source = ip_address(&source)?;
    match len {
        len if len > buf.len() => Err(TruncatedError::wrap(len, buf.len(), Some(source))),
        len => Ok((len, source)),
    }
}

/// recvfrom(2) that leaves the datagram where it is.
pub(super) fn peek_from(socket: &Socket, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
    let (len, source) = sys::message::recv_from(socket.as_fd(), buf, MsgFlags::PEEK)?;
    Ok((len, ip_address(&source)?))
}

/// recvfrom(2) of no bytes, which leaves the datagram where it is.
pub(super) fn peek_sender(socket: &Socket) -> io::Result<SocketAddr> {
    peek_from(socket, &mut []).map(|(_, sender)| sender)
}

/// recvmsg(2).
pub(super) fn recv_msg(
    socket: &Socket,
    bufs: &mut [IoSliceMut<'_>],
    flags: MsgFlags,
    control: &mut ReceivedControl,
) -> io::Result<Received> {
    recvmsg(socket.as_fd(), bufs, control, flags)
}

/// sendto(2).
pub(super) fn send_to(socket: &Socket, buf: &[u8], to: &SockAddr) -> io::Result<usize> {
    uninterrupted(|| socket.send_to_with_flags(buf, to, libc::MSG_NOSIGNAL))
}

/// sendmsg(2).
pub(super) fn send_msg(
    socket: &Socket,
    bufs: &[IoSlice<'_>],
    to: Option<&SockAddr>,
    flags: MsgFlags,
    control: &ControlBuffer<'_>,
) -> io::Result<usize> {
    sendmsg(socket.as_fd(), bufs, to, control, flags)
}
