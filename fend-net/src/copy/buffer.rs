//! The buffer of a copy through user space.
//!
//! It holds 64 KiB: from there on larger ones cost as much per byte, for the system calls no longer count beside the copying,
//! and two of them fit into the cache next to the processor. A copy takes one when it begins to read, uses it again for what it
//! reads next, and gives it back before it waits, unless bytes are in it. Each thread keeps a spare one, and one of another size
//! where that is in use, so that thousands of copies that wait need none.
//!
//! What one connection's reader has written is wiped before another's gets to see the memory. That is done when the buffer is
//! given back: once for many reads. A socket writes what it says and no more. Any other reader may use all that it is offered,
//! whatever it says, and so all of that is wiped.

use std::cell::Cell;
use std::mem;

/// Bytes in a buffer, unless the user says otherwise.
pub(super) const SIZE: usize = 64 * 1024;

/// The most that a thread keeps of another size. Copies with larger buffers allocate one each time they begin to read.
const MOST_KEPT: usize = 1024 * 1024;

thread_local! {
    /// All zero: one of the usual size, and the last one of another.
    static SPARES: [Cell<Box<[u8]>>; 2] = Default::default();
}

/// Some memory, of which `start..end` is yet to be written.
#[derive(Debug)]
pub(super) struct Buffer {
    memory: Box<[u8]>,
    start: usize,
    end: usize,
    /// Up to where foreign bytes may stand.
    dirty: usize,
}

impl Buffer {
    /// An empty one. All of it is zero. It has this size and no more: it is held for as long as its writer keeps it waiting.
    pub(super) fn new(size: usize) -> Buffer {
        let spare = SPARES.try_with(|spares| spares[slot(size)].take()).unwrap_or_default();
        let memory = if spare.len() == size { spare } else { vec![0; size].into() };
        Buffer { memory, start: 0, end: 0, dirty: 0 }
    }

    /// One that is full.
    pub(super) fn of(bytes: Box<[u8]>) -> Buffer {
        let end = bytes.len();
        Buffer { memory: bytes, start: 0, end, dirty: end }
    }

    pub(super) fn size(&self) -> usize {
        self.memory.len()
    }

    /// Up to `most` bytes to read into, when it is empty, for a reader that may write to all of them.
    pub(super) fn room(&mut self, most: usize) -> &mut [u8] {
        let room = self.room_for_a_socket(most).len();
        self.dirty = self.dirty.max(room);
        &mut self.memory[..room]
    }

    /// [`room`](Self::room), for a reader that writes to no more of them than it says.
    pub(super) fn room_for_a_socket(&mut self, most: usize) -> &mut [u8] {
        let room = most.min(self.memory.len());
        &mut self.memory[..room]
    }

    /// `count` bytes of the room have been filled.
    pub(super) fn filled(&mut self, count: usize) {
        (self.start, self.end) = (0, count);
        self.dirty = self.dirty.max(count);
    }

    /// What is to be written.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.memory[self.start..self.end]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// `count` bytes of [`bytes`](Self::bytes), no more than there are, have been written.
    pub(super) fn written(&mut self, count: usize) {
        self.start += count;
        debug_assert!(self.start <= self.end, "more was written than there was");
    }
}

/// The memory is the thread's spare one from now on.
impl Drop for Buffer {
    fn drop(&mut self) {
        if self.memory.is_empty() || self.memory.len() > MOST_KEPT {
            return;
        }
        self.memory[..self.dirty].fill(0);
        let memory = mem::take(&mut self.memory);
        // A thread that ends keeps nothing.
        let _ = SPARES.try_with(|spares| spares[slot(memory.len())].set(memory));
    }
}

fn slot(size: usize) -> usize {
    usize::from(size != SIZE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_zero(buffer: &mut Buffer) -> bool {
        buffer.room_for_a_socket(usize::MAX).iter().all(|byte| *byte == 0)
    }

    #[test]
    fn memory_is_used_again_and_wiped() {
        let mut buffer = Buffer::new(SIZE);
        let address = buffer.room_for_a_socket(SIZE).as_ptr();
        buffer.room_for_a_socket(SIZE)[..6].copy_from_slice(b"secret");
        buffer.filled(6);
        assert_eq!(buffer.bytes(), b"secret");
        buffer.written(2);
        assert_eq!(buffer.bytes(), b"cret");
        buffer.written(4);
        assert!(buffer.is_empty());
        buffer.filled(2);
        assert_eq!(buffer.bytes(), b"se", "of the same memory");
        drop(buffer);

        let mut buffer = Buffer::new(SIZE);
        assert_eq!(buffer.room(usize::MAX).as_ptr(), address);
        assert!(is_zero(&mut buffer) && buffer.is_empty());
    }

    #[test]
    fn what_a_reader_may_have_written_is_wiped_whatever_it_says() {
        for said in [0, 1] {
            let mut buffer = Buffer::new(SIZE);
            buffer.room(100).fill(b'x');
            buffer.filled(said);
            drop(buffer);
            assert!(is_zero(&mut Buffer::new(SIZE)));
        }
    }

    #[test]
    fn other_sizes() {
        for size in [100, SIZE, SIZE + 1, MOST_KEPT, MOST_KEPT + 1, 100] {
            let mut buffer = Buffer::new(size);
            assert_eq!(buffer.room(usize::MAX).len(), size);
            assert_eq!(buffer.room(3).len(), 3);
            assert_eq!(buffer.room_for_a_socket(SIZE - 1).len(), size.min(SIZE - 1));
        }
        assert_eq!(Buffer::of([1, 2, 3].into()).bytes(), [1, 2, 3]);
    }

    #[test]
    fn spares_are_bounded() {
        for size in [100, SIZE, MOST_KEPT, MOST_KEPT + 1] {
            drop(Buffer::new(size));
        }
        let spares = SPARES.with(|spares| spares.each_ref().map(|spare| spare.take().len()));
        assert_eq!(spares, [SIZE, 0], "the large one took the place of another, and is not kept");
        drop((Buffer::new(SIZE), Buffer::new(100)));
        drop((Buffer::new(SIZE), Buffer::new(MOST_KEPT)));
        let spares = SPARES.with(|spares| spares.each_ref().map(|spare| spare.take().len()));
        assert_eq!(spares, [SIZE, MOST_KEPT]);
    }
}
