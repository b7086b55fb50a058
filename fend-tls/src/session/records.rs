//! How a caller's buffers become records of TLS.

use std::io::IoSlice;

/// The most bytes that a record holds: 2^14 (RFC 8446, section 5.1).
pub(crate) const RECORD: usize = 16 * 1024;

/// Cuts buffers into pieces for OpenSSL, which makes records of them. Small buffers are gathered, so that a head and a body of some bytes are
/// one record; large ones are taken from where they lie, in whole records but for the last.
pub(crate) struct Pieces<'b, 'd> {
    bufs: &'b [IoSlice<'d>],
    /// How much of the first buffer is taken.
    taken: usize,
}

impl<'b, 'd> Pieces<'b, 'd> {
    #[inline]
    pub(crate) fn of(bufs: &'b [IoSlice<'d>]) -> Self {
        Pieces { bufs, taken: 0 }
    }

    /// The next piece, of `most` bytes or less, which are whole records; empty at the end. `gathered` is where bytes are put together.
    #[inline]
    pub(crate) fn next<'g>(&mut self, most: usize, gathered: &'g mut Vec<u8>) -> &'g [u8]
    where
        'b: 'g,
    {
        gathered.clear();
        loop {
            let Some(first) = self.bufs.first() else { return gathered };
            let rest = &first[self.taken..];
            let room = RECORD - gathered.len();
            if gathered.is_empty() && (rest.len() >= RECORD || self.is_last()) {
                let len = rest.len().min(most);
                let piece = &rest[..if self.is_last() { len } else { len - len % RECORD }];
                self.advance(piece.len());
                return piece;
            }
            let count = rest.len().min(room);
            gathered.extend_from_slice(&rest[..count]);
            self.advance(count);
            if gathered.len() == RECORD {
                return gathered;
            }
        }
    }

    /// Whether all pieces were taken.
    #[inline]
    pub(super) fn is_at_end(&self) -> bool {
        self.bufs.iter().all(|buf| buf.is_empty())
    }

    /// Whether no byte comes after the first buffer.
    #[inline]
    fn is_last(&self) -> bool {
        self.bufs[1..].iter().all(|buf| buf.is_empty())
    }

    #[inline]
    fn advance(&mut self, count: usize) {
        self.taken += count;
        while self.bufs.first().is_some_and(|first| self.taken == first.len()) {
            self.bufs = &self.bufs[1..];
            self.taken = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(bufs: &[&[u8]]) -> Vec<Vec<u8>> {
        let bufs: Vec<_> = bufs.iter().map(|buf| IoSlice::new(buf)).collect();
        let (mut pieces, mut gathered) = (Pieces::of(&bufs), Vec::new());
        std::iter::from_fn(|| {
            Some(pieces.next(4 * RECORD, &mut gathered).to_vec()).filter(|piece| !piece.is_empty())
        })
        .collect()
    }

    #[test]
    fn small_buffers_are_one_record() {
        assert_eq!(pieces(&[b"head", b"", b"body"]), [b"headbody"]);
        assert_eq!(pieces(&[b"", b"", b"x", b""]), [b"x"]);
        assert!(pieces(&[]).is_empty() && pieces(&[b"", b""]).is_empty());
    }

    #[test]
    fn nothing_is_lost_and_no_record_is_short_but_the_last() {
        let bytes: Vec<u8> = (0..100_000_u32).map(|n| n as u8).collect();
        for cuts in [&[0, 0, 100_000][..], &[1, 16_384, 40_000], &[16_383, 1, 16_385, 5], &[30_000, 30_000]] {
            let (mut bufs, mut rest) = (Vec::new(), &bytes[..]);
            for &cut in cuts {
                let (buf, tail) = rest.split_at(cut);
                bufs.push(buf);
                rest = tail;
            }
            bufs.push(rest);
            let pieces = pieces(&bufs);
            assert_eq!(pieces.concat(), bytes, "{cuts:?}");
            let (last, full) = pieces.split_last().unwrap();
            assert!(full.iter().all(|piece| piece.len() % RECORD == 0), "{cuts:?}");
            assert!(pieces.iter().all(|piece| piece.len() <= 4 * RECORD) && !last.is_empty(), "{cuts:?}");
        }
    }
}
