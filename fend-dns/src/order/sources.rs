//! From which address the kernel would send to another: a datagram socket that is connected tells it, without a packet being sent.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::AsFd;

use socket2::{Domain, Socket, Type};

use super::interfaces::Interfaces;
use super::rules::{Candidate, Source};
use crate::sys;

/// Each address with its source, of which the interfaces have not said anything yet. Two sockets serve them all, one for each family.
pub(super) fn ask(addresses: &[SocketAddr]) -> Vec<Candidate> {
    let mut v4 = Probe::new(Domain::IPV4);
    let mut v6 = Probe::new(Domain::IPV6);
    let ask = |&destination: &SocketAddr| {
        let probe = if destination.is_ipv4() { &mut v4 } else { &mut v6 };
        Candidate { destination, source: probe.source_to(destination).ok().map(unvalued) }
    };
    addresses.iter().map(ask).collect()
}

/// With all that there is to know of it, as of now.
#[cfg(test)]
pub(super) fn find(addresses: &[SocketAddr]) -> Vec<Candidate> {
    let mut candidates = ask(addresses);
    value(&mut candidates);
    candidates
}

pub(super) fn unvalued(address: IpAddr) -> Source {
    Source { address, is_deprecated: false, is_home: false, prefix: None }
}

/// Has the interfaces say what they know of the sources. They are not asked when no answer of theirs could matter: when there are no two
/// sources that differ.
pub(super) fn value(candidates: &mut [Candidate]) {
    let mut sources = candidates.iter().filter_map(|candidate| candidate.source);
    let first = sources.next();
    if sources.all(|source| Some(source) == first) && !has_two_of_v4(candidates) {
        return;
    }
    let Ok(interfaces) = Interfaces::recent() else { return };
    // glibc forgets what it knows of interfaces on a machine without IPv6. Then rule 9 has no networks to compare, and the order stays.
    if !interfaces.families().v6 {
        return;
    }
    for source in candidates.iter_mut().filter_map(|candidate| candidate.source.as_mut()) {
        // The whole of 127.0.0.0/8 is the loopback's, which has the first of it alone.
        let own = if source.address.to_canonical().is_loopback() && source.address.is_ipv4() {
            IpAddr::V4(Ipv4Addr::LOCALHOST)
        } else {
            source.address
        };
        if let Some(interface) = interfaces.of(own) {
            source.is_deprecated = interface.is_deprecated();
            source.is_home = interface.is_home();
            source.prefix = Some(interface.prefix);
        }
    }
}

/// Rule 9 needs the size of the network, though both are reached from one address.
fn has_two_of_v4(candidates: &[Candidate]) -> bool {
    let reached = candidates.iter().filter(|candidate| candidate.source.is_some());
    reached.filter(|candidate| candidate.destination.is_ipv4()).count() > 1
}

/// A socket that asks for the sources of one family; opened when the first is asked for.
struct Probe {
    domain: Domain,
    socket: Option<Socket>,
    is_connected: bool,
}

impl Probe {
    fn new(domain: Domain) -> Probe {
        Probe { domain, socket: None, is_connected: false }
    }

    fn source_to(&mut self, destination: SocketAddr) -> io::Result<IpAddr> {
        let socket = match self.socket.take() {
            Some(socket) => self.socket.insert(socket),
            None => self.socket.insert(Socket::new(self.domain, Type::DGRAM, None)?),
        };
        if self.is_connected {
            // Else the first source would stay that of all.
            sys::forget_peer(socket.as_fd())?;
            self.is_connected = false;
        }
        socket.connect(&destination.into())?;
        self.is_connected = true;
        let source = socket.local_addr()?.as_socket();
        source.map(|source| source.ip()).ok_or_else(|| io::Error::other("a source of another family"))
    }
}
