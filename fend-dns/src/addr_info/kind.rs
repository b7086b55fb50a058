//! The kinds of sockets that a lookup may be for, and which of them a service is there for: the rules of getaddrinfo(3) in glibc.

use crate::error::LookupError;
use crate::hints::{Hints, Protocol, SocketType};
use crate::service::Service;

/// A kind of socket.
struct Kind {
    socket_type: SocketType,
    protocol: Protocol,
    /// In services(5).
    name: &'static str,
    /// One of those that a port's number gives when nothing is asked for.
    is_usual: bool,
}

const IPPROTO_DCCP: Protocol = Protocol(libc::IPPROTO_DCCP);
const IPPROTO_UDPLITE: Protocol = Protocol(libc::IPPROTO_UDPLITE);

/// In C's order. The last takes any protocol, and has no ports.
const KINDS: [Kind; 7] = [
    Kind { socket_type: SocketType::Stream, protocol: Protocol::TCP, name: "tcp", is_usual: true },
    Kind { socket_type: SocketType::Datagram, protocol: Protocol::UDP, name: "udp", is_usual: true },
    Kind { socket_type: SocketType::Dccp, protocol: IPPROTO_DCCP, name: "dccp", is_usual: false },
    Kind { socket_type: SocketType::Datagram, protocol: IPPROTO_UDPLITE, name: "udplite", is_usual: false },
    Kind { socket_type: SocketType::Stream, protocol: Protocol::SCTP, name: "sctp", is_usual: false },
    Kind { socket_type: SocketType::SeqPacket, protocol: Protocol::SCTP, name: "sctp", is_usual: false },
    Kind { socket_type: SocketType::Raw, protocol: Protocol(0), name: "raw", is_usual: true },
];

impl Kind {
    fn is_raw(&self) -> bool {
        self.socket_type == SocketType::Raw
    }

    fn fits(&self, hints: &Hints) -> bool {
        hints.socket_type.is_none_or(|wanted| wanted == self.socket_type)
            && (self.is_raw() || given(hints).is_none_or(|wanted| wanted == self.protocol))
    }

    fn at(&self, hints: &Hints, port: u16) -> Endpoint {
        let protocol = if self.is_raw() { given(hints).unwrap_or(Protocol(0)) } else { self.protocol };
        Endpoint { socket_type: self.socket_type, protocol, port }
    }
}

/// The protocol that is asked for: 0 asks for none, as in C.
fn given(hints: &Hints) -> Option<Protocol> {
    hints.protocol.filter(|&protocol| protocol != Protocol(0))
}

/// What each address is combined with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(super) socket_type: SocketType,
    pub(super) protocol: Protocol,
    pub(super) port: u16,
}

/// One alone, which is the usual case, takes no place on the heap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Endpoints {
    One(Endpoint),
    Several(Vec<Endpoint>),
}

impl Endpoints {
    pub(super) fn as_slice(&self) -> &[Endpoint] {
        match self {
            Endpoints::One(endpoint) => std::slice::from_ref(endpoint),
            Endpoints::Several(list) => list,
        }
    }
}

/// The kinds of sockets that `service` is there for, and its port for each. `port` looks a name up for a protocol ("tcp").
pub(crate) fn endpoints(
    subject: &str,
    service: &Service,
    hints: &Hints,
    port: impl Fn(&str, &str) -> Option<u16>,
) -> Result<Endpoints, LookupError> {
    if hints.socket_type.is_none() && given(hints).is_none() {
        return endpoints_of_all(subject, service, hints, port).map(Endpoints::Several);
    }
    let kind = KINDS.iter().find(|kind| kind.fits(hints)).ok_or_else(|| no_such_kind(subject, hints))?;
    let port = match service {
        Service::None => 0,
        _ if kind.is_raw() => return Err(no_ports(subject, service)),
        Service::Port(port) => *port,
        Service::Name(name) => port(name, kind.name).ok_or_else(|| unknown(subject, name, kind.name))?,
    };
    Ok(Endpoints::One(kind.at(hints, port)))
}

fn endpoints_of_all(
    subject: &str,
    service: &Service,
    hints: &Hints,
    port: impl Fn(&str, &str) -> Option<u16>,
) -> Result<Vec<Endpoint>, LookupError> {
    let usual = |port| KINDS.iter().filter(|kind| kind.is_usual).map(|kind| kind.at(hints, port)).collect();
    let name = match service {
        Service::None => return Ok(usual(0)),
        Service::Port(port) => return Ok(usual(*port)),
        Service::Name(name) => name,
    };
    let with_ports = KINDS.iter().filter(|kind| !kind.is_raw());
    let found: Vec<_> = with_ports.filter_map(|kind| Some(kind.at(hints, port(name, kind.name)?))).collect();
    if found.is_empty() {
        return Err(LookupError::input(subject, format!("there is no service {name:?}")));
    }
    Ok(found)
}

fn no_such_kind(subject: &str, hints: &Hints) -> LookupError {
    let protocol = given(hints).unwrap_or(Protocol(0)).0;
    LookupError::input(
        subject,
        match hints.socket_type {
            Some(socket_type) => format!("there are no {socket_type:?} sockets of protocol {protocol}"),
            None => format!("there are no sockets of protocol {protocol}"),
        },
    )
}

fn no_ports(subject: &str, service: &Service) -> LookupError {
    LookupError::input(subject, format!("raw sockets have no ports, and so no service {service}"))
}

fn unknown(subject: &str, service: &str, protocol: &str) -> LookupError {
    LookupError::input(subject, format!("there is no service {service:?} for {protocol}"))
}
