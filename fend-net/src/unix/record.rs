//! [`Record`]: what a receive tells of a datagram or record.

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
