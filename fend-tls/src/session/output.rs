//! Ciphertext that the stream below has not taken yet.
//!
//! Its buffer is lent: a thread keeps one, which goes from session to session. A session holds one only while its peer is slow, so an idle
//! connection has none.

use std::cell::Cell;

/// A buffer larger than this is not kept for the next session.
const KEPT: usize = 256 * 1024;

thread_local! {
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Bytes that wait to be written.
#[derive(Debug, Default)]
pub(crate) struct Output {
    bytes: Vec<u8>,
    written: usize,
}

impl Output {
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        if self.bytes.capacity() == 0 {
            // A thread that is about to end has none any more.
            self.bytes = SPARE.try_with(Cell::take).unwrap_or_default();
        }
        self.bytes.extend_from_slice(bytes);
    }

    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[self.written..]
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.written
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The stream has taken the first `count` bytes.
    #[inline]
    pub(crate) fn advance(&mut self, count: usize) {
        debug_assert!(count <= self.len());
        self.written += count;
    }

    /// Puts the buffer aside for another session, once it is empty.
    #[inline]
    pub(crate) fn give_back(&mut self) {
        if self.is_empty() && self.bytes.capacity() > 0 {
            let mut bytes = std::mem::take(&mut self.bytes);
            self.written = 0;
            if bytes.capacity() <= KEPT {
                bytes.clear();
                let _ = SPARE.try_with(|spare| spare.set(bytes));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_lends_its_buffer_and_gets_it_back() {
        let mut first = Output::default();
        first.extend(&[1; 1000]);
        first.advance(400);
        assert_eq!((first.len(), first.bytes().len()), (600, 600));
        first.give_back();
        assert_eq!(first.len(), 600, "it is not empty");
        first.advance(600);
        let place = first.bytes.as_ptr();
        first.give_back();
        assert_eq!(first.bytes.capacity(), 0);

        let mut second = Output::default();
        second.extend(&[2; 10]);
        assert_eq!(second.bytes.as_ptr(), place);
        assert_eq!(second.bytes(), [2; 10]);
    }
}
