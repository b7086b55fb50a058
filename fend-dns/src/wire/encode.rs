//! [`Query`]: what is sent to a server.

use super::{CLASS_IN, OPT};
use crate::name::Name;
use crate::record::RecordType;

/// "Recursion desired": look it up at other servers too.
const RD: u16 = 0x0100;

/// "Authentic data".
const AD: u16 = 0x0020;

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

impl Query<'_> {
    /// Replaces what is in `out`.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.clear();
        let flags = if self.want_authentic { RD | AD } else { RD };
        let counts = [1, 0, 0, u16::from(self.edns.is_some())];
        push_all(out, &[self.id, flags]);
        push_all(out, &counts);
        out.extend_from_slice(self.name.as_wire());
        push_all(out, &[self.record_type.code(), CLASS_IN]);
        if let Some(size) = self.edns {
            // The root; then version 0 without flags, and no options.
            out.push(0);
            push_all(out, &[OPT, size, 0, 0, 0]);
        }
    }
}

fn push_all(out: &mut Vec<u8>, numbers: &[u16]) {
    numbers.iter().for_each(|number| out.extend_from_slice(&number.to_be_bytes()));
}
