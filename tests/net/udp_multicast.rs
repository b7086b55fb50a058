//! Multicast and broadcast, on the loopback.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use fend::net::UdpSocket;
use fend::net::udp::MulticastInterface;
use futures_lite::future::poll_once;

on_every_dispatcher!(
    a_group_of_v4_is_joined_and_left,
    a_group_of_v6_is_joined_and_left,
    a_source_is_chosen,
    a_source_is_chosen_v6,
    multicast_options_are_kept,
    broadcast_must_be_allowed,
);

const LOOPBACK: u32 = 1;

/// Receives of a group, and sends to it over the loopback.
async fn member(group: Ipv4Addr) -> io::Result<(UdpSocket, UdpSocket, SocketAddr)> {
    let receiver = UdpSocket::bind("0.0.0.0:0").await?;
    receiver.set_multicast_all_v4(false)?;
    let sender = UdpSocket::bind("127.0.0.1:0").await?;
    sender.set_multicast_interface_v4(Ipv4Addr::LOCALHOST)?;
    let to = SocketAddr::from((group, receiver.local_addr()?.port()));
    Ok((receiver, sender, to))
}

/// False, with the reason printed, where the kernel has no multicast on the loopback.
fn possible(joined: io::Result<()>) -> bool {
    joined.inspect_err(|error| eprintln!("skipped: no multicast on the loopback: {error}")).is_ok()
}

/// Whether what is sent to `to` comes to `receiver`, before what is sent to itself.
async fn arrives(sender: &UdpSocket, to: SocketAddr, receiver: &UdpSocket) -> io::Result<bool> {
    sender.send_to(b"to the group", to).await?;
    let alone: SocketAddr = match to {
        SocketAddr::V4(_) => (Ipv4Addr::LOCALHOST, to.port()).into(),
        SocketAddr::V6(_) => (Ipv6Addr::LOCALHOST, to.port()).into(),
    };
    sender.send_to(b"alone", alone).await?;
    let mut buf = [0; 32];
    let (len, _) = receiver.recv_from(&mut buf).await?;
    if &buf[..len] == b"alone" {
        return Ok(false);
    }
    assert_eq!(&buf[..len], b"to the group");
    assert_eq!(receiver.recv_from(&mut buf).await?.0, 5);
    Ok(true)
}

