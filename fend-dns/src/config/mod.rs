//! What the system's files say: resolv.conf(5), hosts(5), nsswitch.conf(5), services(5), gai.conf(5).

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::name::Name;

/// resolv.conf(5), with what RES_OPTIONS and LOCALDOMAIN add to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ResolvConf {
    /// At most 3, as in C. 127.0.0.1:53 when the file names none.
    pub(crate) servers: Vec<SocketAddr>,
    pub(crate) search: Vec<Name>,
    /// 1 unless it says; 15 at most.
    pub(crate) ndots: u8,
    /// 5 s unless it says; 1 to 30 s.
    pub(crate) timeout: Duration,
    /// 2 unless it says; 1 to 5.
    pub(crate) attempts: u8,
    pub(crate) rotate: bool,
    pub(crate) edns0: bool,
    /// `single-request` and `single-request-reopen`: A first, then AAAA.
    pub(crate) single_request: bool,
    pub(crate) trust_ad: bool,
    /// `use-vc`: TCP alone.
    pub(crate) use_tcp: bool,
    pub(crate) no_aaaa: bool,
    /// `no-tld-query`: a name without a dot is never asked for as it is.
    pub(crate) no_tld_query: bool,
    pub(crate) no_reload: bool,
    /// What it asks for that the native path does not do, for example "sortlist".
    pub(crate) beyond_us: Option<String>,
}

/// hosts(5).
#[derive(Debug, Default)]
pub(crate) struct Hosts {
    /// By name in lower case, without a dot at its end: addresses in the order of the file, without repetition, each with
    /// the canonical name of its line.
    pub(crate) by_name: HashMap<Box<str>, Vec<HostsEntry>>,
    /// By address: the canonical name of the first line that has it.
    pub(crate) by_address: HashMap<IpAddr, Box<str>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostsEntry {
    pub(crate) address: IpAddr,
    /// Of a link-local address that was written with its interface ("fe80::1%eth0").
    pub(crate) scope: u32,
    pub(crate) canonical: Box<str>,
}

/// Where nsswitch.conf(5) has host names looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HostsOrder {
    FilesDns,
    DnsFiles,
    Files,
    Dns,
    /// Something that only the C library has: its word.
    BeyondUs(String),
}

/// services(5).
#[derive(Debug, Default)]
pub(crate) struct Services {
    /// By name or alias, and protocol ("tcp").
    pub(crate) ports: HashMap<(Box<str>, Box<str>), u16>,
}

/// The policy table of RFC 6724, section 2.1, with what gai.conf(5) puts in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Policy {
    /// IPv4 as mapped addresses (::ffff:0:0/96). The longest prefix counts.
    pub(crate) labels: Vec<(std::net::Ipv6Addr, u8, u32)>,
    pub(crate) precedences: Vec<(std::net::Ipv6Addr, u8, u32)>,
    /// `scopev4`: prefix, length, scope.
    pub(crate) v4_scopes: Vec<(std::net::Ipv4Addr, u8, u32)>,
}
