//! Messages of the DNS as a peer sees them: just enough of RFC 1035 to read questions, and to write every kind of lie. It shares
//! nothing with the codec that is tested.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(crate) const A: u16 = 1;
pub(crate) const CNAME: u16 = 5;
pub(crate) const SOA: u16 = 6;
pub(crate) const AAAA: u16 = 28;
const OPT: u16 = 41;

pub(crate) const FORMERR: u8 = 1;
pub(crate) const SERVFAIL: u8 = 2;
pub(crate) const NXDOMAIN: u8 = 3;
pub(crate) const NOTIMP: u8 = 4;
pub(crate) const REFUSED: u8 = 5;

/// A question, read from the bytes that a client has sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    pub(crate) id: u16,
    pub(crate) recursion_desired: bool,
    pub(crate) authentic_data: bool,
    /// With the case that came, without a dot at its end.
    pub(crate) name: String,
    pub(crate) record_type: u16,
    pub(crate) class: u16,
    /// The size of datagrams that its OPT record announces.
    pub(crate) edns: Option<u16>,
}

impl Question {
    /// Panics on anything that a well-behaved client does not send.
    pub(crate) fn read(bytes: &[u8]) -> Question {
        let field = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        let flags = field(2);
        assert_eq!(flags & !0x0120, 0, "a plain query, which may have RD and AD: {flags:04x}");
        assert_eq!((field(4), field(6), field(8)), (1, 0, 0), "one question, and no records: {bytes:02x?}");
        let (name, end) = read_name(bytes, 12);
        let rest = &bytes[end + 4..];
        let edns = match field(10) {
            0 => None,
            // The root's empty name, the type, and in place of a class the size.
            1 => {
                assert_eq!(u16::from_be_bytes([rest[1], rest[2]]), OPT, "{bytes:02x?}");
                Some(u16::from_be_bytes([rest[3], rest[4]]))
            }
            count => panic!("{count} additional records"),
        };
        Question {
            id: field(0),
            recursion_desired: flags & 0x0100 != 0,
            authentic_data: flags & 0x0020 != 0,
            name,
            record_type: field(end),
            class: field(end + 2),
            edns,
        }
    }

    /// Whether it is for this name, whatever its case.
    pub(crate) fn is_for(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// The name at `at`, without pointers, and where it ends.
fn read_name(bytes: &[u8], mut at: usize) -> (String, usize) {
    let mut labels = Vec::new();
    loop {
        let length = usize::from(bytes[at]);
        assert!(length < 64, "a question needs no pointers");
        at += 1;
        if length == 0 {
            return (labels.join("."), at);
        }
        labels.push(String::from_utf8_lossy(&bytes[at..at + length]).into_owned());
        at += length;
    }
}

/// Labels with their lengths in front, and the empty one at the end.
pub(crate) fn name(text: &str) -> Vec<u8> {
    let mut wire = Vec::new();
    for label in text.split('.').filter(|label| !label.is_empty()) {
        wire.push(u8::try_from(label.len()).expect("a short label"));
        wire.extend_from_slice(label.as_bytes());
    }
    wire.push(0);
    wire
}

/// What is sent in answer to a question, to be made worse before it is written.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) id: u16,
    /// QR: that this is an answer at all.
    pub(crate) is_response: bool,
    pub(crate) opcode: u8,
    pub(crate) is_truncated: bool,
    pub(crate) is_authentic: bool,
    pub(crate) rcode: u8,
    /// `None`: the question is not repeated.
    pub(crate) question: Option<(Vec<u8>, u16, u16)>,
    pub(crate) answers: Vec<Vec<u8>>,
    pub(crate) authorities: Vec<Vec<u8>>,
}

impl Reply {
    /// An empty answer that all is well.
    pub(crate) fn to(question: &Question) -> Reply {
        Reply {
            id: question.id,
            is_response: true,
            opcode: 0,
            is_truncated: false,
            is_authentic: false,
            rcode: 0,
            question: Some((name(&question.name), question.record_type, question.class)),
            answers: Vec::new(),
            authorities: Vec::new(),
        }
    }

    pub(crate) fn rcode(mut self, rcode: u8) -> Reply {
        self.rcode = rcode;
        self
    }

    pub(crate) fn truncated(mut self) -> Reply {
        self.is_truncated = true;
        self
    }

    /// Adds a record to the answers.
    pub(crate) fn record(mut self, owner: &str, record_type: u16, ttl: u32, data: &[u8]) -> Reply {
        self.answers.push(record(&name(owner), record_type, ttl, data));
        self
    }

    pub(crate) fn address(self, owner: &str, ttl: u32, address: impl Into<IpAddr>) -> Reply {
        match address.into() {
            IpAddr::V4(address) => self.record(owner, A, ttl, &address.octets()),
            IpAddr::V6(address) => self.record(owner, AAAA, ttl, &address.octets()),
        }
    }

    pub(crate) fn cname(self, owner: &str, ttl: u32, target: &str) -> Reply {
        self.record(owner, CNAME, ttl, &name(target))
    }

    /// Adds the zone's record, which tells for how many seconds a "no" may be kept.
    pub(crate) fn soa(mut self, zone: &str, ttl: u32, minimum: u32) -> Reply {
        let mut data = [name("ns.example"), name("admin.example")].concat();
        for number in [1, 7200, 900, 86400, minimum] {
            data.extend_from_slice(&u32::to_be_bytes(number));
        }
        self.authorities.push(record(&name(zone), SOA, ttl, &data));
        self
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let flags = u16::from(self.is_response) << 15
            | u16::from(self.opcode) << 11
            | u16::from(self.is_truncated) << 9
            // Recursion was desired, and is to be had.
            | 0x0180
            | u16::from(self.is_authentic) << 5
            | u16::from(self.rcode);
        let count = |records: &[Vec<u8>]| u16::try_from(records.len()).expect("fits into the count");
        let counts = [u16::from(self.question.is_some()), count(&self.answers), count(&self.authorities), 0];
        let mut bytes = [self.id.to_be_bytes(), flags.to_be_bytes()].concat();
        bytes.extend(counts.iter().flat_map(|count| count.to_be_bytes()));
        if let Some((name, record_type, class)) = &self.question {
            bytes.extend_from_slice(name);
            bytes.extend_from_slice(&record_type.to_be_bytes());
            bytes.extend_from_slice(&class.to_be_bytes());
        }
        bytes.extend(self.answers.iter().chain(&self.authorities).flatten());
        bytes
    }
}

/// A record of class IN, with an owner as it stands on the wire.
pub(crate) fn record(owner: &[u8], record_type: u16, ttl: u32, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).expect("short data");
    let mut bytes = owner.to_vec();
    for field in [record_type, 1] {
        bytes.extend_from_slice(&field.to_be_bytes());
    }
    bytes.extend_from_slice(&ttl.to_be_bytes());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(data);
    bytes
}

/// The address that an honest server gives, of each family.
pub(crate) const REAL: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
pub(crate) const REAL_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);

/// The one that a liar gives.
pub(crate) const FALSE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 66);

/// What an honest server says of every name: [`REAL`] and [`REAL_V6`] for a minute, and nothing else.
pub(crate) fn honest(question: &Question) -> Reply {
    let reply = Reply::to(question);
    match question.record_type {
        A => reply.address(&question.name, 60, REAL),
        AAAA => reply.address(&question.name, 60, REAL_V6),
        _ => reply.soa("example", 60, 60),
    }
}

/// What a liar says of every name.
pub(crate) fn lie(question: &Question) -> Reply {
    Reply::to(question).address(&question.name, 60, FALSE)
}
