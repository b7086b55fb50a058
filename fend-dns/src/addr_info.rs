//! [`AddrInfo`]: one address that a lookup has found, and [`AddrList`]: all of them, in the order in which to try them.

use std::net::SocketAddr;

use crate::hints::{Protocol, SocketType};

/// One address, and what kind of socket it is for (`struct addrinfo`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AddrInfo {
    pub(crate) address: SocketAddr,
    pub(crate) socket_type: SocketType,
    pub(crate) protocol: Protocol,
}

/// What a lookup has found, in the order in which to try it (RFC 6724). It can be given to `TcpStream::connect`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddrList {
    pub(crate) list: Vec<AddrInfo>,
    pub(crate) canonical_name: Option<String>,
}
