//! Bytes of the stream below that came with what OpenSSL had asked for.
//!
//! OpenSSL asks for the five bytes of a record's header, and then for the rest of it. With one system call each, that is two for a record.
//! So what it asks for is read into its own buffer, and in the same call a little more into this one: of large records the next header,
//! which costs no copy worth the name; of small ones several whole records.
//!
//! What comes after a wait is read into this one, up to a whole record: one more copy, of bytes that lie in the nearest cache, costs less than
//! one more system call.
//!
//! (OpenSSL can read ahead itself, by whole buffers. It then moves what is left of a record to the front each time, and its buffer must be
//! larger than the cache nearest to the processor: both cost more than the system calls that they save.)

use std::cell::Cell;

/// The header of a record.
const HEADER: usize = 5;

/// Room for any record, or for several small ones: a message of some KiB comes with one call.
const ROOM: usize = 17 * 1024;

/// OpenSSL asking for this much is at a large record, and more of them will follow.
const LARGE: usize = 2048;

thread_local! {
    /// Lent to the sessions of this thread, one after the other, so that an idle one has none. Two, for TLS in TLS.
    static SPARES: [Cell<Vec<u8>>; 2] = const { [const { Cell::new(Vec::new()) }; 2] };
}

/// A buffer, which may have no room yet.
fn borrow() -> Vec<u8> {
    let spare = |spares: &[Cell<Vec<u8>>; 2]| spares.iter().map(Cell::take).find(|bytes| !bytes.is_empty());
    // A thread that is about to end has none any more.
    SPARES.try_with(spare).ok().flatten().unwrap_or_default()
}

fn lay_by(bytes: Vec<u8>) {
    let _ = SPARES.try_with(|[first, second]| {
        let other = first.replace(bytes);
        if !other.is_empty() {
            second.set(other);
        }
    });
}

/// Bytes that wait for OpenSSL.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    bytes: Vec<u8>,
    taken: usize,
    len: usize,
}

impl Ahead {
    /// Bytes that somebody else has read.
    pub(super) fn of(bytes: Vec<u8>) -> Ahead {
        Ahead { len: bytes.len(), bytes, taken: 0 }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.taken == self.len
    }

    /// Copies what is here.
    #[inline]
    pub(super) fn take(&mut self, buf: &mut [u8]) -> usize {
        let count = buf.len().min(self.len - self.taken);
        buf[..count].copy_from_slice(&self.bytes[self.taken..][..count]);
        self.taken += count;
        if self.is_empty() {
            self.give_back();
        }
        count
    }

    /// Where to read to, beside the `asked` bytes of OpenSSL. To be followed by [`filled`](Self::filled). Only when it is empty.
    #[inline]
    pub(super) fn room(&mut self, asked: usize) -> &mut [u8] {
        if self.bytes.len() < ROOM {
            self.bytes = borrow();
            self.bytes.resize(ROOM, 0);
        }
        let room = if asked < LARGE { ROOM } else { HEADER };
        &mut self.bytes[..room]
    }

    /// So many bytes were read into the room.
    #[inline]
    pub(super) fn filled(&mut self, len: usize) {
        (self.taken, self.len) = (0, len);
        if len == 0 {
            self.give_back();
        }
    }

    fn give_back(&mut self) {
        let bytes = std::mem::take(self).bytes;
        if bytes.len() == ROOM {
            lay_by(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ahead_is_taken_once_and_in_order() {
        let mut ahead = Ahead::of(b"abcde".to_vec());
        let mut buf = [0; 3];
        assert_eq!((ahead.take(&mut buf), &buf), (3, b"abc"));
        assert!(!ahead.is_empty());
        assert_eq!((ahead.take(&mut buf), &buf[..2]), (2, &b"de"[..]));
        assert!(ahead.is_empty() && ahead.take(&mut buf) == 0);
    }

    #[test]
    fn a_large_record_leaves_room_for_the_next_header_alone() {
        let mut ahead = Ahead::default();
        assert_eq!(ahead.room(16_401).len(), HEADER);
        ahead.filled(0);
        let room = ahead.room(HEADER);
        assert_eq!(room.len(), ROOM);
        room[..2].copy_from_slice(b"xy");
        ahead.filled(2);
        let mut buf = [0; 10];
        assert_eq!((ahead.take(&mut buf), &buf[..2]), (2, &b"xy"[..]));
        assert_eq!(ahead.bytes.capacity(), 0, "an empty one holds no buffer");
    }
}
