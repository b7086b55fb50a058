//! Multicast: joining groups, and how datagrams to groups are sent. See ip(7), ipv6(7), RFC 3678.

use std::io;
use std::mem::size_of;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsFd;

use socket2::InterfaceIndexOrAddress;

use super::UdpSocket;
use crate::sys::option::set as set_bytes;

/// An interface, for IPv4: by one of its addresses or by its index.
///
/// # Examples
///
/// ```
/// use std::net::Ipv4Addr;
///
/// use fend::net::udp::MulticastInterface;
///
/// assert_eq!(MulticastInterface::from(Ipv4Addr::LOCALHOST), MulticastInterface::Address([127, 0, 0, 1].into()));
/// assert_eq!(MulticastInterface::from(1), MulticastInterface::Index(1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MulticastInterface {
    /// That which has this address. [`Ipv4Addr::UNSPECIFIED`] leaves the choice to the kernel.
    Address(Ipv4Addr),
    /// That of this index: `if_nametoindex(3)`, `ip link`. 0 leaves the choice to the kernel.
    Index(u32),
}

impl From<Ipv4Addr> for MulticastInterface {
    fn from(address: Ipv4Addr) -> MulticastInterface {
        MulticastInterface::Address(address)
    }
}

impl From<u32> for MulticastInterface {
    fn from(index: u32) -> MulticastInterface {
        MulticastInterface::Index(index)
    }
}

impl MulticastInterface {
    fn for_socket2(self) -> InterfaceIndexOrAddress {
        match self {
            MulticastInterface::Address(address) => InterfaceIndexOrAddress::Address(address),
            MulticastInterface::Index(index) => InterfaceIndexOrAddress::Index(index),
        }
    }
}

/// Membership in groups.
impl UdpSocket {
    /// Joins an IPv4 group on an interface (`IP_ADD_MEMBERSHIP`).
    ///
    /// A socket bound to [`Ipv4Addr::UNSPECIFIED`] receives the datagrams of all groups that *any* socket of this host has joined, to
    /// its port: bind to the group's address to have that group alone, or switch [`set_multicast_all_v4`](Self::set_multicast_all_v4)
    /// off.
    ///
    /// # Errors
    ///
    /// What setsockopt(2) says: [`InvalidInput`](io::ErrorKind::InvalidInput) for an address that is no group,
    /// [`AddrInUse`](io::ErrorKind::AddrInUse) for a group that is joined already, `ENODEV` without such an interface,
    /// `ENOBUFS` above `net.ipv4.igmp_max_memberships`.
    pub fn join_multicast_v4(
        &self,
        group: Ipv4Addr,
        interface: impl Into<MulticastInterface>,
    ) -> io::Result<()> {
        self.socket().join_multicast_v4_n(&group, &interface.into().for_socket2())
    }

    /// Leaves an IPv4 group (`IP_DROP_MEMBERSHIP`).
    ///
    /// # Errors
    ///
    /// What setsockopt(2) says: [`AddrNotAvailable`](io::ErrorKind::AddrNotAvailable) for a group that is not joined there.
    pub fn leave_multicast_v4(
        &self,
        group: Ipv4Addr,
        interface: impl Into<MulticastInterface>,
    ) -> io::Result<()> {
        self.socket().leave_multicast_v4_n(&group, &interface.into().for_socket2())
    }

    /// Joins an IPv6 group on the interface of an index (`IPV6_ADD_MEMBERSHIP`); 0 leaves the choice to the kernel.
    ///
    /// # Errors
    ///
    /// As [`join_multicast_v4`](Self::join_multicast_v4).
    pub fn join_multicast_v6(&self, group: Ipv6Addr, interface: u32) -> io::Result<()> {
        self.socket().join_multicast_v6(&group, interface)
    }

    /// Leaves an IPv6 group (`IPV6_DROP_MEMBERSHIP`).
    ///
    /// # Errors
    ///
    /// As [`leave_multicast_v4`](Self::leave_multicast_v4).
    pub fn leave_multicast_v6(&self, group: Ipv6Addr, interface: u32) -> io::Result<()> {
        self.socket().leave_multicast_v6(&group, interface)
    }

