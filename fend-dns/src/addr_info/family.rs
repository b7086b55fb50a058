//! Which families of addresses are asked for, and which of those that were found are told: `AI_ADDRCONFIG`, `AI_V4MAPPED`, `AI_ALL`.

use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};

use crate::error::{Cause, LookupError};
use crate::hints::{Family, Hints};

/// The families of which the machine has addresses; 127.0.0.1 and ::1 do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Configured {
    pub(crate) v4: bool,
    pub(crate) v6: bool,
}

/// The family that a lookup is for, by `AI_ADDRCONFIG`: of two families the one that the machine has. A machine that has neither, because
/// it is on no network yet, is no reason to tell nothing.
///
/// # Errors
///
/// No data, when one family is asked for and the machine does not have it. (C says `EAI_NONAME`; but the name may exist.)
pub(crate) fn family_to_ask(
    subject: &str,
    hints: &Hints,
    configured: Configured,
) -> Result<Family, LookupError> {
    let missing = |name| {
        let message = format!("this machine has no {name} address beside the loopback's");
        Err(LookupError::new(subject, Cause::NoData(message)))
    };
    match (hints.family, configured) {
        (Family::V4, Configured { v4: false, .. }) => missing("IPv4"),
        (Family::V6, Configured { v6: false, .. }) => missing("IPv6"),
        (Family::Any, Configured { v4: true, v6: false }) => Ok(Family::V4),
        (Family::Any, Configured { v4: false, v6: true }) => Ok(Family::V6),
        (family, _) => Ok(family),
    }
}

/// Of the addresses that a name has, those to be told. IPv4 addresses that are mapped to IPv6 come after those of IPv6.
pub(crate) fn select(mut found: Vec<SocketAddr>, family: Family, hints: &Hints) -> Vec<SocketAddr> {
    match family {
        Family::Any => {}
        Family::V4 => found.retain(SocketAddr::is_ipv4),
        Family::V6 if hints.v4_mapped && (hints.all || !found.iter().any(is_v6)) => {
            // Stable: what is of IPv6 stays in front, in its order.
            found.sort_by_key(SocketAddr::is_ipv4);
            found.iter_mut().for_each(|address| *address = mapped(*address));
        }
        // Addresses that are mapped already, in AAAA records, are as good as those of IPv4.
        Family::V6 if hints.v4_mapped => found.retain(is_v6),
        Family::V6 => found.retain(SocketAddr::is_ipv6),
    }
    found
}

fn is_v6(address: &SocketAddr) -> bool {
    address.ip().to_canonical().is_ipv6()
}

fn mapped(address: SocketAddr) -> SocketAddr {
    let of_v4 = |v4: SocketAddrV4| SocketAddrV6::new(v4.ip().to_ipv6_mapped(), v4.port(), 0, 0);
    match address {
        SocketAddr::V4(v4) => SocketAddr::V6(of_v4(v4)),
        SocketAddr::V6(_) => address,
    }
}
