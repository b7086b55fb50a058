//! [`NameServer`]: a server to ask, and how.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// A name server, and how it is asked.
///
/// An IP address alone stands for port 53 there, by datagrams.
///
/// # Examples
///
/// ```
/// use std::net::{IpAddr, Ipv4Addr, SocketAddr};
///
/// use fend::dns::NameServer;
///
/// let server = NameServer::from(IpAddr::V4(Ipv4Addr::LOCALHOST));
/// assert_eq!(server.to_string(), "127.0.0.1:53");
///
/// let address = SocketAddr::from(([192, 0, 2, 1], 853));
/// let server = NameServer::tls(address, "dns.example");
/// assert_eq!(server.to_string(), "192.0.2.1:853 (TLS, dns.example)");
/// ```
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
    /// Over TLS (RFC 7858), with a certificate for this host name or address. Without one that is valid the server is not asked at all.
    #[cfg(feature = "tls")]
    Tls(String),
}

impl NameServer {
    /// Asked by datagrams, and by TCP when an answer does not fit into one. The port is usually 53.
    pub fn new(address: SocketAddr) -> NameServer {
        NameServer { address, transport: Transport::Udp }
    }

    /// Asked by TCP alone. A connection is used for several questions.
    pub fn tcp(address: SocketAddr) -> NameServer {
        NameServer { address, transport: Transport::Tcp }
    }

    /// Asked over TLS (RFC 7858), with a certificate for `host`: a host name or an IP address. The port is usually 853.
    ///
    /// The questions are encrypted and padded (RFC 8467), and a connection is used for several of them. When its certificate is not valid for
    /// `host` the lookup goes on to the next server, and never to this one without TLS.
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

/// "127.0.0.1:53", with the transport behind it when it is not the usual one.
impl fmt::Display for NameServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.transport {
            Transport::Udp => write!(f, "{}", self.address),
            Transport::Tcp => write!(f, "{} (TCP)", self.address),
            #[cfg(feature = "tls")]
            Transport::Tls(host) => write!(f, "{} (TLS, {host})", self.address),
        }
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
