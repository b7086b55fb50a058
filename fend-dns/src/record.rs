//! The records of the DNS, by type.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::name::Name;

/// The type of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecordType {
    /// An IPv4 address.
    A,
    /// A name server of the zone.
    Ns,
    /// Another name for which to ask instead.
    Cname,
    /// The zone's own record.
    Soa,
    /// The name of an address.
    Ptr,
    /// A mail server.
    Mx,
    /// Text.
    Txt,
    /// An IPv6 address.
    Aaaa,
    /// Where a service is (RFC 2782).
    Srv,
    /// How to reach a service (RFC 9460).
    Svcb,
    /// The same for https.
    Https,
    /// Who may issue certificates (RFC 8659).
    Caa,
    /// Any other, by its number.
    Other(u16),
}

impl RecordType {
    /// The number on the wire.
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            RecordType::A => 1,
            RecordType::Ns => 2,
            RecordType::Cname => 5,
            RecordType::Soa => 6,
            RecordType::Ptr => 12,
            RecordType::Mx => 15,
            RecordType::Txt => 16,
            RecordType::Aaaa => 28,
            RecordType::Srv => 33,
            RecordType::Svcb => 64,
            RecordType::Https => 65,
            RecordType::Caa => 257,
            RecordType::Other(code) => code,
        }
    }
}

/// One record.
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

/// What a record says.
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
    /// Whoever does not know the tag must not issue.
    pub critical: bool,
    /// "issue", "issuewild", "iodef".
    pub tag: String,
    /// What the tag says.
    pub value: Box<[u8]>,
}

/// How to reach a service (RFC 9460).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Svcb {
    /// 0: an alias; else the lowest is tried first.
    pub priority: u16,
    /// The host; the root for the record's own name.
    pub target: Name,
    /// Keys and what they say, in the order of their numbers.
    pub parameters: Vec<(u16, Box<[u8]>)>,
}
