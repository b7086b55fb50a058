//! [`ControlMessage`]: what a control message means.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::OwnedFd;

use super::extended_error::{self, ExtendedError};
use super::raw::RawControlMessage;
use super::received::OWNED;
use super::timestamp::{self, Timestamp};

/// Of the kernel's headers, not of every libc: the pidfd of a sender.
pub(crate) const SCM_PIDFD: i32 = 4;
// Time stamps as they are whatever the size of a word: SO_TIMESTAMP_NEW and its like.
const SO_TIMESTAMP_NEW: i32 = 63;
const SO_TIMESTAMPNS_NEW: i32 = 64;
const SO_TIMESTAMPING_NEW: i32 = 65;

/// A control message that was received.
#[derive(Debug)]
#[non_exhaustive]
pub enum ControlMessage {
    /// Descriptors that the peer handed over (`SCM_RIGHTS`), close-on-exec. Fewer than were sent when the kernel had to cut
    /// them ([`MsgFlags::CTRUNC`](crate::MsgFlags::CTRUNC)): the others are closed.
    Descriptors(Vec<OwnedFd>),
    /// Who the peer is (`SCM_CREDENTIALS`), as the kernel vouches.
    Credentials(Credentials),
    /// The process that sent this (`SCM_PIDFD`), close-on-exec.
    PidFd(OwnedFd),
    /// Where the packet came in (`IP_PKTINFO`, `IPV6_PKTINFO`).
    PacketInfo(PacketInfo),
    /// Where the packet was sent to, before a transparent proxy's rule sent it here (`IP_RECVORIGDSTADDR`).
    OriginalDestination(SocketAddr),
    /// The type of service or traffic class byte: DSCP in its upper six bits, ECN in the lower two (`IP_RECVTOS`, `IPV6_RECVTCLASS`).
    Tos(u8),
    /// The hops that were left when it came in (`IP_RECVTTL`, `IPV6_RECVHOPLIMIT`).
    Ttl(u8),
    /// When it came in, or went out (`SO_TIMESTAMP`, `SO_TIMESTAMPNS`, `SO_TIMESTAMPING`).
    Timestamp(Timestamp),
    /// Several datagrams were put together; each is this many bytes long, the last one may be shorter (`UDP_GRO`).
    GroSize(usize),
    /// How many packets the socket has dropped since it was made, for want of room (`SO_RXQ_OVFL`). Wraps around.
    Dropped(u32),
    /// What an entry of the error queue is about (`IP_RECVERR`, `IPV6_RECVERR`).
    ExtendedError(ExtendedError),
    /// Any other, or one whose data is not of the size it should be.
    Unknown {
        /// The protocol.
        level: i32,
        /// What it is, by the protocol's numbers.
        kind: i32,
        /// What it says. Numbers of descriptors are struck out.
        data: Vec<u8>,
    },
}

/// A process and its user and group: `struct ucred` of unix(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Credentials {
    /// The process id, as seen by the receiver; 0 when it is in a process id namespace that the receiver does not see.
    pub pid: i32,
    /// The user id.
    pub uid: u32,
    /// The group id.
    pub gid: u32,
}

/// Where a packet came in: `struct in_pktinfo` of ip(7), `struct in6_pktinfo` of ipv6(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PacketInfo {
    /// The index of the interface.
    pub interface: u32,
    /// The address of this host to answer from. For IPv4 the kernel's choice, which differs from `destination` for broadcast and multicast; for
    /// IPv6 the destination.
    pub local: IpAddr,
    /// The destination in the packet's header.
    pub destination: IpAddr,
}

/// What `message` means. `descriptors` gives those that came with it: of the buffer's numbers none is ever taken.
pub(super) fn decode(
    message: RawControlMessage<'_>,
    descriptors: &mut impl Iterator<Item = OwnedFd>,
) -> ControlMessage {
    known(message, descriptors).unwrap_or_else(|| {
        let RawControlMessage { level, kind, data } = message;
        ControlMessage::Unknown { level, kind, data: data.to_vec() }
    })
}