async fn a_group_of_v4_is_joined_and_left() -> io::Result<()> {
    let interfaces = [MulticastInterface::Address(Ipv4Addr::LOCALHOST), MulticastInterface::Index(LOOPBACK)];
    for (last, interface) in (1..).zip(interfaces) {
        let group = Ipv4Addr::new(239, 255, 17, last);
        let (receiver, sender, to) = member(group).await?;
        if !possible(receiver.join_multicast_v4(group, interface)) {
            return Ok(());
        }
        assert!(arrives(&sender, to, &receiver).await?, "{interface:?}");
        let error = receiver.join_multicast_v4(group, interface).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        sender.set_multicast_interface_v4(LOOPBACK)?;
        assert!(arrives(&sender, to, &receiver).await?);
        receiver.leave_multicast_v4(group, interface)?;
        assert!(!arrives(&sender, to, &receiver).await?);
        let error = receiver.leave_multicast_v4(group, interface).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
    }
    let socket = UdpSocket::bind("0.0.0.0:0").await?;
    let error = socket.join_multicast_v4(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    Ok(())
}

/// A sender that reaches `group`, and the interface by which it does: the loopback has no route to groups everywhere. The group's scope
/// is this host (RFC 4291, 2.7), so nothing leaves it. `None`, with the reason printed, where there is no way at all.
async fn sender_v6(group: Ipv6Addr, port: u16) -> io::Result<Option<(UdpSocket, u32)>> {
    let sender = UdpSocket::bind("[::]:0").await?;
    let mut reason = None;
    for index in LOOPBACK..16 {
        let sent = match sender.set_multicast_interface_v6(index) {
            Ok(()) => sender.send_to(b"a trial", (group, port)).await.map(drop),
            Err(error) => Err(error),
        };
        match sent {
            Ok(()) => return Ok(Some((sender, index))),
            Err(error) => reason = Some(error),
        }
    }
    eprintln!("skipped: no IPv6 multicast: {}", reason.expect("tried"));
    Ok(None)
}

async fn a_group_of_v6_is_joined_and_left() -> io::Result<()> {
    let group = Ipv6Addr::new(0xff01, 0, 0, 0, 0, 0, 0x17, 1);
    let receiver = UdpSocket::bind("[::]:0").await?;
    let to = SocketAddr::from((group, receiver.local_addr()?.port()));
    receiver.set_multicast_all_v6(false)?;
    let Some((sender, interface)) = sender_v6(group, to.port()).await? else { return Ok(()) };
    assert_eq!(sender.multicast_interface_v6()?, interface);
    if !possible(receiver.join_multicast_v6(group, interface)) {
        return Ok(());
    }
    assert!(arrives(&sender, to, &receiver).await?);
    receiver.leave_multicast_v6(group, interface)?;
    assert!(!arrives(&sender, to, &receiver).await?);
    Ok(())
}

async fn a_source_is_chosen() -> io::Result<()> {
    let interfaces = [MulticastInterface::Address(Ipv4Addr::LOCALHOST), MulticastInterface::Index(LOOPBACK)];
    let source = Ipv4Addr::LOCALHOST;
    for (last, interface) in (1..).zip(interfaces) {
        let group = Ipv4Addr::new(232, 0, 17, last);
        let (receiver, sender, to) = member(group).await?;
        if !possible(receiver.join_multicast_source_v4(source, group, interface)) {
            return Ok(());
        }
        let other = UdpSocket::bind("127.0.0.2:0").await?;
        other.set_multicast_interface_v4(Ipv4Addr::LOCALHOST)?;
        assert!(arrives(&sender, to, &receiver).await?, "{interface:?}");
        assert!(!arrives(&other, to, &receiver).await?, "from another");
        receiver.leave_multicast_source_v4(source, group, interface)?;
        assert!(!arrives(&sender, to, &receiver).await?);
    }
    Ok(())
}

async fn a_source_is_chosen_v6() -> io::Result<()> {
    let group = Ipv6Addr::new(0xff31, 0, 0, 0, 0, 0, 0x17, 2);
    let receiver = UdpSocket::bind("[::]:0").await?;
    let to = SocketAddr::from((group, receiver.local_addr()?.port()));
    receiver.set_multicast_all_v6(false)?;
    let Some((sender, interface)) = sender_v6(group, to.port()).await? else { return Ok(()) };
    if !possible(receiver.join_multicast_v6(group, interface)) {
        return Ok(());
    }
    // Of any source first, to learn which it is.
    sender.send_to(b"who", to).await?;
    let (_, source) = receiver.recv_from(&mut [0; 8]).await?;
    receiver.leave_multicast_v6(group, interface)?;
    let SocketAddr::V6(source) = source else { panic!("{source} sends to an IPv6 group") };

    let other = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
    receiver.join_multicast_source_v6(other, group, interface)?;
    assert!(!arrives(&sender, to, &receiver).await?, "from another");
    receiver.join_multicast_source_v6(*source.ip(), group, interface)?;
    assert!(arrives(&sender, to, &receiver).await?);
    receiver.leave_multicast_source_v6(*source.ip(), group, interface)?;
    assert!(!arrives(&sender, to, &receiver).await?);
    Ok(())
}

async fn multicast_options_are_kept() -> io::Result<()> {
    let socket = UdpSocket::bind("0.0.0.0:0").await?;
    assert!(socket.multicast_loop_v4()? && socket.multicast_all_v4()?);
    socket.set_multicast_loop_v4(false)?;
    socket.set_multicast_all_v4(false)?;
    assert!(!socket.multicast_loop_v4()? && !socket.multicast_all_v4()?);
    assert_eq!(socket.multicast_ttl_v4()?, 1);
    socket.set_multicast_ttl_v4(9)?;
    assert_eq!(socket.multicast_ttl_v4()?, 9);
    for hops in [256, u32::MAX] {
        let error = socket.set_multicast_ttl_v4(hops).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(&hops.to_string()), "{error}");
    }
    assert_eq!(socket.multicast_ttl_v4()?, 9);
    socket.set_multicast_interface_v4(Ipv4Addr::LOCALHOST)?;
    assert_eq!(socket.multicast_interface_v4()?, Ipv4Addr::LOCALHOST);
    let socket = UdpSocket::bind("[::]:0").await?;
    assert!(socket.multicast_loop_v6()? && socket.multicast_all_v6()?);
    socket.set_multicast_loop_v6(false)?;
    socket.set_multicast_all_v6(false)?;
    assert!(!socket.multicast_loop_v6()? && !socket.multicast_all_v6()?);
    socket.set_multicast_hops_v6(9)?;
    assert_eq!(socket.multicast_hops_v6()?, 9);
    assert_eq!(socket.set_multicast_hops_v6(u32::MAX).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(socket.multicast_hops_v6()?, 9);
    Ok(())
}

async fn broadcast_must_be_allowed() -> io::Result<()> {
    let receiver = UdpSocket::bind("0.0.0.0:0").await?;
    let sender = UdpSocket::bind("127.0.0.1:0").await?;
    let to = SocketAddr::from(([127, 255, 255, 255], receiver.local_addr()?.port()));
    let error = sender.send_to(b"to all", to).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    sender.set_broadcast(true)?;
    sender.send_to(b"to all", to).await?;
    let mut buf = [0; 8];
    assert_eq!(receiver.recv_from(&mut buf).await?.0, 6);
    assert!(poll_once(receiver.recv_from(&mut buf)).await.is_none());
    Ok(())
}
