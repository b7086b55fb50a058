//! gai.conf(5): the tables by which addresses are put into order.
//!
//! Lines are `label PREFIX VALUE`, `precedence PREFIX VALUE` and `scopev4 PREFIX VALUE`. One line of a kind is enough to put the
//! whole default table of that kind aside, as in the C library; only its entry for all other addresses
//! stays, unless a line has a prefix of length 0. `reload` is skipped, because fend reads the file again anyway. `#` starts a comment anywhere.

#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, Ipv6Addr};

use super::line::{lines, text_words, until};

/// A prefix, its length in bits, and what addresses with this prefix have.
type Entry<A> = (A, u8, u32);

/// The policy table of RFC 6724, section 2.1, with what gai.conf(5) puts in its place.
///
/// Each table has its longest prefixes first, and prefixes of one length in the order of the file: the first that fits counts. The
/// last entry fits all addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Policy {
    /// IPv4 as mapped addresses (::ffff:0:0/96).
    pub(crate) labels: Vec<Entry<Ipv6Addr>>,
    pub(crate) precedences: Vec<Entry<Ipv6Addr>>,
    /// `scopev4`: prefix, length, scope.
    pub(crate) v4_scopes: Vec<Entry<Ipv4Addr>>,
}

const ANY: Ipv6Addr = Ipv6Addr::UNSPECIFIED;
const MAPPED: Ipv6Addr = Ipv4Addr::UNSPECIFIED.to_ipv6_mapped();
const SIX_TO_FOUR: Ipv6Addr = Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0);
const TEREDO: Ipv6Addr = Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0);
const SITE_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0);
const UNIQUE_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0);

/// Those of glibc, which follow RFC 3484 rather than RFC 6724. This is the order that all other programs of the machine see.
const LABELS: [Entry<Ipv6Addr>; 8] = [
    (Ipv6Addr::LOCALHOST, 128, 0),
    (ANY, 96, 3),
    (MAPPED, 96, 4),
    (TEREDO, 32, 7),
    (SIX_TO_FOUR, 16, 2),
    (SITE_LOCAL, 10, 5),
    (UNIQUE_LOCAL, 7, 6),
    (ANY, 0, 1),
];

const PRECEDENCES: [Entry<Ipv6Addr>; 5] =
    [(Ipv6Addr::LOCALHOST, 128, 50), (ANY, 96, 20), (MAPPED, 96, 10), (SIX_TO_FOUR, 16, 30), (ANY, 0, 40)];

/// Link-local is 2, global 14. Private addresses are global, as RFC 6724, section 3.2, has it.
const V4_SCOPES: [Entry<Ipv4Addr>; 3] = [
    (Ipv4Addr::new(169, 254, 0, 0), 16, 2),
    (Ipv4Addr::new(127, 0, 0, 0), 8, 2),
    (Ipv4Addr::UNSPECIFIED, 0, 14),
];

impl Policy {
    /// What a file with these bytes asks for.
    pub(crate) fn parse(bytes: &[u8]) -> Policy {
        let mut policy = Policy { labels: Vec::new(), precedences: Vec::new(), v4_scopes: Vec::new() };
        for line in lines(bytes) {
            policy.read_line(until(line, b'#'));
        }
        complete(&mut policy.labels, &LABELS);
        complete(&mut policy.precedences, &PRECEDENCES);
        complete(&mut policy.v4_scopes, &V4_SCOPES);
        policy
    }

    fn read_line(&mut self, line: &[u8]) -> Option<()> {
        let mut words = text_words(line);
        let (keyword, prefix) = (words.next()?, words.next()?);
        // C reads a value that is missing as 0.
        let value = words.next().map_or(Some(0), |word| word.parse::<i32>().ok())?;
        let value = u32::try_from(value).ok()?;
        match keyword {
            "label" => self.labels.push(v6_entry(prefix, value)?),
            "precedence" => self.precedences.push(v6_entry(prefix, value)?),
            "scopev4" => self.v4_scopes.push(v4_entry(prefix, value)?),
            _ => {}
        }
        Some(())
    }
}

/// The defaults in place of an empty table; else what the defaults have for all other addresses.
fn complete<A: Copy>(table: &mut Vec<Entry<A>>, defaults: &[Entry<A>]) {
    if table.is_empty() {
        table.extend_from_slice(defaults);
    } else if !table.iter().any(|&(_, length, _)| length == 0) {
        table.extend(defaults.last());
    }
    table.sort_by_key(|&(_, length, _)| std::cmp::Reverse(length));
}

fn v6_entry(prefix: &str, value: u32) -> Option<Entry<Ipv6Addr>> {
    let (address, length) = split_length(prefix, 128)?;
    Some((address.parse().ok()?, length, value))
}

/// An IPv4 prefix, or one of mapped addresses (`::ffff:127.0.0.0/104`), which is the same.
fn v4_entry(prefix: &str, value: u32) -> Option<Entry<Ipv4Addr>> {
    let entry = match split_length(prefix, 32) {
        Some((address, length)) if !address.contains(':') => (address.parse().ok()?, length, value),
        _ => {
            let (address, length, value) = v6_entry(prefix, value)?;
            (address.to_ipv4_mapped()?, length.checked_sub(96)?, value)
        }
    };
    Some(masked(entry))
}

/// Without the bits beyond the prefix's length, as C keeps them.
fn masked((address, length, value): Entry<Ipv4Addr>) -> Entry<Ipv4Addr> {
    let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
    (Ipv4Addr::from_bits(address.to_bits() & mask), length, value)
}

fn split_length(prefix: &str, most: u8) -> Option<(&str, u8)> {
    let (address, length) = match prefix.split_once('/') {
        Some((address, length)) => (address, length.parse().ok()?),
        None => (prefix, most),
    };
    (length <= most).then_some((address, length))
}
