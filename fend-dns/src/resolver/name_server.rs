//! [`NameServer`]: a server to ask, and how.

use std::net::{IpAddr, SocketAddr};

/// A name server, and how it is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NameServer {
    pub(crate) address: SocketAddr,
    pub(crate) transport: Transport,
}

/// How a name server is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// By datagrams, and by TCP when an answer does not fit into one.
    Udp,
    /// By TCP alone.
    Tcp,
    /// Over TLS (RFC 7858), with a certificate for this host name or address.
    #[cfg(feature = "tls")]
    Tls(String),
}

impl NameServer {
    /// Asked by datagrams, and by TCP when an answer does not fit into one. The port is usually 53.
    pub fn new(address: SocketAddr) -> NameServer {
        NameServer { address, transport: Transport::Udp }
    }

    /// Asked by TCP alone.
    pub fn tcp(address: SocketAddr) -> NameServer {
        NameServer { address, transport: Transport::Tcp }
    }

    /// Asked over TLS (RFC 7858), with a certificate for `host`. The port is usually 853.
    #[cfg(feature = "tls")]
    pub fn tls(address: SocketAddr, host: impl Into<String>) -> NameServer {
        NameServer { address, transport: Transport::Tls(host.into()) }
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How it is asked.
    #[must_use]
    pub fn transport(&self) -> &Transport {
        &self.transport
    }
}

impl From<IpAddr> for NameServer {
    fn from(address: IpAddr) -> NameServer {
        NameServer::new((address, 53).into())
    }
}

impl From<SocketAddr> for NameServer {
    fn from(address: SocketAddr) -> NameServer {
        NameServer::new(address)
    }
}
