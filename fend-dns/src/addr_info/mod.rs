//! [`AddrInfo`]: one address that a lookup has found, and [`AddrList`]: all of them, in the order in which to try them.

mod expand;
mod family;
mod kind;

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::Deref;
use std::slice;
use std::vec;

use fend_net::IntoAddrs;

pub(crate) use expand::{expand, hostless, literal};
pub(crate) use family::{Configured, family_to_ask, select};
pub(crate) use kind::{Endpoints, endpoints};

use crate::hints::{Family, Protocol, SocketType};

/// One address, and what kind of socket it is for (`struct addrinfo`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AddrInfo {
    pub(crate) address: SocketAddr,
    pub(crate) socket_type: SocketType,
    pub(crate) protocol: Protocol,
}

impl AddrInfo {
    /// The address and port (`ai_addr`).
    #[must_use]
    pub fn socket_addr(&self) -> SocketAddr {
        self.address
    }

    /// The address without the port.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        self.address.ip()
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The address's family (`ai_family`): never [`Family::Any`].
    #[must_use]
    pub fn family(&self) -> Family {
        if self.address.is_ipv4() { Family::V4 } else { Family::V6 }
    }

    /// The type of socket that it is for (`ai_socktype`).
    #[must_use]
    pub fn socket_type(&self) -> SocketType {
        self.socket_type
    }

    /// The transport (`ai_protocol`): number 0 for raw sockets when none was asked for.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }
}

impl From<AddrInfo> for SocketAddr {
    fn from(info: AddrInfo) -> SocketAddr {
        info.address
    }
}

/// What a lookup has found, in the order in which to try it (RFC 6724). It can be given to `TcpStream::connect`.
///
/// Its text is the addresses, with commas between them.
///
/// # Examples
///
/// ```
/// use fend::dns::lookup;
/// use fend::net::{TcpListener, TcpStream};
///
/// # fn main() {}
/// # async fn not_run() -> Result<(), Box<dyn std::error::Error>> {
/// let list = lookup("localhost", 8080).await?;
/// for info in &list {
///     println!("{}", info.ip());
/// }
/// let stream = TcpStream::connect(list).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddrList {
    pub(crate) list: Vec<AddrInfo>,
    pub(crate) canonical_name: Option<String>,
}

impl AddrList {
    /// The host's canonical name, when [`Hints::canonical_name`](crate::Hints::canonical_name) asked for it.
    #[must_use]
    pub fn canonical_name(&self) -> Option<&str> {
        self.canonical_name.as_deref()
    }

    /// The addresses in their order: each once, though it may be in the list for several types of socket, or come twice from a server.
    pub fn socket_addrs(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        let mut seen = HashSet::new();
        self.list.iter().map(|info| info.address).filter(move |&address| seen.insert(address))
    }
}

impl Deref for AddrList {
    type Target = [AddrInfo];

    fn deref(&self) -> &[AddrInfo] {
        &self.list
    }
}

impl IntoIterator for AddrList {
    type Item = AddrInfo;
    type IntoIter = vec::IntoIter<AddrInfo>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl<'a> IntoIterator for &'a AddrList {
    type Item = &'a AddrInfo;
    type IntoIter = slice::Iter<'a, AddrInfo>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

/// Each address once, as [`AddrList::socket_addrs`] has them.
impl IntoAddrs for AddrList {
    type Addrs = vec::IntoIter<SocketAddr>;

    fn into_addrs(self) -> io::Result<Self::Addrs> {
        (&self).into_addrs()
    }
}

/// Each address once, as [`AddrList::socket_addrs`] has them.
impl IntoAddrs for &AddrList {
    type Addrs = vec::IntoIter<SocketAddr>;

    fn into_addrs(self) -> io::Result<Self::Addrs> {
        Ok(self.socket_addrs().collect::<Vec<_>>().into_iter())
    }
}

impl fmt::Display for AddrList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, address) in self.socket_addrs().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{address}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
