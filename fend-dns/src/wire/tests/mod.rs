//! DN4 and the codec's other promises. Messages are made by a little encoder that knows no more than where bytes go.

mod junk;
mod messages;
mod names;
mod records;
mod seeds;

use super::{Message, WireError};

/// A message that is being made.
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Bytes {
    /// A header: a response without an error, with so many questions, answers, authorities and additional records.
    pub(crate) fn response(counts: [u16; 4]) -> Bytes {
        let mut bytes = Bytes(vec![0x12, 0x34, 0x81, 0x80]);
        for count in counts {
            bytes.u16(count);
        }
        bytes
    }

    pub(crate) fn u16(&mut self, number: u16) {
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    pub(crate) fn pointer(&mut self, target: usize) {
        self.u16(0xC000 | target as u16);
    }

    pub(crate) fn name(&mut self, name: &str) {
        self.0.extend_from_slice(name.parse::<crate::Name>().unwrap().as_wire());
    }

    pub(crate) fn question(&mut self, name: &str, record_type: u16) {
        self.name(name);
        self.u16(record_type);
        self.u16(1);
    }

    /// All of a record but its name.
    pub(crate) fn record(&mut self, record_type: u16, class: u16, ttl: u32, data: &[u8]) {
        self.u16(record_type);
        self.u16(class);
        self.0.extend_from_slice(&ttl.to_be_bytes());
        self.u16(data.len() as u16);
        self.0.extend_from_slice(data);
    }

    pub(crate) fn parse(&self) -> Result<Message, WireError> {
        Message::parse(&self.0)
    }
}

/// Where the question's name is.
pub(crate) const QUESTION: usize = 12;
