//! Multicast: joining groups, and how datagrams to groups are sent. See ip(7), ipv6(7), RFC 3678.

use std::fmt;
use std::io;
use std::mem::size_of;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsFd;

use socket2::InterfaceIndexOrAddress;

use super::UdpSocket;
use crate::error::SocketError;
use crate::option::c_option::{COption, c_option};
use crate::option::check;
use crate::sys::option::set as set_bytes;

const IP_MULTICAST_ALL: COption = c_option!(SOL_IP, IP_MULTICAST_ALL);
const IP_MULTICAST_IF: COption = c_option!(SOL_IP, IP_MULTICAST_IF);
const IP_MULTICAST_LOOP: COption = c_option!(SOL_IP, IP_MULTICAST_LOOP);
const IP_MULTICAST_TTL: COption = c_option!(SOL_IP, IP_MULTICAST_TTL);
const IPV6_MULTICAST_ALL: COption = c_option!(SOL_IPV6, IPV6_MULTICAST_ALL = 29);
const IPV6_MULTICAST_HOPS: COption = c_option!(SOL_IPV6, IPV6_MULTICAST_HOPS);
const IPV6_MULTICAST_IF: COption = c_option!(SOL_IPV6, IPV6_MULTICAST_IF);
const IPV6_MULTICAST_LOOP: COption = c_option!(SOL_IPV6, IPV6_MULTICAST_LOOP);

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

/// As messages have it: "127.0.0.1", "interface 2".
impl fmt::Display for MulticastInterface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MulticastInterface::Address(address) => address.fmt(f),
            MulticastInterface::Index(index) => write!(f, "interface {index}"),
        }
    }
}

/// One membership, for messages: "join 224.0.0.1 on 127.0.0.1", "leave 232.0.0.1 from 127.0.0.1 on interface 2".
struct Membership {
    operation: &'static str,
    group: IpAddr,
    source: Option<IpAddr>,
    interface: MulticastInterface,
}

impl Membership {
    fn of(
        operation: &'static str,
        group: impl Into<IpAddr>,
        interface: impl Into<MulticastInterface>,
    ) -> Membership {
        Membership { operation, group: group.into(), source: None, interface: interface.into() }
    }

    fn of_source(self, source: impl Into<IpAddr>) -> Membership {
        Membership { source: Some(source.into()), ..self }
    }

