//! The buffer of a copy through user space.
//!
//! It holds 64 KiB: from there on larger ones cost as much per byte, for the system calls no longer count beside the copying,
//! and two of them fit into the cache next to the processor. A copy has one only while bytes are in it. Each thread keeps a spare
//! one, so that thousands of copies that wait need none, and wiping it is not done at each turn.

use std::cell::Cell;
use std::mem;

/// Bytes in a buffer, unless the user says otherwise.
pub(super) const SIZE: usize = 64 * 1024;

thread_local! {
    static SPARE: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

/// Some memory, of which `start..end` is yet to be written.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    memory: Box<[u8]>,
    start: usize,
    end: usize,
    /// Up to where foreign bytes may stand.
    dirty: usize,
}

impl Buffer {
    /// An empty one. All of it is zero.
    pub(super) fn new(size: usize) -> Buffer {
        let spare = if size == SIZE { SPARE.try_with(Cell::take).ok().flatten() } else { None };
        Buffer { memory: spare.unwrap_or_else(|| vec![0; size].into()), ..Buffer::default() }
    }

    /// One that is full.
    pub(super) fn of(bytes: Box<[u8]>) -> Buffer {
        let end = bytes.len();
        Buffer { memory: bytes, start: 0, end, dirty: end }
    }

    /// Where to read to, when it is empty.
    pub(super) fn room(&mut self) -> &mut [u8] {
        &mut self.memory
    }

    /// `count` bytes of [`room`](Self::room) have been filled.
    pub(super) fn filled(&mut self, count: usize) {
        (self.start, self.end) = (0, count);
        self.dirty = self.dirty.max(count);
    }

    /// What is to be written.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.memory[self.start..self.end]
    }

    /// `count` bytes of [`bytes`](Self::bytes) have been written.
    pub(super) fn written(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }
}

/// The memory is the thread's spare one from now on. What one connection has sent is wiped before another's reader gets to see
/// it.
impl Drop for Buffer {
    fn drop(&mut self) {
        if self.memory.len() == SIZE {
            self.memory[..self.dirty].fill(0);
            let memory = mem::take(&mut self.memory);
            let _ = SPARE.try_with(|spare| spare.set(Some(memory)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_and_wiped() {
        let mut buffer = Buffer::new(SIZE);
        let address = buffer.room().as_ptr();
        buffer.room()[..6].copy_from_slice(b"secret");
        buffer.filled(6);
        assert_eq!(buffer.bytes(), b"secret");
        buffer.written(2);
        assert_eq!(buffer.bytes(), b"cret");
        drop(buffer);

        let mut buffer = Buffer::new(SIZE);
        assert_eq!(buffer.room().as_ptr(), address);
        assert!(buffer.room().iter().all(|byte| *byte == 0));
        assert!(buffer.bytes().is_empty());
    }

    #[test]
    fn other_sizes_are_not_kept() {
        drop(Buffer::new(100));
        assert_eq!(Buffer::new(100).room().len(), 100);
        assert_eq!(Buffer::new(SIZE).room().len(), SIZE);
        assert_eq!(Buffer::of([1, 2, 3].into()).bytes(), [1, 2, 3]);
    }
}
