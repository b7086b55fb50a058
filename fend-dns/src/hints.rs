//! [`Hints`]: what kind of addresses a lookup is for, as getaddrinfo(3) has them.

/// The family of addresses (`ai_family`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Family {
    /// Both (`AF_UNSPEC`).
    #[default]
    Any,
    /// `AF_INET`.
    V4,
    /// `AF_INET6`.
    V6,
}

/// The kind of socket (`ai_socktype`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SocketType {
    /// `SOCK_STREAM`.
    Stream,
    /// `SOCK_DGRAM`.
    Datagram,
    /// `SOCK_RAW`.
    Raw,
    /// `SOCK_SEQPACKET`: SCTP.
    SeqPacket,
    /// `SOCK_DCCP`.
    Dccp,
}

/// The transport (`ai_protocol`): its number of IP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Protocol(pub i32);

impl Protocol {
    /// `IPPROTO_TCP`.
    pub const TCP: Protocol = Protocol(libc::IPPROTO_TCP);
    /// `IPPROTO_UDP`.
    pub const UDP: Protocol = Protocol(libc::IPPROTO_UDP);
    /// `IPPROTO_SCTP`.
    pub const SCTP: Protocol = Protocol(libc::IPPROTO_SCTP);
}

/// What addresses a lookup is for. The default is what a TCP client wants: both families, `SocketType::Stream`, no flags.
///
/// # Examples
///
/// ```
/// use fend::dns::{Family, Hints, SocketType};
///
/// // For a UDP server that listens at each IPv6 address that the machine has.
/// let hints = Hints::new().family(Family::V6).socket_type(SocketType::Datagram).passive(true);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use = "hints do nothing until a lookup takes them"]
pub struct Hints {
    pub(crate) family: Family,
    /// `None`: each that there is, as with 0 in C.
    pub(crate) socket_type: Option<SocketType>,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) passive: bool,
    pub(crate) canonical_name: bool,
    pub(crate) numeric_host: bool,
    pub(crate) numeric_service: bool,
    pub(crate) v4_mapped: bool,
    pub(crate) all: bool,
    pub(crate) addr_config: bool,
}

impl Default for Hints {
    fn default() -> Hints {
        Hints {
            family: Family::Any,
            socket_type: Some(SocketType::Stream),
            protocol: None,
            passive: false,
            canonical_name: false,
            numeric_host: false,
            numeric_service: false,
            v4_mapped: false,
            all: false,
            addr_config: false,
        }
    }
}

impl Hints {
    /// What a TCP client wants.
    pub fn new() -> Hints {
        Hints::default()
    }

    /// Addresses of this family alone (`ai_family`).
    pub fn family(mut self, family: Family) -> Hints {
        self.family = family;
        self
    }

    /// For sockets of this type alone (`ai_socktype`).
    pub fn socket_type(mut self, socket_type: SocketType) -> Hints {
        self.socket_type = Some(socket_type);
        self
    }

    /// For sockets of every type (`ai_socktype` 0): the list then has each address several times, once for each type that the service is
    /// there for.
    pub fn any_socket_type(mut self) -> Hints {
        self.socket_type = None;
        self
    }

    /// For this transport alone (`ai_protocol`).
    pub fn protocol(mut self, protocol: Protocol) -> Hints {
        self.protocol = Some(protocol);
        self
    }

    /// `AI_PASSIVE`: without a host the addresses are the wildcards, for a server to bind to, and not those of the loopback interface. `::` comes
    /// first (in C it is 0.0.0.0), since a socket that is bound to it takes connections of both families.
    pub fn passive(mut self, passive: bool) -> Hints {
        self.passive = passive;
        self
    }

    /// `AI_CANONNAME`: tell the host's canonical name too ([`AddrList::canonical_name`](crate::AddrList::canonical_name)).
    pub fn canonical_name(mut self, canonical_name: bool) -> Hints {
        self.canonical_name = canonical_name;
        self
    }

    /// `AI_NUMERICHOST`: the host is an address as text, and a name is an error. Nothing is ever looked up.
    pub fn numeric_host(mut self, numeric_host: bool) -> Hints {
        self.numeric_host = numeric_host;
        self
    }

    /// `AI_NUMERICSERV`: the service is a port's number, and a name is an error.
    pub fn numeric_service(mut self, numeric_service: bool) -> Hints {
        self.numeric_service = numeric_service;
        self
    }

    /// `AI_V4MAPPED`: with [`Family::V6`], a host that has no IPv6 address is told by its IPv4 addresses, as `::ffff:192.0.2.1`.
    pub fn v4_mapped(mut self, v4_mapped: bool) -> Hints {
        self.v4_mapped = v4_mapped;
        self
    }

    /// `AI_ALL`: with [`v4_mapped`](Hints::v4_mapped), IPv4 addresses come beside those of IPv6, not only in their place.
    pub fn all(mut self, all: bool) -> Hints {
        self.all = all;
        self
    }

    /// `AI_ADDRCONFIG`: only families of which the machine has an address that is not the loopback's.
    pub fn addr_config(mut self, addr_config: bool) -> Hints {
        self.addr_config = addr_config;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_a_tcp_client_and_each_setter_changes_its_own_field() {
        let plain = Hints::new();
        assert_eq!(
            (plain.family, plain.socket_type, plain.protocol),
            (Family::Any, Some(SocketType::Stream), None)
        );
        let set = plain
            .family(Family::V6)
            .any_socket_type()
            .protocol(Protocol::SCTP)
            .passive(true)
            .canonical_name(true)
            .numeric_host(true)
            .numeric_service(true)
            .v4_mapped(true)
            .all(true)
            .addr_config(true);
        let expected = Hints {
            family: Family::V6,
            socket_type: None,
            protocol: Some(Protocol::SCTP),
            passive: true,
            canonical_name: true,
            numeric_host: true,
            numeric_service: true,
            v4_mapped: true,
            all: true,
            addr_config: true,
        };
        assert_eq!(set, expected);
        assert_eq!(plain.socket_type(SocketType::Raw).socket_type, Some(SocketType::Raw));
    }
}
