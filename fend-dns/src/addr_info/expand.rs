//! From addresses, a service and hints to the list that getaddrinfo(3) would give, without any lookup.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use super::kind::Endpoints;
use super::{AddrInfo, AddrList};
use crate::error::{Cause, LookupError};
use crate::hints::{Family, Hints};

/// The list of `addresses`, whose ports do not count: each as often as there are kinds of sockets that the service is there for.
pub(crate) fn expand(addresses: &[SocketAddr], endpoints: &Endpoints) -> AddrList {
    let endpoints = endpoints.as_slice();
    let mut list = Vec::with_capacity(addresses.len() * endpoints.len());
    for &address in addresses {
        list.extend(endpoints.iter().map(|endpoint| {
            let mut address = address;
            address.set_port(endpoint.port);
            AddrInfo { address, socket_type: endpoint.socket_type, protocol: endpoint.protocol }
        }));
    }
    AddrList { list, canonical_name: None }
}

/// The addresses of no host: the wildcards or the loopback's, IPv6 first. The loopback's are to be sorted as those of a name. The wildcards are
/// not, unlike in C, where 0.0.0.0 comes first: a server that binds to `::` is reached by both families.
///
/// # Errors
///
/// A canonical name is asked for: there is none.
pub(crate) fn hostless(family: Family, hints: &Hints) -> Result<Vec<SocketAddr>, LookupError> {
    if hints.canonical_name {
        return Err(LookupError::input("*", "a canonical name is asked for, and there is no host"));
    }
    let (v4, v6) = match hints.passive {
        true => (Ipv4Addr::UNSPECIFIED, Ipv6Addr::UNSPECIFIED),
        false => (Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST),
    };
    let v6 = (family != Family::V4).then_some(SocketAddr::from((v6, 0)));
    let v4 = (family != Family::V6).then_some(SocketAddr::from((v4, 0)));
    Ok(v6.into_iter().chain(v4).collect())
}

/// The address that a literal is, in the family that is asked for: an IPv4 address may be mapped to IPv6, and a mapped one is one of IPv4
/// too.
///
/// # Errors
///
/// No data, when it is of the other family.
pub(crate) fn literal(
    address: IpAddr,
    scope: u32,
    family: Family,
    hints: &Hints,
) -> Result<SocketAddr, LookupError> {
    let scoped = |v6| SocketAddr::V6(SocketAddrV6::new(v6, 0, 0, scope));
    let other = |text: &str| Err(LookupError::new(address.to_string(), Cause::NoData(text.to_owned())));
    match (address, family) {
        (IpAddr::V4(v4), Family::V6) if hints.v4_mapped => Ok(scoped(v4.to_ipv6_mapped())),
        (IpAddr::V4(_), Family::V6) => other("it is an IPv4 address, and IPv6 was asked for"),
        (IpAddr::V6(v6), Family::V4) => match v6.to_ipv4_mapped() {
            Some(v4) => Ok(SocketAddr::from((v4, 0))),
            None => other("it is an IPv6 address, and IPv4 was asked for"),
        },
        (IpAddr::V6(v6), _) => Ok(scoped(v6)),
        (IpAddr::V4(v4), _) => Ok(SocketAddr::from((v4, 0))),
    }
}
