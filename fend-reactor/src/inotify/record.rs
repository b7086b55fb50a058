//! The kernel's records: `struct inotify_event` of inotify(7), one after the other, each with a name that is padded with zeros.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::mask::Mask;

/// The bytes before the name.
pub(super) const HEAD: usize = 16;

/// The most bytes that one record takes: a name has 255 at most, and a zero behind it.
pub(super) const LARGEST: usize = HEAD + 256;

/// One event of the kernel's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record<'a> {
    /// The number of the watch; -1 when it is about the queue itself.
    pub(super) watch: i32,
    pub(super) mask: Mask,
    pub(super) cookie: u32,
    /// Empty when it is about what is watched itself.
    pub(super) name: &'a OsStr,
    /// The bytes of the record.
    pub(super) size: usize,
}

/// Takes any bytes. What is cut off at the end is left out; the kernel cuts nothing off.
pub(super) struct Records<'a>(&'a [u8]);

impl<'a> Records<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Records(bytes)
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let (head, rest) = self.0.split_first_chunk::<HEAD>()?;
        let field = |at: usize| u32::from_ne_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let length = usize::try_from(field(12)).ok()?;
        let (padded, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        let end = padded.iter().position(|byte| *byte == 0).unwrap_or(length);
        Some(Record {
            watch: i32::from_ne_bytes([head[0], head[1], head[2], head[3]]),
            mask: Mask::from_bits(field(4)),
            cookie: field(8),
            name: OsStr::from_bytes(&padded[..end]),
            size: HEAD + length,
        })
    }
}

#[cfg(all(test, not(loom)))]
pub(super) fn encode(watch: i32, mask: Mask, cookie: u32, name: &[u8], padded: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend_from_slice(&watch.to_ne_bytes());
    bytes.extend_from_slice(&mask.bits().to_ne_bytes());
    bytes.extend_from_slice(&cookie.to_ne_bytes());
    bytes.extend_from_slice(&u32::try_from(padded).unwrap().to_ne_bytes());
    bytes.extend_from_slice(name);
    bytes.resize(HEAD + padded, 0);
    bytes
}

#[cfg(all(test, not(loom)))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn records_stand_one_after_the_other() {
        let mut bytes = encode(1, Mask::CREATE, 0, b"a", 16);
        bytes.extend(encode(-1, Mask::Q_OVERFLOW, 0, b"", 0));
        bytes.extend(encode(2, Mask::MOVED_TO | Mask::ISDIR, 7, b"\xff\xfe", 16));
        let records: Vec<_> = Records::new(&bytes).collect();
        assert_eq!(records.iter().map(|record| record.watch).collect::<Vec<_>>(), [1, -1, 2]);
        assert_eq!(records.iter().map(|record| record.size).collect::<Vec<_>>(), [32, 16, 32]);
        assert_eq!(records[0].name, "a");
        assert_eq!(records[1].mask, Mask::Q_OVERFLOW);
        assert_eq!((records[2].cookie, records[2].name.as_bytes()), (7, &b"\xff\xfe"[..]));
    }

    #[test]
    fn a_name_may_fill_its_field() {
        let bytes = encode(1, Mask::CREATE, 0, &[b'x'; 16], 16);
        assert_eq!(Records::new(&bytes).next().unwrap().name.len(), 16);
    }

    #[test]
    fn a_length_beyond_the_buffer_ends_it() {
        let mut bytes = encode(1, Mask::CREATE, 0, b"a", 16);
        bytes[12..16].copy_from_slice(&u32::MAX.to_ne_bytes());
        assert_eq!(Records::new(&bytes).next(), None);
        bytes[12..16].copy_from_slice(&17_u32.to_ne_bytes());
        assert_eq!(Records::new(&bytes).next(), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let size: usize = Records::new(&bytes).map(|record| record.size).sum();
            prop_assert!(size <= bytes.len());
        }

        #[test]
        fn short_lengths_are_taken_too(lengths in proptest::collection::vec(0_u32..40, 0..40), fill in any::<u8>()) {
            let mut bytes = Vec::new();
            for length in lengths {
                bytes.extend([fill; 12]);
                bytes.extend(length.to_ne_bytes());
                bytes.extend(vec![fill; length as usize / 2]);
            }
            let size: usize = Records::new(&bytes).map(|record| record.size).sum();
            prop_assert!(size <= bytes.len());
        }
    }
}
