//! How a caller's buffers become a record of TLS.

use std::io::IoSlice;

/// The most bytes that a record holds: 2^14 (RFC 8446, section 5.1).
pub(crate) const RECORD: usize = 16 * 1024;

/// The bytes of the next record. Small buffers are gathered, so that a head and a body of some bytes are one record; of a large one they are
/// taken from where they lie. `gathered` is where bytes are put together.
pub(crate) fn first<'g>(bufs: &'g [IoSlice<'_>], gathered: &'g mut Vec<u8>) -> &'g [u8] {
    gathered.clear();
    let last = bufs.iter().rposition(|buf| !buf.is_empty());
    for (index, buf) in bufs.iter().enumerate() {
        let room = RECORD - gathered.len();
        let part = &buf[..buf.len().min(room)];
        if gathered.is_empty() && (part.len() == RECORD || Some(index) == last) {
            return part;
        }
        gathered.extend_from_slice(part);
        if part.len() == room {
            break;
        }
    }
    gathered
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All records of `bufs`.
    fn records(bufs: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut bufs: Vec<_> = bufs.iter().map(|buf| IoSlice::new(buf)).collect();
        let (mut bufs, mut gathered) = (&mut bufs[..], Vec::new());
        let mut records = Vec::new();
        loop {
            let record = first(bufs, &mut gathered).to_vec();
            if record.is_empty() {
                return records;
            }
            IoSlice::advance_slices(&mut bufs, record.len());
            records.push(record);
        }
    }

    #[test]
    fn small_buffers_are_one_record() {
        assert_eq!(records(&[b"head", b"", b"body"]), [b"headbody"]);
        assert_eq!(records(&[b"", b"", b"x", b""]), [b"x"]);
        assert!(records(&[]).is_empty() && records(&[b"", b""]).is_empty());
    }

    #[test]
    fn large_ones_are_taken_from_where_they_lie() {
        let large = vec![7; RECORD + 1];
        for bufs in
            [&[IoSlice::new(b""), IoSlice::new(&large), IoSlice::new(b"x")][..], &[IoSlice::new(&large[1..])]]
        {
            let mut gathered = Vec::new();
            assert_eq!(first(bufs, &mut gathered).len(), RECORD);
            assert!(gathered.is_empty());
        }
        let mut gathered = Vec::new();
        assert_eq!(first(&[IoSlice::new(b"alone"), IoSlice::new(b"")], &mut gathered), b"alone");
        assert!(gathered.is_empty());
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
            let records = records(&bufs);
            assert_eq!(records.concat(), bytes, "{cuts:?}");
            let (last, full) = records.split_last().unwrap();
            assert!(full.iter().all(|record| record.len() == RECORD), "{cuts:?}");
            assert!(last.len() <= RECORD, "{cuts:?}");
        }
    }
}
