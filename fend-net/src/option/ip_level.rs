//! Options of IP: see [ip(7)](https://man7.org/linux/man-pages/man7/ip.7.html) and
//! [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
//!
//! An IPv6 socket may talk to IPv4 peers too, at mapped addresses, and keeps settings of its own for those. So what exists for
//! both families is set for both on such a socket, and read as it is for IPv6.

use std::io;

use libc::c_int;
use socket2::{Domain, Socket};

use super::MtuDiscovery;
use super::c_option::{COption, c_option};
use super::check;

pub(crate) const IPV6_V6ONLY: COption = c_option!(SOL_IPV6, IPV6_V6ONLY);
/// One setting for both families, as the next.
pub(crate) const IP_FREEBIND: COption = c_option!(SOL_IP, IP_FREEBIND);
pub(crate) const IP_TRANSPARENT: COption = c_option!(SOL_IP, IP_TRANSPARENT);
pub(crate) const IP_BIND_ADDRESS_NO_PORT: COption = c_option!(SOL_IP, IP_BIND_ADDRESS_NO_PORT);

/// One setting that each family has an option for.
struct Both {
    v4: COption,
    v6: COption,
}

const TTL: Both = Both { v4: c_option!(SOL_IP, IP_TTL), v6: c_option!(SOL_IPV6, IPV6_UNICAST_HOPS) };
const TOS: Both = Both { v4: c_option!(SOL_IP, IP_TOS), v6: c_option!(SOL_IPV6, IPV6_TCLASS) };
const MTU: Both = Both { v4: c_option!(SOL_IP, IP_MTU), v6: c_option!(SOL_IPV6, IPV6_MTU) };
const MTU_DISCOVER: Both =
    Both { v4: c_option!(SOL_IP, IP_MTU_DISCOVER), v6: c_option!(SOL_IPV6, IPV6_MTU_DISCOVER) };

impl Both {
    fn of(&self, socket: &Socket) -> io::Result<&COption> {
        Ok(if is_v6(socket)? { &self.v6 } else { &self.v4 })
    }

    fn set(&self, socket: &Socket, value: c_int) -> io::Result<()> {
        if is_v6(socket)? {
            self.v6.set_int(socket, value)?;
        }
        self.v4.set_int(socket, value)
    }
}

fn is_v6(socket: &Socket) -> io::Result<bool> {
    Ok(socket.domain()? == Domain::IPV6)
}

pub(crate) fn ttl(socket: &Socket) -> io::Result<u32> {
    TTL.of(socket)?.count(socket)
}

pub(crate) fn set_ttl(socket: &Socket, hops: u32) -> io::Result<()> {
    TTL.set(socket, check::number(TTL.of(socket)?, hops.into(), 1..=255)?)
}

pub(crate) fn tos(socket: &Socket) -> io::Result<u8> {
    TOS.of(socket)?.int(socket).map(|byte| byte as u8)
}

pub(crate) fn set_tos(socket: &Socket, tos: u8) -> io::Result<()> {
    TOS.set(socket, tos.into())
}

pub(crate) fn mtu(socket: &Socket) -> io::Result<u32> {
    MTU.of(socket)?.count(socket)
}

pub(crate) fn mtu_discovery(socket: &Socket) -> io::Result<MtuDiscovery> {
    let number = MTU_DISCOVER.of(socket)?.int(socket)?;
    MtuDiscovery::of_number(number).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidData, format!("MTU discovery: the kernel gave {number}"))
    })
}

pub(crate) fn set_mtu_discovery(socket: &Socket, discovery: MtuDiscovery) -> io::Result<()> {
    MTU_DISCOVER.set(socket, discovery.number())
}

