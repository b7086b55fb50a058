//! hosts(5): names and addresses without any server.
//!
//! A line is an address, the canonical name, and aliases; `#` starts a comment anywhere. A line whose first word is no address, or
//! that has no name, is skipped.
//!
//! # What the C library answers
//!
//! Observed with glibc 2.36 (`getent`, getaddrinfo(3)) on a file of such lines, and done alike here:
//!
//! - All lines with a name count, in the order of the file (`multi on`, as Debian's host.conf(5) has it; without that line
//!   the C library stops at the first). A line is compared with its canonical name and its aliases, whatever their case.
//! - The canonical name is that of the first line that has an address of the family asked for, spelled as it stands there.
//! - Asked for both families, each line has the address that it says, and `::ffff:10.9.9.9` stays an IPv6 address.
//! - Asked for IPv4, a mapped address (`::ffff:10.9.9.9`) is the IPv4 address in it, and `::1` is 127.0.0.1. Of `::1 a` and
//!   `127.0.0.1 a` both give 127.0.0.1, so that C lists it twice.
//! - Asked for IPv6, IPv4 lines do not count: a name that has only 127.0.0.1 is not found, unless AI_V4MAPPED is set, which is the
//!   caller's part. Not found in this file means that the next source is asked.
//! - The name of 127.0.0.1 is that of the first line with 127.0.0.1, `::ffff:127.0.0.1` or `::1`.
//! - Numbers as of inet_aton(3) (`010.0.0.11`, `10.11`) are no addresses here.
//!
//! # What differs
//!
//! - An address that a name has twice is given once.
//! - A dot at a name's end counts neither in the file nor in the question; C takes it for a part of the name.
//! - A link-local address with an interface of this machine (`fe80::1%eth0`) is taken; C skips the line.
//! - A name longer than 255 bytes, or that is not UTF-8, is left out, and with the canonical name its line.
//!
//! # How it is kept
//!
//! Lists of hosts to block have 200,000 lines. So there are no strings of their own: one buffer has the names, one list the lines,
//! one the names' places in chains of a hash table. All of it is filled in one pass, and takes about three
//! times as many bytes as the file, twice that when its names are very short.

mod table;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::address::scoped_address;
use super::line::{lines, until, words};
use crate::hints::Family;
use table::Names;

/// hosts(5).
#[derive(Debug, Default)]
pub(crate) struct Hosts {
    lines: Vec<Line>,
    names: Names,
    /// By address: the first line that has it.
    by_address: HashMap<IpAddr, u32>,
}

#[derive(Debug)]
struct Line {
    address: IpAddr,
    scope: u32,
    /// The number of its canonical name; those of its aliases follow.
    canonical: u32,
}

/// An address of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostsEntry {
    pub(crate) address: IpAddr,
    /// Of a link-local address that was written with its interface ("fe80::1%eth0").
    pub(crate) scope: u32,
    /// The canonical name of its line.
    pub(crate) canonical: Box<str>,
}

impl Hosts {
    /// The hosts of a file with these bytes.
    pub(crate) fn parse(bytes: &[u8]) -> Hosts {
        let mut hosts = Hosts::default();
        for line in lines(bytes) {
            // Only a file of GiB has more: the rest of it is left out.
            if hosts.names.is_full() {
                break;
            }
            hosts.read_line(until(line, b'#'));
        }
        hosts.names.link();
        hosts
    }

    fn read_line(&mut self, line: &[u8]) -> Option<()> {
        let mut words = words(line).map(|word| std::str::from_utf8(word).ok());
        let (address, scope) = scoped_address(words.next()??)?;
        let number = u32::try_from(self.lines.len()).ok()?;
        let canonical = self.names.push(words.next()??, number)?;
        for alias in words.flatten() {
            self.names.push(alias, number);
        }
        // Lists of hosts to block have one address on all lines.
        let is_that_of_the_line_before = self.lines.last().is_some_and(|line| line.address == address);
        if !is_that_of_the_line_before {
            self.name_address(address, number);
        }
        self.lines.push(Line { address, scope, canonical });
        Some(())
    }

    /// The first line that has an address has its name, and that of the IPv4 address that it means.
    fn name_address(&mut self, address: IpAddr, line: u32) {
        self.by_address.entry(address).or_insert(line);
        if let Some(v4) = as_family(address, Family::V4) {
            self.by_address.entry(v4).or_insert(line);
        }
    }

    /// The addresses of a name, in the order of the file, without repetition.
    pub(crate) fn find(&self, name: &str, family: Family) -> Vec<HostsEntry> {
        let mut seen = HashSet::new();
        let lines = self.names.lines_of(name).filter_map(|line| self.lines.get(line as usize));
        lines
            .filter_map(|line| Some((as_family(line.address, family)?, line)))
            .filter(|(address, line)| seen.insert((*address, line.scope)))
            .map(|(address, line)| HostsEntry {
                address,
                scope: line.scope,
                canonical: self.names.text(line.canonical).into(),
            })
            .collect()
    }

    /// The canonical name of the first line that has this address.
    pub(crate) fn name_of(&self, address: IpAddr) -> Option<&str> {
        let line = self.lines.get(*self.by_address.get(&address)? as usize)?;
        Some(self.names.text(line.canonical))
    }
}

/// What an address is to one who asks for this family.
fn as_family(address: IpAddr, family: Family) -> Option<IpAddr> {
    match (family, address) {
        (Family::Any, _) | (Family::V4, IpAddr::V4(_)) | (Family::V6, IpAddr::V6(_)) => Some(address),
        (Family::V4, IpAddr::V6(Ipv6Addr::LOCALHOST)) => Some(Ipv4Addr::LOCALHOST.into()),
        (Family::V4, IpAddr::V6(address)) => address.to_ipv4_mapped().map(IpAddr::V4),
        (Family::V6, IpAddr::V4(_)) => None,
    }
}
