//! Options of IP and UDP.

use std::io;

use super::UdpSocket;

/// Options of IP.
impl UdpSocket {
    /// Whether datagrams may be sent to broadcast addresses (`SO_BROADCAST`).
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn broadcast(&self) -> io::Result<bool> {
        self.socket().broadcast()
    }

    /// Allows datagrams to broadcast addresses (`SO_BROADCAST`). Off at first: then sending to one is
    /// [`PermissionDenied`](io::ErrorKind::PermissionDenied).
    ///
    /// # Errors
    ///
    /// What setsockopt(2) says.
    pub fn set_broadcast(&self, on: bool) -> io::Result<()> {
        self.socket().set_broadcast(on)
    }

    /// The time to live of sent IPv4 packets (`IP_TTL`, in hops).
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn ttl(&self) -> io::Result<u32> {
        self.socket().ttl_v4()
    }

    /// Sets the time to live of sent IPv4 packets (`IP_TTL`, in hops).
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) outside of 1 to 255.
    pub fn set_ttl(&self, hops: u32) -> io::Result<()> {
        self.socket().set_ttl_v4(hops)
    }

    /// The hop limit of sent IPv6 packets (`IPV6_UNICAST_HOPS`).
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says: an error for an IPv4 socket.
    pub fn hop_limit(&self) -> io::Result<u32> {
        self.socket().unicast_hops_v6()
    }

    /// Sets the hop limit of sent IPv6 packets (`IPV6_UNICAST_HOPS`).
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) above 255; what setsockopt(2) says: an error for an IPv4 socket.
    pub fn set_hop_limit(&self, hops: u32) -> io::Result<()> {
        self.socket().set_unicast_hops_v6(hops)
    }

    /// The type of service byte of sent IPv4 packets (`IP_TOS`).
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn tos(&self) -> io::Result<u32> {
        self.socket().tos_v4()
    }

    /// Sets the type of service byte of sent IPv4 packets (`IP_TOS`): DSCP in its upper six bits, ECN in the lower two.
    ///
    /// # Errors
    ///
    /// What setsockopt(2) says.
    pub fn set_tos(&self, tos: u32) -> io::Result<()> {
        self.socket().set_tos_v4(tos)
    }

    /// The traffic class of sent IPv6 packets (`IPV6_TCLASS`).
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says: an error for an IPv4 socket.
    pub fn traffic_class(&self) -> io::Result<u32> {
        self.socket().tclass_v6()
    }

    /// Sets the traffic class of sent IPv6 packets (`IPV6_TCLASS`): DSCP in its upper six bits, ECN in the lower two.
    ///
    /// # Errors
    ///
    /// What setsockopt(2) says: an error for an IPv4 socket, and above 255.
    pub fn set_traffic_class(&self, class: u32) -> io::Result<()> {
        self.socket().set_tclass_v6(class)
    }

    /// Whether an IPv6 socket takes no IPv4 datagrams (`IPV6_V6ONLY`). It is set before a socket is bound.
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says: an error for an IPv4 socket.
    pub fn only_v6(&self) -> io::Result<bool> {
        self.socket().only_v6()
    }
}
