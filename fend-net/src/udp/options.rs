//! The options that a UDP socket has, besides those of [metadata](super::metadata) and [multicast](super::multicast).

use std::io;

use super::UdpSocket;
use crate::option::c_option::{COption, c_option};
use crate::option::{common_options, ip_options, network_options};

const SO_BROADCAST: COption = c_option!(SOL_SOCKET, SO_BROADCAST);

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
        SO_BROADCAST.bool(self.socket())
    }

    /// Allows datagrams to broadcast addresses (`SO_BROADCAST`). Off at first: then sending to one is
    /// [`PermissionDenied`](io::ErrorKind::PermissionDenied).
    ///
    /// # Errors
    ///
    /// What setsockopt(2) says.
    pub fn set_broadcast(&self, on: bool) -> io::Result<()> {
        SO_BROADCAST.set_bool(self.socket(), on)
    }
}
