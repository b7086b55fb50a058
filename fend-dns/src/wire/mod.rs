//! DNS messages: from bytes and to bytes, without any I/O.

use crate::name::Name;
use crate::record::{Record, RecordType};

/// A question to a server.
#[derive(Debug)]
pub(crate) struct Query<'a> {
    pub(crate) id: u16,
    /// Goes out with the case that it has: whoever uses 0x20 has mixed it.
    pub(crate) name: &'a Name,
    pub(crate) record_type: RecordType,
    /// EDNS0: the size of datagrams that we take. `None` sends no OPT record.
    pub(crate) edns: Option<u16>,
    /// The AD bit: tell us whether the answer is authentic (RFC 6840, section 5.7).
    pub(crate) want_authentic: bool,
}

/// A response code (RFC 1035, section 4.1.1, and with EDNS0 RFC 6891, section 6.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rcode(pub(crate) u16);

/// A message that a server has sent.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) id: u16,
    pub(crate) is_response: bool,
    pub(crate) opcode: u8,
    pub(crate) is_authoritative: bool,
    pub(crate) is_truncated: bool,
    pub(crate) recursion_available: bool,
    pub(crate) is_authentic: bool,
    pub(crate) rcode: Rcode,
    /// The first question: its name with the case that came, type and class.
    pub(crate) question: Option<Question>,
    /// How many questions there are. An answer to ours has one.
    pub(crate) question_count: u16,
    /// Records of class IN.
    pub(crate) answers: Vec<Record>,
    /// Of the authority section: SOA and NS.
    pub(crate) authorities: Vec<Record>,
    /// Whether there was an OPT record.
    pub(crate) has_edns: bool,
}

#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) name: Name,
    pub(crate) record_type: RecordType,
    pub(crate) class: u16,
}

/// What is wrong with bytes that should be a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WireError(pub(crate) &'static str);

impl Query<'_> {
    /// Replaces what is in `out`.
    pub(crate) fn encode(&self, _out: &mut Vec<u8>) {
        unimplemented!("the codec's part")
    }
}

impl Message {
    /// Reads the header and the question alone, so that a datagram can be told apart from the answer at little cost.
    pub(crate) fn parse_question(_bytes: &[u8]) -> Result<Message, WireError> {
        unimplemented!("the codec's part")
    }

    /// Reads all of it.
    pub(crate) fn parse(_bytes: &[u8]) -> Result<Message, WireError> {
        unimplemented!("the codec's part")
    }
}
