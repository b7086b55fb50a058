//! What makes the bytes of each echo its own: eight bytes at its begin and eight at its end, checked when it comes back.

/// Bytes of one end.
const END: usize = 8;

/// A number that no two requests under way at once have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp(u64);

impl Stamp {
    /// The first one of this connection, far from those of the others.
    pub(super) fn first_of(connection: u64) -> Stamp {
        Stamp(connection.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    pub(super) fn next(self) -> Stamp {
        Stamp(self.0.wrapping_add(1))
    }

    /// The one that many requests ago.
    pub(super) fn earlier(self, requests: u64) -> Stamp {
        Stamp(self.0.wrapping_sub(requests))
    }

    /// Marks both ends of a message. In a short one the end goes before the begin, so that the lowest bits are always there.
    pub(super) fn write(self, message: &mut [u8]) {
        let (begin, end) = (self.0.to_le_bytes(), self.0.to_be_bytes());
        let length = message.len().min(END);
        message[..length].copy_from_slice(&begin[..length]);
        let at = message.len() - length;
        message[at..].copy_from_slice(&end[END - length..]);
    }

    /// Whether `piece` is what such a message of `size` bytes has from `offset` on, as far as its marks tell.
    pub(super) fn is_in(self, piece: &[u8], offset: usize, size: usize) -> bool {
        let (begin, end) = (self.0.to_le_bytes(), self.0.to_be_bytes());
        if piece.len() == size && size >= 2 * END {
            return piece[..END] == begin && piece[size - END..] == end;
        }
        // A piece, or a message whose marks overlap.
        piece.iter().zip(offset..).all(|(byte, at)| match (at + END).checked_sub(size) {
            Some(in_end) if in_end < END => *byte == end[in_end],
            _ if at < END => *byte == begin[at],
            _ => true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [usize; 11] = [1, 2, 7, 8, 9, 12, 15, 16, 17, 64, 1_000];

    fn message(stamp: Stamp, size: usize) -> Vec<u8> {
        let mut message = vec![b'.'; size];
        stamp.write(&mut message);
        message
    }

    #[test]
    fn a_message_has_its_stamp_whole_and_in_pieces() {
        let stamp = Stamp::first_of(77).next();
        for size in SIZES {
            let message = message(stamp, size);
            assert!(stamp.is_in(&message, 0, size), "{size} bytes");
            for cut in 0..=size {
                let (left, right) = message.split_at(cut);
                assert!(stamp.is_in(left, 0, size), "{cut} of {size} bytes");
                assert!(stamp.is_in(right, cut, size), "{size} bytes from {cut} on");
            }
        }
    }

    #[test]
    fn a_message_has_no_other_stamp() {
        let stamp = Stamp::first_of(77);
        for size in SIZES {
            let message = message(stamp, size);
            assert!(!stamp.next().is_in(&message, 0, size), "{size} bytes");
            assert_eq!(stamp.next().earlier(1), stamp);
            let (left, right) = message.split_at(size - 1);
            let other = Stamp::first_of(78);
            assert!(!other.is_in(left, 0, size) || !other.is_in(right, size - 1, size), "{size} bytes");
        }
    }

    #[test]
    fn every_changed_byte_of_both_ends_shows() {
        let stamp = Stamp::first_of(3);
        for size in SIZES {
            let mut message = message(stamp, size);
            for at in (0..size).filter(|at| *at < END || *at + END >= size) {
                message[at] ^= 1;
                assert!(!stamp.is_in(&message, 0, size), "byte {at} of {size}");
                message[at] ^= 1;
            }
        }
    }
}
