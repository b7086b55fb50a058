//! [`MtuDiscovery`]: what becomes of packets that are too large for the path.

use libc::c_int;

/// What becomes of packets that are too large for the path to the peer (`IP_MTU_DISCOVER`, `IPV6_MTU_DISCOVER`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MtuDiscovery {
    /// They may be cut into fragments on the way.
    Dont,
    /// The kernel learns the path's MTU and keeps to it, and cuts a longer datagram up itself: the default.
    Want,
    /// Never cut up: too long a datagram is an error (`EMSGSIZE`).
    Do,
    /// Never cut up, and the MTU that was learnt is ignored: to probe the path.
    Probe,
    /// The MTU of the interface holds, what was learnt or told of the path is ignored, and a longer datagram is an error.
    Interface,
    /// As [`Interface`](Self::Interface), but longer datagrams are cut up.
    Omit,
}

impl MtuDiscovery {
    const ALL: [MtuDiscovery; 6] = [
        MtuDiscovery::Dont,
        MtuDiscovery::Want,
        MtuDiscovery::Do,
        MtuDiscovery::Probe,
        MtuDiscovery::Interface,
        MtuDiscovery::Omit,
    ];

    /// The numbers are the same for IPv4 and IPv6.
    pub(crate) fn number(self) -> c_int {
        match self {
            MtuDiscovery::Dont => libc::IP_PMTUDISC_DONT,
            MtuDiscovery::Want => libc::IP_PMTUDISC_WANT,
            MtuDiscovery::Do => libc::IP_PMTUDISC_DO,
            MtuDiscovery::Probe => libc::IP_PMTUDISC_PROBE,
            MtuDiscovery::Interface => libc::IP_PMTUDISC_INTERFACE,
            MtuDiscovery::Omit => libc::IP_PMTUDISC_OMIT,
        }
    }

    pub(crate) fn of_number(number: c_int) -> Option<MtuDiscovery> {
        MtuDiscovery::ALL.into_iter().find(|kind| kind.number() == number)
    }
}
