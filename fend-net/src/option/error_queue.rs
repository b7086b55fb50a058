//! The options that fill the error queue of a datagram socket: `UdpSocket` has to know of them.
//!
//! poll(2) calls a socket with anything in that queue ready for ever. A receive that would wait beside it has to empty the queue
//! first, and looks there only when the queue was asked for through the socket's own methods.

use std::io;

use libc::c_int;
use socket2::{Socket, Type};

/// Refuses what would fill the error queue of a datagram socket behind its back.
pub(super) fn check(socket: &Socket, level: c_int, number: c_int, value: &[u8]) -> io::Result<()> {
    let Some(instead) = fills(level, number, value) else { return Ok(()) };
    if socket.r#type()? != Type::DGRAM {
        return Ok(());
    }
    let message = format!("it fills the error queue, of which the socket must know: use {instead}");
    Err(io::Error::new(io::ErrorKind::InvalidInput, message))
}

/// The method in place of an option, when `value` turns the queue on.
fn fills(level: c_int, number: c_int, value: &[u8]) -> Option<&'static str> {
    const SENT: u32 = libc::SOF_TIMESTAMPING_TX_HARDWARE
        | libc::SOF_TIMESTAMPING_TX_SOFTWARE
        | libc::SOF_TIMESTAMPING_TX_SCHED
        | libc::SOF_TIMESTAMPING_TX_ACK;
    /// `SO_TIMESTAMPING` with 64-bit times.
    const SO_TIMESTAMPING_NEW: c_int = 65;
    let bits = value.iter().take(4).rev().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
    let bits = if cfg!(target_endian = "big") { bits.swap_bytes() } else { bits };
    match (level, number) {
        (libc::IPPROTO_IP, libc::IP_RECVERR) | (libc::IPPROTO_IPV6, libc::IPV6_RECVERR) if bits != 0 => {
            Some("set_recv_errors")
        }
        (libc::SOL_SOCKET, libc::SO_TIMESTAMPING | SO_TIMESTAMPING_NEW) if bits & SENT != 0 => {
            Some("set_send_timestamps")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TcpSocket, UdpSocket};

    #[test]
    fn the_queue_of_a_datagram_socket_is_turned_on_by_its_own_methods_only() {
        let socket = UdpSocket::new_v4().unwrap();
        for error in [
            socket.set_option(libc::IPPROTO_IP, libc::IP_RECVERR, &1).unwrap_err(),
            socket.set_socket_option("RECVERR", true).unwrap_err(),
        ] {
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().contains("set_recv_errors"), "{error}");
        }
        let sent = libc::SOF_TIMESTAMPING_TX_SOFTWARE | libc::SOF_TIMESTAMPING_SOFTWARE;
        let error = socket.set_option(libc::SOL_SOCKET, libc::SO_TIMESTAMPING, &sent).unwrap_err();
        assert!(error.to_string().contains("set_send_timestamps"), "{error}");
        // Off, stamps of what comes in, and connections are no matter of the queue.
        socket.set_option(libc::IPPROTO_IP, libc::IP_RECVERR, &0).unwrap();
        let received = libc::SOF_TIMESTAMPING_RX_SOFTWARE | libc::SOF_TIMESTAMPING_SOFTWARE;
        socket.set_option(libc::SOL_SOCKET, libc::SO_TIMESTAMPING, &received).unwrap();
        TcpSocket::new_v4().unwrap().set_option(libc::IPPROTO_IP, libc::IP_RECVERR, &1).unwrap();
    }
}
