//! What is told of a datagram, and what can be asked of one.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{self, IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, SystemTime};

use fend::net::control::{ControlBuffer, ControlMessage, ReceivedControl, space};
use fend::net::udp::SendMeta;
use fend::net::{MsgFlags, UdpSocket};
use futures_lite::future::poll_fn;
use socket2::SockRef;

use crate::udp_basics::connected_pair;

on_every_dispatcher!(
    nothing_is_told_unasked,
    packet_info_names_address_and_interface,
    packet_info_of_both_protocols,
    tos_ttl_and_time,
    tos_and_ttl_of_one_datagram,
    source_can_be_chosen,
    dropped_datagrams_are_counted,
    switches_are_kept,
    buffers_flags_and_control_messages,
    send_that_cannot_be_is_refused,
);

const LOOPBACK: u32 = 1;

async fn nothing_is_told_unasked() -> io::Result<()> {
    let (socket, peer) = connected_pair().await?;
    peer.send(b"x")?;
    let meta = socket.recv_msg(&mut [0; 8]).await?;
    assert_eq!((meta.len, meta.source, meta.flags), (1, peer.local_addr()?, MsgFlags::NONE));
    let told =
        (meta.local, meta.destination, meta.interface, meta.tos, meta.ecn(), meta.ttl, meta.segment_size);
    assert_eq!(told, (None, None, None, None, None, None, None));
    assert_eq!((meta.timestamp, meta.dropped, meta.original_destination), (None, None, None));
    Ok(())
}

async fn packet_info_names_address_and_interface() -> io::Result<()> {
    let socket = UdpSocket::bind("0.0.0.0:0").await?;
    socket.set_recv_packet_info(true)?;
    socket.set_recv_original_destination(true)?;
    let peer = net::UdpSocket::bind("127.0.0.1:0")?;
    let port = socket.local_addr()?.port();
    for last in [1, 9, 77] {
        let local = Ipv4Addr::new(127, 0, 0, last);
        peer.send_to(b"x", (local, port))?;
        let meta = socket.recv_msg(&mut [0; 8]).await?;
        assert_eq!(meta.local, Some(local.into()));
        assert_eq!((meta.destination, meta.interface), (Some(local.into()), Some(LOOPBACK)));
        assert_eq!(meta.original_destination, Some(SocketAddr::from((local, port))));
        // The answer comes from where the question went.
        socket.send_msg(b"yy", &SendMeta::reply_to(&meta)).await?;
        assert_eq!(peer.recv_from(&mut [0; 8])?, (2, SocketAddr::from((local, port))));
    }
    Ok(())
}

async fn packet_info_of_both_protocols() -> io::Result<()> {
    let socket = UdpSocket::bind("[::]:0").await?;
    socket.set_recv_packet_info(true)?;
    socket.set_recv_tos(true)?;
    socket.set_recv_ttl(true)?;
    let port = socket.local_addr()?.port();
    let six = net::UdpSocket::bind("[::1]:0")?;
    SockRef::from(&six).set_tclass_v6(0b101)?;
    SockRef::from(&six).set_unicast_hops_v6(9)?;
    six.send_to(b"x", (Ipv6Addr::LOCALHOST, port))?;
    let meta = socket.recv_msg(&mut [0; 8]).await?;
    assert_eq!((meta.local, meta.interface), (Some(Ipv6Addr::LOCALHOST.into()), Some(LOOPBACK)));
    assert_eq!((meta.tos, meta.ecn(), meta.ttl), (Some(0b101), Some(0b01), Some(9)));

    let four = net::UdpSocket::bind("127.0.0.1:0")?;
    SockRef::from(&four).set_tos_v4(0b1010)?;
    four.set_ttl(8)?;
    four.send_to(b"x", (Ipv4Addr::new(127, 0, 0, 5), port))?;
    let meta = socket.recv_msg(&mut [0; 8]).await?;
    let local = meta.local.map(|local| local.to_canonical());
    assert_eq!(local, Some([127, 0, 0, 5].into()));
    assert_eq!((meta.tos, meta.ecn(), meta.ttl), (Some(0b1010), Some(0b10), Some(8)));
    socket.send_msg(b"yy", &SendMeta::reply_to(&meta).tos(3).ttl(4)).await?;
    assert_eq!(four.recv_from(&mut [0; 8])?.1, SocketAddr::from(([127, 0, 0, 5], port)));
    Ok(())
}

async fn tos_ttl_and_time() -> io::Result<()> {
    let (socket, peer) = connected_pair().await?;
    socket.set_recv_tos(true)?;
    socket.set_recv_ttl(true)?;
    socket.set_recv_timestamps(true)?;
    peer.set_ttl(7)?;
    // DSCP 10, ECN: congestion experienced.
    SockRef::from(&peer).set_tos_v4(10 << 2 | 0b11)?;
    let before = SystemTime::now();
    peer.send(b"x")?;
    let meta = socket.recv_msg(&mut [0; 8]).await?;
    assert_eq!((meta.tos, meta.ecn(), meta.ttl), (Some(43), Some(3), Some(7)));
    let time = meta.timestamp.and_then(|time| time.software).expect("a time");
    // The kernel's clock has the coarse one's grain at worst, and may be set at any time.
    let slack = Duration::from_secs(2);
    assert!(time > before - slack && time < SystemTime::now() + slack, "{time:?}");
    Ok(())
}