    /// Joins an IPv4 group for the datagrams of one sender (`IP_ADD_SOURCE_MEMBERSHIP`, `MCAST_JOIN_SOURCE_GROUP`). Call it for each
    /// sender.
    ///
    /// # Errors
    ///
    /// As [`join_multicast_v4`](Self::join_multicast_v4).
    pub fn join_multicast_source_v4(
        &self,
        source: Ipv4Addr,
        group: Ipv4Addr,
        interface: impl Into<MulticastInterface>,
    ) -> io::Result<()> {
        match interface.into() {
            MulticastInterface::Address(address) => self.socket().join_ssm_v4(&source, &group, &address),
            MulticastInterface::Index(index) => {
                self.set_source(libc::MCAST_JOIN_SOURCE_GROUP, source.into(), group.into(), index)
            }
        }
    }

    /// Leaves an IPv4 group for one sender.
    ///
    /// # Errors
    ///
    /// As [`leave_multicast_v4`](Self::leave_multicast_v4).
    pub fn leave_multicast_source_v4(
        &self,
        source: Ipv4Addr,
        group: Ipv4Addr,
        interface: impl Into<MulticastInterface>,
    ) -> io::Result<()> {
        match interface.into() {
            MulticastInterface::Address(address) => self.socket().leave_ssm_v4(&source, &group, &address),
            MulticastInterface::Index(index) => {
                self.set_source(libc::MCAST_LEAVE_SOURCE_GROUP, source.into(), group.into(), index)
            }
        }
    }

    /// Joins an IPv6 group for the datagrams of one sender (`MCAST_JOIN_SOURCE_GROUP`). Call it for each sender.
    ///
    /// # Errors
    ///
    /// As [`join_multicast_v4`](Self::join_multicast_v4).
    pub fn join_multicast_source_v6(
        &self,
        source: Ipv6Addr,
        group: Ipv6Addr,
        interface: u32,
    ) -> io::Result<()> {
        self.set_source(libc::MCAST_JOIN_SOURCE_GROUP, source.into(), group.into(), interface)
    }

    /// Leaves an IPv6 group for one sender.
    ///
    /// # Errors
    ///
    /// As [`leave_multicast_v4`](Self::leave_multicast_v4).
    pub fn leave_multicast_source_v6(
        &self,
        source: Ipv6Addr,
        group: Ipv6Addr,
        interface: u32,
    ) -> io::Result<()> {
        self.set_source(libc::MCAST_LEAVE_SOURCE_GROUP, source.into(), group.into(), interface)
    }

    /// `struct group_source_req`: the interface, and two addresses in the space of a `sockaddr_storage` each.
    fn set_source(&self, name: i32, source: IpAddr, group: IpAddr, interface: u32) -> io::Result<()> {
        const STORAGE: usize = size_of::<libc::sockaddr_storage>();
        const START: usize = align_of::<libc::sockaddr_storage>();
        let mut request = [0; START + 2 * STORAGE];
        request[..4].copy_from_slice(&interface.to_ne_bytes());
        put_address(&mut request[START..], group);
        put_address(&mut request[START + STORAGE..], source);
        let level = if group.is_ipv4() { libc::IPPROTO_IP } else { libc::IPPROTO_IPV6 };
        set_bytes(self.socket().as_fd(), level, name, &request)
    }
}

/// A `struct sockaddr_in` or `sockaddr_in6` without port.
fn put_address(place: &mut [u8], address: IpAddr) {
    match address {
        IpAddr::V4(address) => {
            place[..2].copy_from_slice(&(libc::AF_INET as u16).to_ne_bytes());
            place[4..8].copy_from_slice(&address.octets());
        }
        IpAddr::V6(address) => {
            place[..2].copy_from_slice(&(libc::AF_INET6 as u16).to_ne_bytes());
            place[8..24].copy_from_slice(&address.octets());
        }
    }
}

/// The kernel would take the greatest number for -1, which is its default.
fn checked(hops: u32) -> io::Result<u32> {
    if hops <= 255 {
        Ok(hops)
    } else {
        Err(crate::socket::unfit(format!("multicast over {hops} hops: at most 255")))
    }
}

/// How datagrams to groups are sent, and which are received.
impl UdpSocket {
    /// Sends datagrams to IPv4 groups by this interface (`IP_MULTICAST_IF`).
    ///
    /// # Errors
    ///
    /// What setsockopt(2) says: `EADDRNOTAVAIL` without such an interface.
    pub fn set_multicast_interface_v4(&self, interface: impl Into<MulticastInterface>) -> io::Result<()> {
        match interface.into() {
            MulticastInterface::Address(address) => self.socket().set_multicast_if_v4(&address),
            MulticastInterface::Index(index) => {
                // struct ip_mreqn: the group, which is not looked at, the address, and the index.
                let mut request = [0; 12];
                request[8..].copy_from_slice(&index.to_ne_bytes());
                set_bytes(self.socket().as_fd(), libc::IPPROTO_IP, libc::IP_MULTICAST_IF, &request)
            }
        }
    }