/// Options of IPv4 and IPv6.
macro_rules! ip_options {
    ($type:ty) => {
        /// Options of IP, from [ip(7)](https://man7.org/linux/man-pages/man7/ip.7.html) and
        /// [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
        impl $type {
            /// How many hops the packets that are sent may go: the time to live of IPv4 (`IP_TTL`), the hop limit of IPv6
            /// (`IPV6_UNICAST_HOPS`).
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn ttl(&self) -> ::std::io::Result<u32> {
                $crate::option::methods::ttl(self.socket())
            }

            /// Sets how many hops the packets that are sent may go: the time to live of IPv4 (`IP_TTL`), the hop limit of IPv6
            /// (`IPV6_UNICAST_HOPS`). On an IPv6 socket it is set for both, as its peers may be IPv4 ones. Connections that a
            /// listener accepts start with it.
            ///
            /// # Errors
            ///
            /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) outside of 1 to 255.
            pub fn set_ttl(&self, hops: u32) -> ::std::io::Result<()> {
                $crate::option::methods::set_ttl(self.socket(), hops)
            }

            /// The type of service of packets that are sent (`IP_TOS`), for IPv6 the traffic class (`IPV6_TCLASS`): six bits of
            /// DSCP, and below them two of ECN.
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn tos(&self) -> ::std::io::Result<u8> {
                $crate::option::methods::tos(self.socket())
            }

            /// Sets the type of service of packets that are sent (`IP_TOS`), for IPv6 the traffic class (`IPV6_TCLASS`), with
            /// the DSCP in the upper six bits. On an IPv6 socket it is set for both, as its peers may be IPv4 ones.
            ///
            /// The lower two bits are ECN's. On TCP they belong to the kernel, which leaves them as they are.
            ///
            /// # Errors
            ///
            /// What setsockopt(2) says.
            pub fn set_tos(&self, tos: u8) -> ::std::io::Result<()> {
                $crate::option::methods::set_tos(self.socket(), tos)
            }

            /// Whether an IPv6 socket is for IPv6 peers only (`IPV6_V6ONLY`).
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says; `ENOPROTOOPT` on an IPv4 socket.
            pub fn only_v6(&self) -> ::std::io::Result<bool> {
                $crate::option::methods::IPV6_V6ONLY.bool(self.socket())
            }

            /// Keeps an IPv6 socket to IPv6 peers (`IPV6_V6ONLY`), or lets IPv4 ones in, at mapped addresses. Before it is bound.
            /// The default is in `net.ipv6.bindv6only`.
            ///
            /// # Errors
            ///
            /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) once the socket is bound; `ENOPROTOOPT` on an IPv4 socket.
            pub fn set_only_v6(&self, only_v6: bool) -> ::std::io::Result<()> {
                $crate::option::methods::IPV6_V6ONLY.set_bool(self.socket(), only_v6)
            }

            /// Whether an address may be bound that this system does not have (`IP_FREEBIND`).
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn freebind(&self) -> ::std::io::Result<bool> {
                $crate::option::methods::IP_FREEBIND.bool(self.socket())
            }

            /// Lets an address be bound that this system does not have, or not yet (`IP_FREEBIND`).
            ///
            /// # Errors
            ///
            /// What setsockopt(2) says.
            pub fn set_freebind(&self, freebind: bool) -> ::std::io::Result<()> {
                $crate::option::methods::IP_FREEBIND.set_bool(self.socket(), freebind)
            }

            /// Whether the socket is for transparent proxying (`IP_TRANSPARENT`).
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn transparent(&self) -> ::std::io::Result<bool> {
                $crate::option::methods::IP_TRANSPARENT.bool(self.socket())
            }

            /// Lets the socket stand in for addresses that are not this system's (`IP_TRANSPARENT`): for a transparent proxy, to
            /// which the packet filter redirects.
            ///
            /// # Errors
            ///
            /// [`PermissionDenied`](std::io::ErrorKind::PermissionDenied) without `CAP_NET_ADMIN` or `CAP_NET_RAW`.
            pub fn set_transparent(&self, transparent: bool) -> ::std::io::Result<()> {
                $crate::option::methods::IP_TRANSPARENT.set_bool(self.socket(), transparent)
            }

            /// Whether binding to an address with port 0 leaves the choice of the port to `connect`
            /// (`IP_BIND_ADDRESS_NO_PORT`).
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn bind_address_no_port(&self) -> ::std::io::Result<bool> {
                $crate::option::methods::IP_BIND_ADDRESS_NO_PORT.bool(self.socket())
            }

            /// Leaves the choice of the port to `connect` when an address is bound with port 0 (`IP_BIND_ADDRESS_NO_PORT`). More
            /// connections than there are ports can then be made from one address, as long as their peers differ.
            ///
            /// # Errors
            ///
            /// What setsockopt(2) says.
            pub fn set_bind_address_no_port(&self, no_port: bool) -> ::std::io::Result<()> {
                $crate::option::methods::IP_BIND_ADDRESS_NO_PORT.set_bool(self.socket(), no_port)
            }

            /// The largest packet that the path to the peer takes, in bytes, as far as it is known (`IP_MTU`, `IPV6_MTU`).
            ///
            /// # Errors
            ///
            /// [`NotConnected`](std::io::ErrorKind::NotConnected) on a socket that is not connected.
            pub fn mtu(&self) -> ::std::io::Result<u32> {
                $crate::option::methods::mtu(self.socket())
            }

            /// What becomes of packets that are too large for the path (`IP_MTU_DISCOVER`, `IPV6_MTU_DISCOVER`).
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn mtu_discovery(&self) -> ::std::io::Result<$crate::MtuDiscovery> {
                $crate::option::methods::mtu_discovery(self.socket())
            }

            /// Sets what becomes of packets that are too large for the path (`IP_MTU_DISCOVER`, `IPV6_MTU_DISCOVER`). On an
            /// IPv6 socket it is set for both, as its peers may be IPv4 ones.
            ///
            /// # Errors
            ///
            /// What setsockopt(2) says.
            pub fn set_mtu_discovery(&self, discovery: $crate::MtuDiscovery) -> ::std::io::Result<()> {
                $crate::option::methods::set_mtu_discovery(self.socket(), discovery)
            }
        }
    };
}
pub(crate) use ip_options;
