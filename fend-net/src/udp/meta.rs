//! [`RecvMeta`] and [`SendMeta`]: what is known of a received datagram, and what is wanted of a sent one.

use std::io;
use std::net::{IpAddr, SocketAddr};

use socket2::SockAddr;

use crate::control::{ControlBuffer, ControlMessage, RawControlMessages, ReceivedControl, Timestamp, space};
use crate::flags::MsgFlags;
use crate::socket::ip_address;

/// Room for one of each kind of message that a datagram can come with.
pub(super) const CONTROL_ROOM: usize = 320;

const _: () = assert!(
    CONTROL_ROOM >= space(20) + space(28) + space(48) + 4 * space(4) + space(12),
    "packet info, original destination, time stamps; TOS, TTL, GRO size, drops; IPv4's packet info"
);

/// What is known of a received datagram. What is `None` was not asked for, or the kernel does not know it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecvMeta {
    /// Bytes in the buffer.
    pub len: usize,
    /// Bytes of the datagram. More than `len` when it was cut.
    pub datagram_len: usize,
    /// Whom it is from.
    pub source: SocketAddr,
    /// The local address to answer from: [`set_recv_packet_info`](crate::UdpSocket::set_recv_packet_info).
    pub local: Option<IpAddr>,
    /// The destination in its header, which for broadcast and multicast is not an address of this host:
    /// [`set_recv_packet_info`](crate::UdpSocket::set_recv_packet_info).
    pub destination: Option<IpAddr>,
    /// The index of the interface that it came in by: [`set_recv_packet_info`](crate::UdpSocket::set_recv_packet_info).
    pub interface: Option<u32>,
    /// Where it was sent to before a transparent proxy's rule:
    /// [`set_recv_original_destination`](crate::UdpSocket::set_recv_original_destination).
    pub original_destination: Option<SocketAddr>,
    /// The type of service or traffic class byte: [`set_recv_tos`](crate::UdpSocket::set_recv_tos).
    pub tos: Option<u8>,
    /// The hops that are left: [`set_recv_ttl`](crate::UdpSocket::set_recv_ttl).
    pub ttl: Option<u8>,
    /// When the kernel took it: [`set_recv_timestamps`](crate::UdpSocket::set_recv_timestamps).
    pub timestamp: Option<Timestamp>,
    /// Several datagrams in one, each of this many bytes and the last perhaps shorter: [`set_gro`](crate::UdpSocket::set_gro).
    pub segment_size: Option<usize>,
    /// Datagrams dropped since the socket was made; `None` too when there were none: [`set_recv_dropped`](crate::UdpSocket::set_recv_dropped).
    pub dropped: Option<u32>,
    /// What else the kernel says: [`MsgFlags::TRUNC`], [`MsgFlags::CTRUNC`] when there was no room for some of the above.
    pub flags: MsgFlags,
}

impl RecvMeta {
    /// `datagram_len` is that of the datagram, as `MSG_TRUNC` has it, and `room` that of the buffers.
    pub(super) fn of(
        datagram_len: usize,
        room: usize,
        flags: MsgFlags,
        source: &SockAddr,
        control: &ReceivedControl,
    ) -> io::Result<RecvMeta> {
        let mut meta = RecvMeta {
            len: datagram_len.min(room),
            datagram_len,
            source: ip_address(source)?,
            local: None,
            destination: None,
            interface: None,
            original_destination: None,
            tos: None,
            ttl: None,
            timestamp: None,
            segment_size: None,
            dropped: None,
            flags,
        };
        let messages = RawControlMessages::new(control.as_bytes());
        messages.map(ControlMessage::of_raw).for_each(|message| meta.add(message));
        Ok(meta)
    }

    fn add(&mut self, message: ControlMessage) {
        match message {
            ControlMessage::PacketInfo(info) => {
                self.local = Some(info.local);
                self.destination = Some(info.destination);
                self.interface = Some(info.interface);
            }
            ControlMessage::OriginalDestination(address) => self.original_destination = Some(address),
            ControlMessage::Tos(tos) => self.tos = Some(tos),
            ControlMessage::Ttl(ttl) => self.ttl = Some(ttl),
            ControlMessage::Timestamp(timestamp) => self.timestamp = Some(timestamp),
            ControlMessage::GroSize(size) => self.segment_size = Some(size),
            ControlMessage::Dropped(count) => self.dropped = Some(count),
            _ => {}
        }
    }

    /// Whether the buffer was too short, so that the rest of the datagram is lost.
    pub fn is_truncated(&self) -> bool {
        self.datagram_len > self.len
    }

    /// The ECN bits (RFC 3168): 0 not capable, 1 and 2 capable, 3 congestion experienced.
    pub fn ecn(&self) -> Option<u8> {
        self.tos.map(|tos| tos & 0b11)
    }

    /// The single datagrams in what was received into `buf`: one, or with GRO several.
    pub fn segments<'a>(&self, buf: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        segments(&buf[..self.len.min(buf.len())], self.segment_size)
    }
}