    /// The address of the interface that datagrams to IPv4 groups are sent by (`IP_MULTICAST_IF`); unspecified when it was chosen by index, or not.
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn multicast_interface_v4(&self) -> io::Result<Ipv4Addr> {
        self.socket().multicast_if_v4()
    }

    /// Sends datagrams to IPv6 groups by the interface of this index (`IPV6_MULTICAST_IF`).
    ///
    /// # Errors
    ///
    /// What setsockopt(2) says: `ENODEV` without such an interface.
    pub fn set_multicast_interface_v6(&self, index: u32) -> io::Result<()> {
        self.socket().set_multicast_if_v6(index)
    }

    /// The index of the interface that datagrams to IPv6 groups are sent by (`IPV6_MULTICAST_IF`); 0 when the kernel chooses.
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn multicast_interface_v6(&self) -> io::Result<u32> {
        self.socket().multicast_if_v6()
    }

    /// Whether this host's own members receive what is sent to IPv4 groups (`IP_MULTICAST_LOOP`). On at first.
    ///
    /// # Errors
    ///
    /// What setsockopt(2) says.
    pub fn set_multicast_loop_v4(&self, on: bool) -> io::Result<()> {
        self.socket().set_multicast_loop_v4(on)
    }

    /// What [`set_multicast_loop_v4`](Self::set_multicast_loop_v4) has set.
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        self.socket().multicast_loop_v4()
    }

    /// Whether this host's own members receive what is sent to IPv6 groups (`IPV6_MULTICAST_LOOP`). On at first.
    ///
    /// # Errors
    ///
    /// What setsockopt(2) says.
    pub fn set_multicast_loop_v6(&self, on: bool) -> io::Result<()> {
        self.socket().set_multicast_loop_v6(on)
    }

    /// What [`set_multicast_loop_v6`](Self::set_multicast_loop_v6) has set.
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        self.socket().multicast_loop_v6()
    }

    /// How many hops datagrams to IPv4 groups go (`IP_MULTICAST_TTL`). 1 at first: not beyond the local network.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) above 255.
    pub fn set_multicast_ttl_v4(&self, hops: u32) -> io::Result<()> {
        self.socket().set_multicast_ttl_v4(checked(hops)?)
    }

    /// What [`set_multicast_ttl_v4`](Self::set_multicast_ttl_v4) has set.
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        self.socket().multicast_ttl_v4()
    }

    /// How many hops datagrams to IPv6 groups go (`IPV6_MULTICAST_HOPS`). 1 at first: not beyond the local network.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) above 255.
    pub fn set_multicast_hops_v6(&self, hops: u32) -> io::Result<()> {
        self.socket().set_multicast_hops_v6(checked(hops)?)
    }

    /// What [`set_multicast_hops_v6`](Self::set_multicast_hops_v6) has set.
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn multicast_hops_v6(&self) -> io::Result<u32> {
        self.socket().multicast_hops_v6()
    }

    /// Whether datagrams come of all IPv4 groups that any socket of this host has joined (`IP_MULTICAST_ALL`, on at first), or only of those
    /// that this one has.
    ///
    /// # Errors
    ///
    /// What setsockopt(2) says.
    pub fn set_multicast_all_v4(&self, on: bool) -> io::Result<()> {
        self.socket().set_multicast_all_v4(on)
    }

    /// What [`set_multicast_all_v4`](Self::set_multicast_all_v4) has set.
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn multicast_all_v4(&self) -> io::Result<bool> {
        self.socket().multicast_all_v4()
    }

    /// The same for IPv6 groups (`IPV6_MULTICAST_ALL`, Linux 4.20).
    ///
    /// # Errors
    ///
    /// What setsockopt(2) says.
    pub fn set_multicast_all_v6(&self, on: bool) -> io::Result<()> {
        self.socket().set_multicast_all_v6(on)
    }

    /// What [`set_multicast_all_v6`](Self::set_multicast_all_v6) has set.
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn multicast_all_v6(&self) -> io::Result<bool> {
        self.socket().multicast_all_v6()
    }
}
