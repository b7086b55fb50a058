//! Switches for what the kernel tells of each datagram.
//!
//! A socket of IPv6 that takes IPv4 too has each switch twice: packets of either protocol look at their own.

use std::io;

use socket2::{Domain, Socket};

use super::UdpSocket;
use crate::option::c_option::{COption, c_option};

const SO_RXQ_OVFL: COption = c_option!(SOL_SOCKET, SO_RXQ_OVFL);
const SO_TIMESTAMPNS: COption = c_option!(SOL_SOCKET, SO_TIMESTAMPNS);

/// Throws the option of the socket's protocol, given as that of IPv4 and that of IPv6.
pub(super) fn switch(socket: &Socket, (v4, v6): (COption, COption), on: bool) -> io::Result<()> {
    if socket.domain()? == Domain::IPV6 {
        v6.set_int_accounted(socket, on.into())?;
        // For the IPv4 packets that it may take. A kernel without them refuses, and needs nothing.
        let _ = v4.set_int_accounted(socket, on.into());
        return Ok(());
    }
    v4.set_int_accounted(socket, on.into())
}

/// Whether the option of the socket's protocol is on.
pub(super) fn is_on(socket: &Socket, (v4, v6): (COption, COption)) -> io::Result<bool> {
    match socket.domain()? {
        Domain::IPV6 => v6.bool(socket),
        _ => v4.bool(socket),
    }
}

/// Makes the functions that throw and read a switch of both protocols.
macro_rules! switches {
    ($($(#[$doc:meta])* $get:ident, $set:ident: $v4:ident, $v6:ident;)+) => {
        /// What is told of each received datagram, in its [`RecvMeta`](super::RecvMeta). All off at first.
        impl UdpSocket {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                ///
                /// What setsockopt(2) says.
                pub fn $set(&self, on: bool) -> io::Result<()> {
                    switch(self.socket(), (c_option!(SOL_IP, $v4), c_option!(SOL_IPV6, $v6)), on)
                }

                #[doc = concat!("What [`", stringify!($set), "`](Self::", stringify!($set), ") has set.")]
                ///
                /// # Errors
                ///
                /// What getsockopt(2) says.
                pub fn $get(&self) -> io::Result<bool> {
                    is_on(self.socket(), (c_option!(SOL_IP, $v4), c_option!(SOL_IPV6, $v6)))
                }
            )+
        }
    };
}

switches! {
    /// Asks for the local address and interface that each datagram has come to (`IP_PKTINFO`, `IPV6_RECVPKTINFO`).
    recv_packet_info, set_recv_packet_info: IP_PKTINFO, IPV6_RECVPKTINFO;
    /// Asks for the type of service or traffic class byte of each datagram, ECN with it (`IP_RECVTOS`, `IPV6_RECVTCLASS`).
    recv_tos, set_recv_tos: IP_RECVTOS, IPV6_RECVTCLASS;
    /// Asks for the hops that are left to each datagram (`IP_RECVTTL`, `IPV6_RECVHOPLIMIT`).
    recv_ttl, set_recv_ttl: IP_RECVTTL, IPV6_RECVHOPLIMIT;
    /// Asks where each datagram was sent to before a rule for transparent proxies brought it here (`IP_RECVORIGDSTADDR`,
    /// `IPV6_RECVORIGDSTADDR`).
    recv_original_destination, set_recv_original_destination: IP_RECVORIGDSTADDR, IPV6_RECVORIGDSTADDR;
}

/// Switches that know no protocol.
impl UdpSocket {
    /// Asks for the time at which the kernel took each datagram (`SO_TIMESTAMPNS`).
    ///
    /// # Errors
    ///
    /// What setsockopt(2) says.
    pub fn set_recv_timestamps(&self, on: bool) -> io::Result<()> {
        SO_TIMESTAMPNS.set_bool(self.socket(), on)
    }

    /// What [`set_recv_timestamps`](Self::set_recv_timestamps) has set.
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn recv_timestamps(&self) -> io::Result<bool> {
        SO_TIMESTAMPNS.bool(self.socket())
    }

    /// Asks how many datagrams were dropped for want of room in the receive buffer (`SO_RXQ_OVFL`).
    ///
    /// # Errors
    ///
    /// What setsockopt(2) says.
    pub fn set_recv_dropped(&self, on: bool) -> io::Result<()> {
        SO_RXQ_OVFL.set_bool(self.socket(), on)
    }

    /// What [`set_recv_dropped`](Self::set_recv_dropped) has set.
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn recv_dropped(&self) -> io::Result<bool> {
        SO_RXQ_OVFL.bool(self.socket())
    }
}
