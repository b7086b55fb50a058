//! The options that a UDP socket has, besides those of [metadata](super::metadata) and [multicast](super::multicast).

use std::io;

use super::UdpSocket;
use crate::option::{common_options, ip_options, network_options};

ip_options!(UdpSocket);
network_options!(UdpSocket);
common_options!(UdpSocket);

/// Broadcast.
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
}