async fn tos_and_ttl_of_one_datagram() -> io::Result<()> {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let (socket, peer) = (UdpSocket::bind(address).await?, UdpSocket::bind(address).await?);
        peer.set_recv_tos(true)?;
        peer.set_recv_ttl(true)?;
        let mut buf = [0; 8];
        let meta = SendMeta::to(peer.local_addr()?).tos(0b10).ttl(3).interface(LOOPBACK);
        assert_eq!(socket.send_msg(b"one", &meta).await?, 3);
        let one = peer.recv_msg(&mut buf).await?;
        assert_eq!((one.tos, one.ttl), (Some(0b10), Some(3)));
        // To the peer of a connected socket, and polled and tried.
        socket.connect(peer.local_addr()?).await?;
        let meta = SendMeta::new().tos(0b01).ttl(5);
        poll_fn(|cx| socket.poll_send_msg(cx, b"two", &meta)).await?;
        socket.try_send_msg(b"three", &meta)?;
        for _ in 0..2 {
            let meta = peer.recv_msg(&mut buf).await?;
            assert_eq!((meta.tos, meta.ttl), (Some(0b01), Some(5)), "{address}");
        }
        // The next one is as ever.
        socket.send(b"three").await?;
        let meta = peer.recv_msg(&mut buf).await?;
        assert_eq!(meta.tos, Some(0));
        assert_ne!(meta.ttl, Some(5));
    }
    Ok(())
}

async fn source_can_be_chosen() -> io::Result<()> {
    let socket = UdpSocket::bind("0.0.0.0:0").await?;
    let peer = net::UdpSocket::bind("127.0.0.1:0")?;
    for last in [2, 3] {
        let source = IpAddr::from([127, 0, 0, last]);
        socket.send_msg(b"x", &SendMeta::to(peer.local_addr()?).source(source)).await?;
        assert_eq!(peer.recv_from(&mut [0; 8])?.1.ip(), source);
    }
    Ok(())
}

async fn dropped_datagrams_are_counted() -> io::Result<()> {
    let (socket, peer) = connected_pair().await?;
    socket.set_recv_dropped(true)?;
    SockRef::from(&socket).set_recv_buffer_size(1)?;
    // More than the buffer holds; the kernel rounds it up to a few KiB.
    for _ in 0..100 {
        peer.send(&[0; 1000])?;
    }
    let mut buf = [0; 1000];
    let mut received = 0;
    while socket.try_recv_msg(&mut buf).is_ok() {
        received += 1;
    }
    assert!(received < 100);
    peer.send(b"x")?;
    let meta = socket.recv_msg(&mut buf).await?;
    assert_eq!(meta.dropped, Some(100 - received));
    Ok(())
}

async fn switches_are_kept() -> io::Result<()> {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let socket = UdpSocket::bind(address).await?;
        for on in [true, false] {
            socket.set_recv_packet_info(on)?;
            socket.set_recv_tos(on)?;
            socket.set_recv_ttl(on)?;
            socket.set_recv_original_destination(on)?;
            socket.set_recv_timestamps(on)?;
            socket.set_recv_dropped(on)?;
            let read = [
                socket.recv_packet_info()?,
                socket.recv_tos()?,
                socket.recv_ttl()?,
                socket.recv_original_destination()?,
                socket.recv_timestamps()?,
                socket.recv_dropped()?,
            ];
            assert_eq!(read, [on; 6], "{address}");
        }
    }
    Ok(())
}

async fn buffers_flags_and_control_messages() -> io::Result<()> {
    let (socket, peer) = connected_pair().await?;
    socket.set_recv_ttl(true)?;
    let mut control = ControlBuffer::new();
    control.push_ttl(6);
    let parts = [IoSlice::new(b"two "), IoSlice::new(b"parts")];
    assert_eq!(socket.send_msg_with(&parts, None, MsgFlags::NONE, &control).await?, 9);
    let mut buf = [0; 16];
    assert_eq!(peer.recv(&mut buf)?, 9);
    // One datagram of two sends.
    let empty = ControlBuffer::new();
    let to = Some(peer.local_addr()?);
    socket.send_msg_with(&[IoSlice::new(b"more ")], to, MsgFlags::MORE, &empty).await?;
    socket.send_msg_with(&[IoSlice::new(b"to come")], to, MsgFlags::NONE, &empty).await?;
    assert_eq!(peer.recv(&mut buf)?, 12);
    assert_eq!(&buf[..12], b"more to come");

    peer.set_ttl(11)?;
    peer.send(b"two parts")?;
    let (mut first, mut second) = ([0; 4], [0; 4]);
    let mut room = ReceivedControl::with_capacity(space(4));
    for (flags, count) in [(MsgFlags::PEEK, 1), (MsgFlags::NONE, 1)] {
        let mut bufs = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
        let meta = socket.recv_msg_with(&mut bufs, flags, &mut room).await?;
        assert_eq!((meta.len, meta.datagram_len, meta.ttl), (8, 9, Some(11)));
        assert_eq!(room.messages().filter(|m| matches!(m, ControlMessage::Ttl(11))).count(), count);
    }
    assert_eq!((&first, &second), (b"two ", b"part"));
    // No room for what was asked for: said, and not a word of it.
    peer.send(b"x")?;
    let mut bufs = [IoSliceMut::new(&mut first)];
    let meta = socket.recv_msg_with(&mut bufs, MsgFlags::NONE, &mut ReceivedControl::default()).await?;
    assert!(meta.flags.contains(MsgFlags::CTRUNC) && meta.ttl.is_none(), "{meta:?}");
    Ok(())
}

async fn send_that_cannot_be_is_refused() -> io::Result<()> {
    let (socket, peer) = connected_pair().await?;
    let to = peer.local_addr()?;
    for meta in [SendMeta::to(to).ttl(0), SendMeta::to(to).source([203, 0, 113, 1].into())] {
        let error = socket.send_msg(b"x", &meta).await.unwrap_err();
        assert!(error.to_string().starts_with(&format!("send to {to}: ")), "{error}");
    }
    Ok(())
}