    fn failed(self, error: io::Error) -> io::Error {
        let Membership { operation, group, source, interface } = self;
        let place = match source {
            Some(source) => format!("{group} from {source} on {interface}"),
            None => format!("{group} on {interface}"),
        };
        SocketError::wrap(operation, place, error)
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
    /// What setsockopt(2) says, with group and interface in the message ("join 224.0.0.1 on 127.0.0.1: ..."):
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for an address that is no group,
    /// [`AddrInUse`](io::ErrorKind::AddrInUse) for a group that is joined already, `ENODEV` without such an interface,
    /// `ENOBUFS` above `net.ipv4.igmp_max_memberships`.
    pub fn join_multicast_v4(
        &self,
        group: Ipv4Addr,
        interface: impl Into<MulticastInterface>,
    ) -> io::Result<()> {
        let interface = interface.into();
        self.socket()
            .join_multicast_v4_n(&group, &interface.for_socket2())
            .map_err(|error| Membership::of("join", group, interface).failed(error))
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
        let interface = interface.into();
        self.socket()
            .leave_multicast_v4_n(&group, &interface.for_socket2())
            .map_err(|error| Membership::of("leave", group, interface).failed(error))
    }

    /// Joins an IPv6 group on the interface of an index (`IPV6_ADD_MEMBERSHIP`); 0 leaves the choice to the kernel.
    ///
    /// # Errors
    ///
    /// As [`join_multicast_v4`](Self::join_multicast_v4).
    pub fn join_multicast_v6(&self, group: Ipv6Addr, interface: u32) -> io::Result<()> {
        self.socket()
            .join_multicast_v6(&group, interface)
            .map_err(|error| Membership::of("join", group, interface).failed(error))
    }

    /// Leaves an IPv6 group (`IPV6_DROP_MEMBERSHIP`).
    ///
    /// # Errors
    ///
    /// As [`leave_multicast_v4`](Self::leave_multicast_v4).
    pub fn leave_multicast_v6(&self, group: Ipv6Addr, interface: u32) -> io::Result<()> {
        self.socket()
            .leave_multicast_v6(&group, interface)
            .map_err(|error| Membership::of("leave", group, interface).failed(error))
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
        let interface = interface.into();
        match interface {
            MulticastInterface::Address(address) => self.socket().join_ssm_v4(&source, &group, &address),
            MulticastInterface::Index(index) => {
                self.set_source(libc::MCAST_JOIN_SOURCE_GROUP, source.into(), group.into(), index)
            }
        }
        .map_err(|error| Membership::of("join", group, interface).of_source(source).failed(error))
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
        let interface = interface.into();
        match interface {
            MulticastInterface::Address(address) => self.socket().leave_ssm_v4(&source, &group, &address),
            MulticastInterface::Index(index) => {
                self.set_source(libc::MCAST_LEAVE_SOURCE_GROUP, source.into(), group.into(), index)
            }
        }
        .map_err(|error| Membership::of("leave", group, interface).of_source(source).failed(error))
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
            .map_err(|error| Membership::of("join", group, interface).of_source(source).failed(error))
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
            .map_err(|error| Membership::of("leave", group, interface).of_source(source).failed(error))
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

/// As many hops as the option's byte holds: the kernel would take the greatest number for -1, which is its default.
fn set_hops(socket: &UdpSocket, option: &COption, hops: u32) -> io::Result<()> {
    option.set_int(socket.socket(), check::number(option, hops.into(), 0..=255)?)
}

/// How datagrams to groups are sent, and which are received.
impl UdpSocket {
    /// Sends datagrams to IPv4 groups by this interface (`IP_MULTICAST_IF`).
    ///
    /// # Errors
    ///
    /// What setsockopt(2) says: `EADDRNOTAVAIL` without such an interface.
    pub fn set_multicast_interface_v4(&self, interface: impl Into<MulticastInterface>) -> io::Result<()> {
        // struct ip_mreqn: the group, which is not looked at, the address, and the index.
        let mut request = [0; 12];
        let interface = interface.into();
        match interface {
            MulticastInterface::Address(address) => request[4..8].copy_from_slice(&address.octets()),
            MulticastInterface::Index(index) => request[8..].copy_from_slice(&index.to_ne_bytes()),
        }
        IP_MULTICAST_IF.set_bytes(self.socket(), &request, interface)
    }

    /// The address of the interface that datagrams to IPv4 groups are sent by (`IP_MULTICAST_IF`); unspecified when it was chosen by index, or not.
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn multicast_interface_v4(&self) -> io::Result<Ipv4Addr> {
        IP_MULTICAST_IF.array::<4>(self.socket()).map(Ipv4Addr::from)
    }

    /// Sends datagrams to IPv6 groups by the interface of this index (`IPV6_MULTICAST_IF`).
    ///
    /// # Errors
    ///
    /// What setsockopt(2) says: `ENODEV` without such an interface.
    pub fn set_multicast_interface_v6(&self, index: u32) -> io::Result<()> {
        IPV6_MULTICAST_IF.set_bytes(self.socket(), &index.to_ne_bytes(), MulticastInterface::Index(index))
    }

    /// The index of the interface that datagrams to IPv6 groups are sent by (`IPV6_MULTICAST_IF`); 0 when the kernel chooses.
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn multicast_interface_v6(&self) -> io::Result<u32> {
        IPV6_MULTICAST_IF.u32(self.socket())
    }

    /// Whether this host's own members receive what is sent to IPv4 groups (`IP_MULTICAST_LOOP`). On at first.
    ///
    /// # Errors
    ///
    /// What setsockopt(2) says.
    pub fn set_multicast_loop_v4(&self, on: bool) -> io::Result<()> {
        IP_MULTICAST_LOOP.set_bool(self.socket(), on)
    }

    /// What [`set_multicast_loop_v4`](Self::set_multicast_loop_v4) has set.
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        IP_MULTICAST_LOOP.bool(self.socket())
    }

    /// Whether this host's own members receive what is sent to IPv6 groups (`IPV6_MULTICAST_LOOP`). On at first.
    ///
    /// # Errors
    ///
    /// What setsockopt(2) says.
    pub fn set_multicast_loop_v6(&self, on: bool) -> io::Result<()> {
        IPV6_MULTICAST_LOOP.set_bool(self.socket(), on)
    }

    /// What [`set_multicast_loop_v6`](Self::set_multicast_loop_v6) has set.
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        IPV6_MULTICAST_LOOP.bool(self.socket())
    }

    /// How many hops datagrams to IPv4 groups go (`IP_MULTICAST_TTL`). 1 at first: not beyond the local network.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) above 255.
    pub fn set_multicast_ttl_v4(&self, hops: u32) -> io::Result<()> {
        set_hops(self, &IP_MULTICAST_TTL, hops)
    }

    /// What [`set_multicast_ttl_v4`](Self::set_multicast_ttl_v4) has set.
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        IP_MULTICAST_TTL.count(self.socket())
    }

    /// How many hops datagrams to IPv6 groups go (`IPV6_MULTICAST_HOPS`). 1 at first: not beyond the local network.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) above 255.
    pub fn set_multicast_hops_v6(&self, hops: u32) -> io::Result<()> {
        set_hops(self, &IPV6_MULTICAST_HOPS, hops)
    }

    /// What [`set_multicast_hops_v6`](Self::set_multicast_hops_v6) has set.
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn multicast_hops_v6(&self) -> io::Result<u32> {
        IPV6_MULTICAST_HOPS.count(self.socket())
    }

    /// Whether datagrams come of all IPv4 groups that any socket of this host has joined (`IP_MULTICAST_ALL`, on at first), or only of those
    /// that this one has.
    ///
    /// # Errors
    ///
    /// What setsockopt(2) says.
    pub fn set_multicast_all_v4(&self, on: bool) -> io::Result<()> {
        IP_MULTICAST_ALL.set_bool(self.socket(), on)
    }

    /// What [`set_multicast_all_v4`](Self::set_multicast_all_v4) has set.
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn multicast_all_v4(&self) -> io::Result<bool> {
        IP_MULTICAST_ALL.bool(self.socket())
    }

    /// The same for IPv6 groups (`IPV6_MULTICAST_ALL`, Linux 4.20).
    ///
    /// # Errors
    ///
    /// What setsockopt(2) says.
    pub fn set_multicast_all_v6(&self, on: bool) -> io::Result<()> {
        IPV6_MULTICAST_ALL.set_bool(self.socket(), on)
    }

    /// What [`set_multicast_all_v6`](Self::set_multicast_all_v6) has set.
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn multicast_all_v6(&self) -> io::Result<bool> {
        IPV6_MULTICAST_ALL.bool(self.socket())
    }
}
