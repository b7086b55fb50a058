//! A growing run of bytes that begins at a word's boundary, as headers of control messages should.

use std::mem::size_of;

use crate::sys::message::{word_bytes, word_bytes_mut};

const WORD: usize = size_of::<usize>();

/// Bytes in words. The kernel wants none of the alignment on common machines, and gets it on all.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    words: Vec<usize>,
    /// Bytes in use.
    len: usize,
}

impl Words {
    /// Room for `capacity` bytes.
    pub(super) fn with_capacity(capacity: usize) -> Words {
        Words { words: Vec::with_capacity(capacity.div_ceil(WORD)), len: 0 }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &word_bytes(&self.words)[..self.len]
    }

    pub(super) fn as_bytes_mut(&mut self) -> &mut [u8] {
        &mut word_bytes_mut(&mut self.words)[..self.len]
    }

    /// The bytes once more, for the last time: it is empty now.
    pub(super) fn take_bytes(&mut self) -> &[u8] {
        let len = std::mem::take(&mut self.len);
        &word_bytes(&self.words)[..len]
    }

    /// Makes it `len` bytes long. New words are zero; bytes that were there before may show again.
    pub(super) fn resize(&mut self, len: usize) {
        let words = len.div_ceil(WORD);
        if words > self.words.len() {
            self.words.resize(words, 0);
        }
        self.len = len;
    }

    pub(super) fn clear(&mut self) {
        self.words.clear();
        self.len = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_begin_at_a_word() {
        let mut words = Words::with_capacity(9);
        words.resize(9);
        assert_eq!(words.as_bytes(), [0; 9]);
        assert_eq!(words.as_bytes().as_ptr() as usize % WORD, 0);
        words.as_bytes_mut().copy_from_slice(b"123456789");
        words.resize(3);
        assert_eq!(words.as_bytes(), b"123");
        words.clear();
        words.resize(9);
        assert_eq!(words.as_bytes(), [0; 9]);
    }
}