fn known(
    RawControlMessage { level, kind, data }: RawControlMessage<'_>,
    descriptors: &mut impl Iterator<Item = OwnedFd>,
) -> Option<ControlMessage> {
    Some(match (level, kind) {
        (libc::SOL_SOCKET, libc::SCM_RIGHTS) => {
            ControlMessage::Descriptors(descriptors.take(owned(data)).collect())
        }
        (libc::SOL_SOCKET, SCM_PIDFD) if owned(data) == 1 => ControlMessage::PidFd(descriptors.next()?),
        (libc::SOL_SOCKET, libc::SCM_CREDENTIALS) => ControlMessage::Credentials(credentials(data)?),
        (libc::SOL_SOCKET, libc::SO_RXQ_OVFL) => {
            ControlMessage::Dropped(u32::from_ne_bytes(data.try_into().ok()?))
        }
        (libc::SOL_SOCKET, libc::SCM_TIMESTAMP | SO_TIMESTAMP_NEW) => {
            ControlMessage::Timestamp(timestamp::of_timeval(data)?)
        }
        (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS | SO_TIMESTAMPNS_NEW) => {
            ControlMessage::Timestamp(timestamp::of_timespec(data)?)
        }
        (libc::SOL_SOCKET, libc::SCM_TIMESTAMPING | SO_TIMESTAMPING_NEW) => {
            ControlMessage::Timestamp(timestamp::of_timestamping(data)?)
        }
        (libc::IPPROTO_IP, libc::IP_PKTINFO) => ControlMessage::PacketInfo(packet_info_v4(data)?),
        (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => ControlMessage::PacketInfo(packet_info_v6(data)?),
        (libc::IPPROTO_IP, libc::IP_ORIGDSTADDR) | (libc::IPPROTO_IPV6, libc::IPV6_ORIGDSTADDR) => {
            ControlMessage::OriginalDestination(socket_address(data)?)
        }
        (libc::IPPROTO_IP, libc::IP_TOS) | (libc::IPPROTO_IPV6, libc::IPV6_TCLASS) => {
            ControlMessage::Tos(byte(data)?)
        }
        (libc::IPPROTO_IP, libc::IP_TTL) | (libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT) => {
            ControlMessage::Ttl(byte(data)?)
        }
        (libc::SOL_UDP, libc::UDP_GRO) => ControlMessage::GroSize(int(data)?.try_into().ok()?),
        (libc::IPPROTO_IP, libc::IP_RECVERR) | (libc::IPPROTO_IPV6, libc::IPV6_RECVERR) => {
            ControlMessage::ExtendedError(extended_error::of(data)?)
        }
        _ => return None,
    })
}

/// How many descriptors of this message are owned, and so are next in line.
fn owned(data: &[u8]) -> usize {
    data.chunks_exact(4).filter(|number| **number == OWNED.to_ne_bytes()).count()
}

fn int(data: &[u8]) -> Option<i32> {
    Some(i32::from_ne_bytes(data.try_into().ok()?))
}

/// The kernel gives `IP_TOS` as a byte and the others as an int.
fn byte(data: &[u8]) -> Option<u8> {
    match data {
        [byte] => Some(*byte),
        _ => int(data)?.try_into().ok(),
    }
}

fn credentials(data: &[u8]) -> Option<Credentials> {
    let [pid, uid, gid] = words(data)?;
    Some(Credentials {
        pid: i32::from_ne_bytes(pid),
        uid: u32::from_ne_bytes(uid),
        gid: u32::from_ne_bytes(gid),
    })
}

fn packet_info_v4(data: &[u8]) -> Option<PacketInfo> {
    let [interface, local, destination] = words(data)?;
    Some(PacketInfo {
        interface: u32::from_ne_bytes(interface),
        local: Ipv4Addr::from(local).into(),
        destination: Ipv4Addr::from(destination).into(),
    })
}

fn packet_info_v6(data: &[u8]) -> Option<PacketInfo> {
    let (address, interface) = data.split_at_checked(16)?;
    let address = IpAddr::from(<[u8; 16]>::try_from(address).ok()?);
    let interface = u32::from_ne_bytes(interface.try_into().ok()?);
    Some(PacketInfo { interface, local: address, destination: address })
}

/// Exactly `N` runs of four bytes.
fn words<const N: usize>(data: &[u8]) -> Option<[[u8; 4]; N]> {
    if data.len() != 4 * N {
        return None;
    }
    let mut words = [[0; 4]; N];
    for (word, bytes) in words.iter_mut().zip(data.chunks_exact(4)) {
        word.copy_from_slice(bytes);
    }
    Some(words)
}

/// The IP address in a `struct sockaddr_in` or `sockaddr_in6`, which may be longer than that.
pub(super) fn socket_address(data: &[u8]) -> Option<SocketAddr> {
    let family = u16::from_ne_bytes(data.get(..2)?.try_into().ok()?);
    let port = u16::from_be_bytes(data.get(2..4)?.try_into().ok()?);
    match i32::from(family) {
        libc::AF_INET => {
            let ip: [u8; 4] = data.get(4..8)?.try_into().ok()?;
            Some(SocketAddrV4::new(ip.into(), port).into())
        }
        libc::AF_INET6 => {
            let flow = u32::from_ne_bytes(data.get(4..8)?.try_into().ok()?);
            let ip: [u8; 16] = data.get(8..24)?.try_into().ok()?;
            let scope = u32::from_ne_bytes(data.get(24..28)?.try_into().ok()?);
            Some(SocketAddrV6::new(Ipv6Addr::from(ip), port, flow, scope).into())
        }
        _ => None,
    }
}
