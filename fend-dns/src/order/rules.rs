//! The rules of RFC 6724, section 6, by which two addresses are compared.
//!
//! Where glibc reads them in a way of its own, so does this: it is named at the rule. Rule 7, native transports before tunnels, is absent:
//! it would need the kind of each interface, and the RFC leaves it to those who know.

use std::cmp::Ordering;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::config::Policy;

/// An address to be tried, and from where it would be: `None` when there is no way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) destination: SocketAddr,
    pub(super) source: Option<Source>,
}

/// A source address, and what its interface says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) address: IpAddr,
    pub(super) is_deprecated: bool,
    pub(super) is_home: bool,
    /// How many bits of it are the network's; `None` when it is not known.
    pub(super) prefix: Option<u8>,
}

/// Whether `a` is to be tried before `b`, when `b` has come before `a`.
pub(super) fn goes_first(a: &Candidate, b: &Candidate, policy: &Policy) -> bool {
    compare(a, b, policy) == Ordering::Less
}

/// `Less` when `a` goes before `b`; `Equal` leaves them as they came (rule 10).
pub(super) fn compare(a: &Candidate, b: &Candidate, policy: &Policy) -> Ordering {
    let (to_a, to_b) = (a.destination.ip(), b.destination.ip());
    let by_source = match (a.source, b.source) {
        (Some(from_a), Some(from_b)) => compare_pairs((to_a, from_a), (to_b, from_b), policy),
        // Rule 1: there is a way to it.
        (a, b) => prefer(a.is_some(), b.is_some()),
    };
    by_source
        // Rule 6: higher precedence.
        .then_with(|| precedence(to_b, policy).cmp(&precedence(to_a, policy)))
        // Rule 8: smaller scope.
        .then_with(|| scope(to_a, policy).cmp(&scope(to_b, policy)))
        // Rule 9: longest matching prefix, within a family.
        .then_with(|| match (a.source, b.source) {
            (Some(from_a), Some(from_b)) if to_a.is_ipv4() == to_b.is_ipv4() => {
                common_bits(to_b, from_b).cmp(&common_bits(to_a, from_a))
            }
            _ => Ordering::Equal,
        })
}

/// Rules 2 to 5, of a destination and its source each.
fn compare_pairs(a: (IpAddr, Source), b: (IpAddr, Source), policy: &Policy) -> Ordering {
    let has_scope = |(to, from): (IpAddr, Source)| scope(to, policy) == scope(from.address, policy);
    let has_label = |(to, from): (IpAddr, Source)| label(to, policy) == label(from.address, policy);
    // Rule 2: matching scope.
    prefer(has_scope(a), has_scope(b))
        // Rule 3: no deprecated source.
        .then_with(|| prefer(!a.1.is_deprecated, !b.1.is_deprecated))
        // Rule 4: home addresses.
        .then_with(|| prefer(a.1.is_home, b.1.is_home))
        // Rule 5: matching label.
        .then_with(|| prefer(has_label(a), has_label(b)))
}

fn prefer(a: bool, b: bool) -> Ordering {
    b.cmp(&a)
}

/// The scope, as a number of multicast's: 2 the link, 5 the site, 14 the world.
fn scope(address: IpAddr, policy: &Policy) -> u32 {
    match address {
        IpAddr::V4(v4) => {
            let mut table = policy.v4_scopes.iter();
            table.find(|(prefix, bits, _)| is_in_v4(v4, *prefix, *bits)).map_or(14, |&(_, _, scope)| scope)
        }
        IpAddr::V6(v6) => scope_of_v6(v6),
    }
}

fn scope_of_v6(address: Ipv6Addr) -> u32 {
    match address.octets() {
        [0xff, flags_and_scope, ..] => u32::from(flags_and_scope & 0x0f),
        // The loopback address is like one of the link (RFC 4291, section 2.5.3).
        _ if address.is_loopback() => 2,
        [0xfe, second, ..] if second & 0xc0 == 0x80 => 2,
        [0xfe, second, ..] if second & 0xc0 == 0xc0 => 5,
        _ => 14,
    }
}

fn label(address: IpAddr, policy: &Policy) -> u32 {
    first_fit(address, &policy.labels)
}

fn precedence(address: IpAddr, policy: &Policy) -> u32 {
    first_fit(address, &policy.precedences)
}

/// What the table's first prefix says that fits. There is always one: a policy's tables end with one for all addresses.
fn first_fit(address: IpAddr, table: &[(Ipv6Addr, u8, u32)]) -> u32 {
    let address = match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    };
    let entry = table.iter().find(|(prefix, bits, _)| is_in_v6(address, *prefix, *bits));
    entry.map_or(0, |&(_, _, value)| value)
}

fn is_in_v6(address: Ipv6Addr, prefix: Ipv6Addr, bits: u8) -> bool {
    (address.to_bits() ^ prefix.to_bits()).leading_zeros() >= u32::from(bits)
}

fn is_in_v4(address: Ipv4Addr, prefix: Ipv4Addr, bits: u8) -> bool {
    (address.to_bits() ^ prefix.to_bits()).leading_zeros() >= u32::from(bits)
}

/// How many bits a destination and its source have in common.
///
/// Of IPv4 they count within the source's network alone, since beyond it they say nothing about the way. Of IPv6 all 128 count, and not only the
/// source's prefix, which is what C does.
fn common_bits(to: IpAddr, from: Source) -> u32 {
    match (to, from.address) {
        (IpAddr::V4(to), IpAddr::V4(address)) => {
            let common = (to.to_bits() ^ address.to_bits()).leading_zeros();
            if common >= u32::from(from.prefix.unwrap_or(32)) { common } else { 0 }
        }
        (IpAddr::V6(to), IpAddr::V6(address)) => (to.to_bits() ^ address.to_bits()).leading_zeros(),
        _ => 0,
    }
}
