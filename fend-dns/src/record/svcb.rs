//! [`Svcb`]: how to reach a service.

use std::fmt::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr};

use super::text::{Base64, Ipv6, write_list_byte, write_quoted, write_separated};
use crate::name::Name;

/// The numbers of the keys (RFC 9460, section 14.3.2).
const MANDATORY: u16 = 0;
const ALPN: u16 = 1;
const NO_DEFAULT_ALPN: u16 = 2;
const PORT: u16 = 3;
const IPV4_HINT: u16 = 4;
const ECH: u16 = 5;
const IPV6_HINT: u16 = 6;

/// How to reach a service (RFC 9460).
///
/// In records that came from a server, the values of the keys that have methods here are well-formed.
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

impl Svcb {
    /// Whether [`target`](Svcb::target) is a name for which to ask instead. The parameters of such a record mean nothing.
    #[must_use]
    pub fn is_alias(&self) -> bool {
        self.priority == 0
    }

    /// What a key says, by its number.
    #[must_use]
    pub fn parameter(&self, key: u16) -> Option<&[u8]> {
        self.parameters.iter().find(|parameter| parameter.0 == key).map(|(_, value)| &value[..])
    }

    /// The keys that whoever does not know them has to leave the record alone for.
    pub fn mandatory(&self) -> impl Iterator<Item = u16> {
        self.values(MANDATORY, |key| u16::from_be_bytes(*key))
    }

    /// The protocols of TLS, "h2" for example, in the server's order.
    pub fn alpn(&self) -> impl Iterator<Item = &[u8]> {
        protocols(self.parameter(ALPN).unwrap_or_default())
    }

    /// Whether [`alpn`](Svcb::alpn) is all that there is, without the scheme's own protocol.
    #[must_use]
    pub fn no_default_alpn(&self) -> bool {
        self.parameter(NO_DEFAULT_ALPN).is_some()
    }

    /// The port, where it is not the scheme's own.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.values(PORT, |port| u16::from_be_bytes(*port)).next()
    }

    /// Addresses of the host that may be used until its own have been looked up.
    pub fn ipv4_hints(&self) -> impl Iterator<Item = Ipv4Addr> {
        self.values(IPV4_HINT, |octets: &[u8; 4]| Ipv4Addr::from(*octets))
    }

    /// Addresses of the host that may be used until its own have been looked up.
    pub fn ipv6_hints(&self) -> impl Iterator<Item = Ipv6Addr> {
        self.values(IPV6_HINT, |octets: &[u8; 16]| Ipv6Addr::from(*octets))
    }

    /// What TLS needs for an encrypted ClientHello: an `ECHConfigList`.
    #[must_use]
    pub fn ech(&self) -> Option<&[u8]> {
        self.parameter(ECH)
    }

    /// The values of one size in a key's value.
    fn values<const N: usize, T>(&self, key: u16, make: impl Fn(&[u8; N]) -> T) -> impl Iterator<Item = T> {
        let chunks = self.parameter(key).unwrap_or_default().chunks_exact(N);
        chunks.filter_map(move |chunk| chunk.try_into().ok().map(&make))
    }
}

/// The protocols in a value of `alpn`, as far as it is well-formed.
fn protocols(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = value;
    std::iter::from_fn(move || {
        let (&length, after) = rest.split_first()?;
        let (protocol, after) = after.split_at_checked(usize::from(length))?;
        rest = after;
        Some(protocol)
    })
}

/// Whether a key's value is one that RFC 9460 allows, as far as we know the key.
pub(crate) fn is_well_formed(key: u16, value: &[u8]) -> bool {
    let holds = |size: usize| !value.is_empty() && value.len() % size == 0;
    match key {
        MANDATORY => holds(2) && value.chunks_exact(2).is_sorted_by(|a, b| a < b) && value[..2] != [0, 0],
        ALPN => {
            let read: usize = protocols(value).map(|protocol| 1 + protocol.len()).sum();
            holds(1) && read == value.len() && protocols(value).all(|protocol| !protocol.is_empty())
        }
        NO_DEFAULT_ALPN => value.is_empty(),
        PORT => value.len() == 2,
        IPV4_HINT => holds(4),
        ECH => holds(1),
        IPV6_HINT => holds(16),
        _ => true,
    }
}

/// A key's name.
struct Key(u16);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            MANDATORY => f.write_str("mandatory"),
            ALPN => f.write_str("alpn"),
            NO_DEFAULT_ALPN => f.write_str("no-default-alpn"),
            PORT => f.write_str("port"),
            IPV4_HINT => f.write_str("ipv4hint"),
            ECH => f.write_str("ech"),
            IPV6_HINT => f.write_str("ipv6hint"),
            other => write!(f, "key{other}"),
        }
    }
}

/// The protocols, between quotes and with commas between them. A comma or backslash of their own is escaped twice, first for the list
/// and then for the text.
fn write_protocols(f: &mut fmt::Formatter<'_>, value: &[u8]) -> fmt::Result {
    f.write_char('"')?;
    for (position, protocol) in protocols(value).enumerate() {
        if position > 0 {
            f.write_char(',')?;
        }
        for &byte in protocol {
            write_list_byte(f, byte)?;
        }
    }
    f.write_char('"')
}

impl Svcb {
    fn write_parameter(&self, f: &mut fmt::Formatter<'_>, key: u16, value: &[u8]) -> fmt::Result {
        write!(f, " {}", Key(key))?;
        if value.is_empty() {
            return Ok(());
        }
        f.write_char('=')?;
        if !is_well_formed(key, value) {
            return write_quoted(f, value);
        }
        match key {
            MANDATORY => write_separated(f, self.mandatory().map(Key)),
            ALPN => write_protocols(f, value),
            PORT => write_separated(f, self.port()),
            IPV4_HINT => write_separated(f, self.ipv4_hints()),
            ECH => write!(f, "{}", Base64(value)),
            IPV6_HINT => write_separated(f, self.ipv6_hints().map(Ipv6)),
            _ => write_quoted(f, value),
        }
    }
}

impl fmt::Display for Svcb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.priority, self.target)?;
        self.parameters.iter().try_for_each(|(key, value)| self.write_parameter(f, *key, value))
    }
}
