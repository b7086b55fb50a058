//! DNS messages: from bytes and to bytes, without any I/O.
//!
//! What comes from a name server is a stranger's: reading it is bounded whatever it holds.
//!
//! - Nothing is reserved by a count of the header. Lists grow with the records that are there.
//! - A pointer leads to bytes before the piece of name that holds it, and that piece ends where the one before began: so no chain of
//!   pointers has a loop. There is no recursion.
//! - A name may have 127 pointers, and reading a message is a number of [steps](reader::Work) that real messages never need.
//! - All that is kept of 64 KiB takes less than [`MOST_MEMORY`] bytes. The steps limit this too.
//!
//! Only what an answer is made of is read: records of the class IN in the answer section, SOA and NS in the authority section, OPT in the
//! additional section. Other records are passed over; what is known to be in a record has to be there, and nothing else, or the message is
//! refused. So are messages that end too early. Bytes behind the last record are not looked at.

mod encode;
mod message;
mod mix_case;
mod name;
mod rdata;
mod reader;

use std::fmt;

pub(crate) use encode::Query;
#[cfg(test)]
pub(crate) use message::Question;
pub(crate) use message::{Message, Rcode};
pub(crate) use mix_case::mix_case;

/// The class of the Internet.
pub(crate) const CLASS_IN: u16 = 1;

/// The type of the record that holds EDNS0's fields (RFC 6891).
const OPT: u16 = 41;

/// The most bytes of memory that a message takes when it has been read: 2 MiB.
#[cfg(test)]
const MOST_MEMORY: usize = 2 << 20;

/// What is wrong with bytes that should be a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WireError(pub(crate) &'static str);

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests;
