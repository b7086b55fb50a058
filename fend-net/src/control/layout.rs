//! How control messages lie in a buffer: cmsg(3), as numbers.
//!
//! A message is a header (its length with the header, a level and a kind), the data, and padding up to the next word. The length
//! does not count the padding, and the last message may lack it.

use std::mem::size_of;
use std::ops::Range;

/// `CMSG_LEN(0)`: the header, which is a whole number of words.
pub(super) const HEADER: usize = size_of::<libc::cmsghdr>();

/// The length field: `size_t` in glibc, 32 bits and padding in musl, which on little-endian comes to the same.
const LENGTH: usize = size_of::<usize>();

/// `CMSG_ALIGN`: up to the next word. `None` when there is no such number.
pub(super) fn aligned(len: usize) -> Option<usize> {
    len.checked_next_multiple_of(size_of::<usize>())
}

/// `CMSG_SPACE`: what a message with `len` bytes of data takes.
///
/// # Panics
///
/// When that is more than memory could hold.
pub(super) const fn space(len: usize) -> usize {
    let data = len.checked_next_multiple_of(size_of::<usize>());
    let space = data.expect(TOO_LONG).checked_add(HEADER);
    space.expect(TOO_LONG)
}

const TOO_LONG: &str = "a control message longer than memory";

/// The header of a message with `len` bytes of data.
pub(super) fn header(level: i32, kind: i32, len: usize) -> [u8; HEADER] {
    let mut bytes = [0; HEADER];
    bytes[..LENGTH].copy_from_slice(&(HEADER + len).to_ne_bytes());
    bytes[HEADER - 8..HEADER - 4].copy_from_slice(&level.to_ne_bytes());
    bytes[HEADER - 4..].copy_from_slice(&kind.to_ne_bytes());
    bytes
}

/// Where one message lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) level: i32,
    pub(crate) kind: i32,
    /// Of the data, within the buffer.
    pub(crate) data: Range<usize>,
    /// Where the next header would begin; at most the buffer's length.
    pub(crate) next: usize,
}

/// The message whose header begins at `start`. `None` at the end, and where what is there cannot be a message: a header that is
/// cut off, a length below that of a header, or one that leads out of the buffer. What comes after such a
/// header cannot be found, so nothing does.
pub(crate) fn message_at(bytes: &[u8], start: usize) -> Option<Placed> {
    let rest = bytes.get(start..)?;
    let header = rest.get(..HEADER)?;
    let len = usize::from_ne_bytes(header[..LENGTH].try_into().ok()?);
    if len < HEADER || len > rest.len() {
        return None;
    }
    // The last message may end without its padding.
    let next = aligned(len).map_or(rest.len(), |len| len.min(rest.len()));
    Some(Placed {
        level: i32::from_ne_bytes(header[HEADER - 8..HEADER - 4].try_into().ok()?),
        kind: i32::from_ne_bytes(header[HEADER - 4..].try_into().ok()?),
        data: start + HEADER..start + len,
        next: start + next,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_laid_out_as_the_c_library_does() {
        assert_eq!(std::mem::offset_of!(libc::cmsghdr, cmsg_len), 0);
        assert_eq!(std::mem::offset_of!(libc::cmsghdr, cmsg_level), HEADER - 8);
        assert_eq!(std::mem::offset_of!(libc::cmsghdr, cmsg_type), HEADER - 4);
        for len in 0..40 {
            #[expect(unsafe_code, reason = "arithmetic, declared unsafe by libc")]
            // SAFETY: pure arithmetic.
            let (c_space, c_len) = unsafe { (libc::CMSG_SPACE(len as u32), libc::CMSG_LEN(len as u32)) };
            assert_eq!(space(len), c_space as usize);
            assert_eq!(HEADER + len, c_len as usize);
        }
    }

    #[test]
    fn lengths_beyond_memory_do_not_wrap() {
        assert_eq!(space(usize::MAX - HEADER - 7), usize::MAX - 7);
        for len in [usize::MAX, usize::MAX - 7, usize::MAX - HEADER] {
            std::panic::catch_unwind(|| space(len)).expect_err("too long");
        }
    }

    #[test]
    fn a_message_is_where_its_header_says() {
        let mut bytes = header(7, -8, 5).to_vec();
        bytes.extend([1, 2, 3, 4, 5]);
        let found = message_at(&bytes, 0).unwrap();
        assert_eq!((found.level, found.kind, found.data), (7, -8, HEADER..HEADER + 5));
        assert_eq!(found.next, bytes.len(), "no padding at the end");
        bytes.resize(space(5) + 1, 0);
        assert_eq!(message_at(&bytes, 0).unwrap().next, space(5));
        assert_eq!(message_at(&bytes, space(5)), None);
        assert_eq!(message_at(&bytes, usize::MAX), None);
    }

    #[test]
    fn what_cannot_be_a_message_is_none() {
        for len in [0, 1, HEADER - 1, HEADER + 9, usize::MAX, usize::MAX - 7, usize::MAX / 2] {
            let mut bytes = vec![0; HEADER + 8];
            bytes[..LENGTH].copy_from_slice(&len.to_ne_bytes());
            assert_eq!(message_at(&bytes, 0), None, "{len}");
        }
        for cut in 0..HEADER {
            assert_eq!(message_at(&header(0, 0, 0)[..cut], 0), None);
        }
    }
}