/// `data` cut into pieces of `size` bytes. A datagram without bytes is one, too.
pub(super) fn segments(data: &[u8], size: Option<usize>) -> impl Iterator<Item = &[u8]> {
    let size = size.unwrap_or(data.len()).max(1);
    let empty = data.is_empty().then_some(data);
    empty.into_iter().chain(data.chunks(size))
}

/// What is wanted of a datagram to be sent. All of it may be left out.
///
/// # Examples
///
/// ```
/// use fend::net::UdpSocket;
/// use fend::net::udp::SendMeta;
///
/// # fend::block_on(async {
/// # let peer = UdpSocket::bind("127.0.0.1:0").await?;
/// let socket = UdpSocket::bind("0.0.0.0:0").await?;
/// let meta = SendMeta::to(peer.local_addr()?).source([127, 0, 0, 2].into()).tos(0b10).ttl(3);
/// socket.send_msg(b"hello", &meta).await?;
/// let (_, source) = peer.recv_from(&mut [0; 16]).await?;
/// assert_eq!(source.ip().to_string(), "127.0.0.2");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct SendMeta {
    to: Option<SocketAddr>,
    source: Option<IpAddr>,
    interface: Option<u32>,
    tos: Option<u8>,
    ttl: Option<u8>,
    segment_size: Option<u16>,
}

impl SendMeta {
    /// To the peer of a connected socket.
    pub fn new() -> SendMeta {
        SendMeta::default()
    }

    /// To an address.
    pub fn to(address: SocketAddr) -> SendMeta {
        SendMeta { to: Some(address), ..SendMeta::default() }
    }

    /// An answer to `received`: to its sender, and from the address that it came to, when that was asked for.
    pub fn reply_to(received: &RecvMeta) -> SendMeta {
        SendMeta { source: received.local, ..SendMeta::to(received.source) }
    }

    /// From this address of this host.
    pub fn source(self, source: IpAddr) -> SendMeta {
        SendMeta { source: Some(source), ..self }
    }

    /// By the interface of this index.
    pub fn interface(self, index: u32) -> SendMeta {
        SendMeta { interface: Some(index), ..self }
    }

    /// With this type of service or traffic class byte: DSCP in its upper six bits, ECN in the lower two.
    pub fn tos(self, tos: u8) -> SendMeta {
        SendMeta { tos: Some(tos), ..self }
    }

    /// With this many hops to go. For IPv4 at least 1.
    pub fn ttl(self, hops: u8) -> SendMeta {
        SendMeta { ttl: Some(hops), ..self }
    }

    /// Cut into datagrams of this many bytes (GSO). See [`UdpSocket::send_segments`](crate::UdpSocket::send_segments), which does
    /// without the kernel's help where there is none.
    pub fn segment_size(self, bytes: u16) -> SendMeta {
        SendMeta { segment_size: Some(bytes), ..self }
    }

    /// Where it goes to.
    pub fn destination(&self) -> Option<SocketAddr> {
        self.to
    }

    /// Adds all but the destination to `control`. Messages of the other protocol are ignored by the kernel, so where the protocol is not
    /// known both are sent.
    pub(super) fn put(&self, control: &mut ControlBuffer<'_>) {
        let (v4, v6) = match self.to {
            Some(SocketAddr::V4(_)) => (true, false),
            Some(SocketAddr::V6(to)) => (to.ip().to_ipv4_mapped().is_some(), true),
            None => (true, true),
        };
        let interface = self.interface.unwrap_or(0);
        match self.source {
            Some(source) => control.push_packet_info(source, interface),
            None if interface == 0 => {}
            None => {
                if v4 {
                    control.push_packet_info([0, 0, 0, 0].into(), interface);
                }
                if v6 {
                    control.push_packet_info([0_u16; 8].into(), interface);
                }
            }
        }
        if let Some(tos) = self.tos {
            if v4 {
                control.push_tos(tos);
            }
            if v6 {
                control.push_traffic_class(tos);
            }
        }
        if let Some(hops) = self.ttl {
            if v4 {
                control.push_ttl(hops);
            }
            if v6 {
                control.push_hop_limit(hops);
            }
        }
        if let Some(bytes) = self.segment_size {
            control.push_segment_size(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_of_a_datagram() {
        let pieces = |data, size| segments(data, size).collect::<Vec<_>>();
        assert_eq!(pieces(b"abcde", Some(2)), [&b"ab"[..], b"cd", b"e"]);
        assert_eq!(pieces(b"abcd", Some(2)), [b"ab", b"cd"]);
        assert_eq!(pieces(b"abc", None), [b"abc"]);
        assert_eq!(pieces(b"abc", Some(0)), [b"a", b"b", b"c"]);
        assert_eq!(pieces(b"", None), [b""]);
        assert_eq!(pieces(b"", Some(7)), [b""]);
    }
}
