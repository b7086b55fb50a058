//! [`Reader`]: a place in a message, and the end of what may be read from there.

use std::cell::Cell;
use std::ops::Range;

use super::WireError;

/// How many steps are left for a message. Each label and each pointer of a name is one; each piece of memory and the bytes in it are some more.
///
/// 64 KiB of PTR records, all with the longest name that an IPv6 address has, need 120,000. Without a limit, 64 KiB of short
/// records whose names are the longest chains of pointers would need a million.
pub(super) struct Work(Cell<u32>);

impl Work {
    const STEPS: u32 = 128 << 10;

    /// What a piece of memory costs, in steps.
    pub(super) const PIECE: u32 = 8;

    /// So many bytes of a name cost another step.
    pub(super) const BYTES: u32 = 8;

    pub(super) fn of_a_message() -> Work {
        Work(Cell::new(Work::STEPS))
    }

    pub(super) fn spend(&self, steps: u32) -> Result<(), WireError> {
        let left = self.0.get().checked_sub(steps);
        self.0.set(left.unwrap_or(0));
        left.map(|_| ()).ok_or(WireError("more names and strings than a message may have"))
    }
}

const TOO_EARLY: WireError = WireError("it ends too early");

/// A place in a message.
pub(super) struct Reader<'a> {
    pub(super) message: &'a [u8],
    pub(super) position: usize,
    /// What is read ends before this: the message, or the data of a record.
    pub(super) end: usize,
    pub(super) work: &'a Work,
}

impl<'a> Reader<'a> {
    pub(super) fn new(message: &'a [u8], work: &'a Work) -> Reader<'a> {
        Reader { message, position: 0, end: message.len(), work }
    }

    /// For a part of the same message. Names in it may point to what is before.
    pub(super) fn of(&self, part: Range<usize>) -> Reader<'a> {
        debug_assert!(part.start <= part.end && part.end <= self.message.len());
        Reader { message: self.message, position: part.start, end: part.end, work: self.work }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.position == self.end
    }

    /// Goes past the next bytes.
    pub(super) fn skip(&mut self, count: usize) -> Result<Range<usize>, WireError> {
        if count > self.end - self.position {
            return Err(TOO_EARLY);
        }
        let start = self.position;
        self.position += count;
        Ok(start..self.position)
    }

    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], WireError> {
        let range = self.skip(count)?;
        Ok(&self.message[range])
    }

    pub(super) fn rest(&mut self) -> &'a [u8] {
        let rest = &self.message[self.position..self.end];
        self.position = self.end;
        rest
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N)?);
        Ok(array)
    }

    pub(super) fn u8(&mut self) -> Result<u8, WireError> {
        if self.is_at_end() {
            return Err(TOO_EARLY);
        }
        self.position += 1;
        Ok(self.message[self.position - 1])
    }

    pub(super) fn u16(&mut self) -> Result<u16, WireError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, WireError> {
        self.array().map(u32::from_be_bytes)
    }
}
