//! [`Record`]: what a receive tells of a datagram or record.

use std::io;
use std::os::fd::AsFd;

use socket2::Socket;

use crate::flags::MsgFlags;
use crate::sys;
use crate::udp::TruncatedError;

/// What was received of one datagram, or of one record of a [`UnixSeqpacket`](super::UnixSeqpacket).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Record {
    /// How many bytes of the buffer were filled.
    pub len: usize,
    /// How many bytes were sent. Those that found no room are lost.
    pub full_len: usize,
}

impl Record {
    /// Of a datagram of `full_len` bytes, and a buffer of `room`.
    pub(super) fn of(full_len: usize, room: usize) -> Record {
        Record { len: full_len.min(room), full_len }
    }

    /// Whether the buffer was too small, and the rest of the bytes is lost.
    pub fn is_truncated(&self) -> bool {
        self.len < self.full_len
    }
}

/// recv(2) of what must fit into `buf`, unless it is only peeked at.
pub(super) fn recv(socket: &Socket, buf: &mut [u8], flags: MsgFlags) -> io::Result<usize> {
    if flags.contains(MsgFlags::PEEK) {
        return sys::recv(socket.as_fd(), buf, flags.bits());
    }
    let len = recv_any(socket, buf)?;
    must_fit(len, buf.len()).map(|()| len)
}

/// recv(2): how long the record is, and `buf` may be shorter.
pub(super) fn recv_any(socket: &Socket, buf: &mut [u8]) -> io::Result<usize> {
    sys::recv(socket.as_fd(), buf, libc::MSG_TRUNC)
}

/// An error for a record of `len` bytes that was received into less.
pub(super) fn must_fit(len: usize, room: usize) -> io::Result<()> {
    if len > room { Err(TruncatedError::wrap(len, room, None)) } else { Ok(()) }
}
