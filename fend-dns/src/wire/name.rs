//! Names in messages, where the end of a name may be a pointer to an earlier one (RFC 1035, section 4.1.4).

use super::WireError;
use super::reader::{Reader, Work};
use crate::name::{MAX_NAME, Name};

/// A name has at most 127 labels, and so no use for more pointers.
const MOST_POINTERS: u32 = 127;

/// What a name is made of.
enum Part<'a> {
    /// A label with its length in front.
    Label(&'a [u8]),
    Pointer(usize),
    End,
}

impl<'a> Reader<'a> {
    fn part(&mut self) -> Result<Part<'a>, WireError> {
        let length = self.u8()?;
        match length >> 6 {
            0b00 if length == 0 => Ok(Part::End),
            0b00 => {
                let range = self.skip(usize::from(length))?;
                Ok(Part::Label(&self.message[range.start - 1..range.end]))
            }
            0b11 => Ok(Part::Pointer(usize::from(length & 0x3F) << 8 | usize::from(self.u8()?))),
            _ => Err(WireError("a label of an unknown kind")),
        }
    }

    /// For the piece of a name to which a pointer leads, in the piece that starts at `start`.
    fn follow(&self, target: usize, start: usize) -> Result<Reader<'a>, WireError> {
        if target < start {
            Ok(self.of(target..start))
        } else {
            Err(WireError("a pointer that does not lead back"))
        }
    }

    /// A name, with the case that it has in the message.
    pub(super) fn name(&mut self) -> Result<Name, WireError> {
        self.read_name(MOST_POINTERS)
    }

    /// A name that must not have pointers (RFC 3597, section 4).
    pub(super) fn uncompressed_name(&mut self) -> Result<Name, WireError> {
        self.read_name(0)
    }

    fn read_name(&mut self, most_pointers: u32) -> Result<Name, WireError> {
        let mut wire = [0; MAX_NAME];
        let mut length = 0;
        let mut steps = Work::PIECE;
        let mut pointers = 0;
        let mut start = self.position;
        // The reader of the piece to which the last pointer has led.
        let mut piece: Option<Reader<'a>> = None;
        loop {
            match piece.as_mut().unwrap_or(self).part()? {
                Part::Label(label) => {
                    // The root's empty label is still to come.
                    if length + label.len() >= MAX_NAME {
                        return Err(WireError("a name of more than 255 bytes"));
                    }
                    wire[length..length + label.len()].copy_from_slice(label);
                    length += label.len();
                }
                Part::Pointer(target) => {
                    if pointers == most_pointers {
                        return Err(WireError("a name with more pointers than it may have"));
                    }
                    pointers += 1;
                    piece = Some(self.follow(target, start)?);
                    start = target;
                }
                Part::End => break,
            }
            steps += 1;
        }
        self.work.spend(steps + length as u32 / Work::BYTES)?;
        Ok(Name::from_wire_unchecked(wire[..=length].into()))
    }

    /// Goes past a name without a look at where its pointer leads, if it has one.
    pub(super) fn skip_name(&mut self) -> Result<(), WireError> {
        loop {
            match self.part()? {
                Part::Label(_) => {}
                Part::Pointer(_) | Part::End => return Ok(()),
            }
        }
    }
}
