//! The records of the DNS, by type.
//!
//! Each type of record that programs ask for has a type of its own here; the bytes of all others are kept as they came. All of them are
//! written as dig(1) does it.

mod record_type;
mod svcb;
mod text;

use std::net::{Ipv4Addr, Ipv6Addr};

pub use record_type::{RecordType, RecordTypeError};
pub use svcb::Svcb;
pub(crate) use svcb::is_well_formed;

use crate::name::Name;

/// One record. It is written as a line of dig's answer section: name, TTL, class, type and data.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// Whose record it is.
    pub name: Name,
    /// How long it may be kept, in seconds: what is left of it, when it comes out of a cache.
    pub ttl: u32,
    /// What it says.
    pub data: RecordData,
}

impl Record {
    /// A record of the class IN.
    #[must_use]
    pub fn new(name: Name, ttl: u32, data: RecordData) -> Record {
        Record { name, ttl, data }
    }

    /// Its type.
    #[must_use]
    pub fn record_type(&self) -> RecordType {
        self.data.record_type()
    }
}

/// What a record says. It is written as by `dig +short`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordData {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// Another name for which to ask instead.
    Cname(Name),
    /// A name server of the zone.
    Ns(Name),
    /// The name of an address.
    Ptr(Name),
    /// A mail server.
    Mx(Mx),
    /// Text.
    Txt(Txt),
    /// Where a service is.
    Srv(Srv),
    /// The zone's own record.
    Soa(Soa),
    /// Who may issue certificates.
    Caa(Caa),
    /// How to reach a service.
    Svcb(Svcb),
    /// The same for https.
    Https(Svcb),
    /// Of another type: its number and bytes.
    Other(u16, Box<[u8]>),
}

impl RecordData {
    /// The type of record that has such data.
    #[must_use]
    pub fn record_type(&self) -> RecordType {
        match self {
            RecordData::A(_) => RecordType::A,
            RecordData::Aaaa(_) => RecordType::Aaaa,
            RecordData::Cname(_) => RecordType::Cname,
            RecordData::Ns(_) => RecordType::Ns,
            RecordData::Ptr(_) => RecordType::Ptr,
            RecordData::Mx(_) => RecordType::Mx,
            RecordData::Txt(_) => RecordType::Txt,
            RecordData::Srv(_) => RecordType::Srv,
            RecordData::Soa(_) => RecordType::Soa,
            RecordData::Caa(_) => RecordType::Caa,
            RecordData::Svcb(_) => RecordType::Svcb,
            RecordData::Https(_) => RecordType::Https,
            RecordData::Other(code, _) => RecordType::from(*code),
        }
    }
}

/// A mail server (RFC 1035, section 3.3.9).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mx {
    /// The lowest is tried first.
    pub preference: u16,
    /// The server's name; the root when the domain takes no mail (RFC 7505).
    pub exchange: Name,
}

/// Text, in strings of up to 255 bytes (RFC 1035, section 3.3.14).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Txt {
    /// The strings, as they stand in the record.
    pub strings: Vec<Box<[u8]>>,
}

impl Txt {
    /// The strings in one, without anything between them: as SPF (RFC 7208, section 3.3) and DKIM read them.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.strings.concat()
    }
}

/// Where a service is (RFC 2782).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Srv {
    /// The lowest is tried first.
    pub priority: u16,
    /// How often to choose it among those of one priority.
    pub weight: u16,
    /// Its port.
    pub port: u16,
    /// Its host; the root when the service is not there.
    pub target: Name,
}

/// The zone's own record (RFC 1035, section 3.3.13).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Soa {
    /// The zone's first server.
    pub primary: Name,
    /// The mailbox of who runs it, its first label before the "@".
    pub mailbox: Name,
    /// The zone's version.
    pub serial: u32,
    /// Seconds between a secondary's looks at the serial.
    pub refresh: u32,
    /// Seconds before it looks again after a failure.
    pub retry: u32,
    /// Seconds after which it gives up answering.
    pub expire: u32,
    /// Seconds for which a "no" may be kept (RFC 2308).
    pub minimum: u32,
}

/// Who may issue certificates (RFC 8659).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Caa {
    /// The highest bit is [`is_critical`](Caa::is_critical), and the others have no meaning yet.
    pub flags: u8,
    /// "issue", "issuewild", "iodef".
    pub tag: String,
    /// What the tag says.
    pub value: Box<[u8]>,
}

impl Caa {
    /// Whoever does not know the tag must not issue.
    #[must_use]
    pub fn is_critical(&self) -> bool {
        self.flags & 0x80 != 0
    }
}

#[cfg(test)]
mod tests;
