//! Datagrams one at a time, against sockets of std.

use std::io::{self, ErrorKind};
use std::net;

use fend::io::{Interest, Readiness};
use fend::net::udp::TruncatedError;
use fend::net::{Domain, SocketError, UdpSocket};
use futures_lite::future::{self, poll_once};

use crate::peer::noise;

on_every_dispatcher!(
    echoes_to_anybody,
    connected_it_knows_one_peer,
    ipv6_and_both,
    zero_length_is_a_datagram,
    truncation_is_reported,
    largest_datagram,
    peek_takes_nothing,
    try_operations_do_not_wait,
    polled_operations,
    readiness_is_said_when_it_is_true,
    a_dropped_receive_loses_nothing,
    clones_share_one_socket,
    several_receivers_get_a_datagram_each,
    first_address_that_works,
    unbound_sockets_are_bound_once,
    a_port_is_shared_by_those_that_agree,
    udp_only_ip_domains,
);

/// A socket of fend and one of std.
pub(crate) async fn pair() -> io::Result<(UdpSocket, net::UdpSocket)> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    let peer = net::UdpSocket::bind("127.0.0.1:0")?;
    // Rather fail than wait for ever.
    peer.set_read_timeout(Some(std::time::Duration::from_secs(30)))?;
    Ok((socket, peer))
}

/// The same, each the other's only peer.
pub(crate) async fn connected_pair() -> io::Result<(UdpSocket, net::UdpSocket)> {
    let (socket, peer) = pair().await?;
    socket.connect(peer.local_addr()?).await?;
    peer.connect(socket.local_addr()?)?;
    Ok((socket, peer))
}

async fn echoes_to_anybody() -> io::Result<()> {
    let (socket, peer) = pair().await?;
    let address = socket.local_addr()?;
    let server = fend::spawn(async move {
        let mut buf = [0; 2000];
        loop {
            let (len, from) = socket.recv_from(&mut buf).await?;
            if len == 1 {
                return io::Result::Ok(());
            }
            assert_eq!(socket.send_to(&buf[..len], from).await?, len);
        }
    });
    let other = net::UdpSocket::bind("127.0.0.1:0")?;
    let bytes = noise(1500);
    for len in [1500, 0, 2, 777, 1472] {
        for peer in [&peer, &other] {
            peer.send_to(&bytes[..len], address)?;
            let mut answer = [0; 2000];
            assert_eq!(peer.recv_from(&mut answer)?, (len, address));
            assert_eq!(answer[..len], bytes[..len]);
        }
    }
    peer.send_to(b"!", address)?;
    server.await.expect("the server")
}

async fn connected_it_knows_one_peer() -> io::Result<()> {
    let (socket, peer) = pair().await?;
    assert_eq!(socket.peer_addr().unwrap_err().kind(), ErrorKind::NotConnected);
    assert!(socket.send(b"to whom?").await.is_err());
    socket.connect(peer.local_addr()?).await?;
    assert_eq!(socket.peer_addr()?, peer.local_addr()?);
    assert_eq!(socket.send(b"hello").await?, 5);
    let mut buf = [0; 16];
    assert_eq!(peer.recv_from(&mut buf)?, (5, socket.local_addr()?));

    let stranger = net::UdpSocket::bind("127.0.0.1:0")?;
    stranger.send_to(b"strange", socket.local_addr()?)?;
    peer.send_to(b"known", socket.local_addr()?)?;
    assert_eq!(socket.recv(&mut buf).await?, 5);
    assert_eq!(&buf[..5], b"known");
    // Another peer.
    socket.connect(stranger.local_addr()?).await?;
    stranger.send_to(b"new", socket.local_addr()?)?;
    assert_eq!(socket.recv_from(&mut buf).await?, (3, stranger.local_addr()?));
    let shown = format!("{socket:?}");
    assert!(
        shown.contains("addr: 127.0.0.1:") && shown.contains("peer: ") && shown.contains("fd: "),
        "{shown}"
    );
    Ok(())
}

async fn ipv6_and_both() -> io::Result<()> {
    let socket = UdpSocket::bind("[::]:0").await?;
    assert!(!socket.only_v6()?, "this host has net.ipv6.bindv6only off");
    let port = socket.local_addr()?.port();
    let mut buf = [0; 16];
    for (from, to) in [("[::1]:0", "::1"), ("127.0.0.1:0", "127.0.0.1")] {
        let peer = net::UdpSocket::bind(from)?;
        peer.send_to(b"x", (to, port))?;
        let (len, source) = socket.recv_from(&mut buf).await?;
        assert_eq!((len, source.port()), (1, peer.local_addr()?.port()));
        socket.send_to(b"yy", source).await?;
        assert_eq!(peer.recv_from(&mut buf)?.0, 2);
    }
    Ok(())
}

/// NT8
async fn zero_length_is_a_datagram() -> io::Result<()> {
    let (socket, peer) = connected_pair().await?;
    let mut buf = [0; 8];
    for _ in 0..3 {
        peer.send(b"")?;
        peer.send(b"after")?;
        assert_eq!(socket.recv(&mut buf).await?, 0);
        assert_eq!(socket.recv(&mut buf).await?, 5, "it was no end");
    }
    peer.send(b"")?;
    assert_eq!(socket.recv_from(&mut buf).await?, (0, peer.local_addr()?));
    peer.send(b"")?;
    assert_eq!(socket.recv_msg(&mut buf).await?.len, 0);
    peer.send(b"")?;
    assert_eq!(socket.recv(&mut []).await?, 0, "taken even into no room");
    assert!(poll_once(socket.recv(&mut buf)).await.is_none());
    assert_eq!(socket.send(b"").await?, 0);
    assert_eq!(peer.recv(&mut buf)?, 0);
    Ok(())
}

/// NT8
async fn truncation_is_reported() -> io::Result<()> {
    let (socket, peer) = connected_pair().await?;
    let mut buf = [0; 4];
    let truncated = |error: &io::Error| {
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        let error =
            error.get_ref().and_then(|e| e.downcast_ref::<TruncatedError>()).expect("a TruncatedError");
        (error.datagram_len(), error.buffer_len(), error.sender())
    };
    peer.send(b"0123456789")?;
    let error = socket.recv(&mut buf).await.unwrap_err();
    assert_eq!(truncated(&error), (10, 4, None));
    assert_eq!(&buf, b"0123");
    assert!(error.to_string().contains("10 bytes") && error.to_string().contains("the 4 bytes"), "{error}");

    peer.send(b"abcdefg")?;
    let error = socket.recv_from(&mut buf).await.unwrap_err();
    assert_eq!(truncated(&error), (7, 4, Some(peer.local_addr()?)));
    peer.send(b"abcdefg")?;
    let meta = socket.recv_msg(&mut buf).await?;
    assert!(meta.is_truncated());
    assert_eq!((meta.len, meta.datagram_len, meta.source), (4, 7, peer.local_addr()?));
    peer.send(b"fits")?;
    assert_eq!(socket.recv(&mut buf).await?, 4);
    assert!(poll_once(socket.recv(&mut buf)).await.is_none(), "the rest is gone");
    Ok(())
}

async fn largest_datagram() -> io::Result<()> {
    const LARGEST: usize = 65_507;
    let (socket, peer) = connected_pair().await?;
    let bytes = noise(LARGEST + 1);
    assert_eq!(socket.send(&bytes[..LARGEST]).await?, LARGEST);
    let mut buf = vec![0; LARGEST + 1];
    assert_eq!(peer.recv(&mut buf)?, LARGEST);
    peer.send(&buf[..LARGEST])?;
    buf.fill(0);
    assert_eq!(socket.recv(&mut buf).await?, LARGEST);
    assert!(buf[..LARGEST] == bytes[..LARGEST]);
    let errors = [socket.send(&bytes).await, socket.send_to(&bytes, peer.local_addr()?).await];
    for error in errors.map(Result::unwrap_err) {
        assert!(error.to_string().starts_with(&format!("send to {}: ", peer.local_addr()?)), "{error}");
        let detail = error.get_ref().and_then(|error| error.downcast_ref::<SocketError>());
        assert_eq!(detail.and_then(|detail| detail.os_error().raw_os_error()), Some(libc::EMSGSIZE));
    }
    Ok(())
}

async fn peek_takes_nothing() -> io::Result<()> {
    let (socket, peer) = connected_pair().await?;
    peer.send(b"datagram")?;
    let mut buf = [0; 4];
    for _ in 0..2 {
        assert_eq!(socket.peek(&mut buf).await?, 4);
        assert_eq!(socket.peek_from(&mut buf).await?, (4, peer.local_addr()?));
        assert_eq!(socket.try_peek(&mut buf)?, 4);
        assert_eq!(socket.try_peek_from(&mut buf)?.0, 4);
        assert_eq!(&buf, b"data");
    }
    assert_eq!(socket.recv(&mut [0; 16]).await?, 8);
    assert!(poll_once(socket.peek(&mut buf)).await.is_none());
    Ok(())
}

async fn try_operations_do_not_wait() -> io::Result<()> {
    let (socket, peer) = connected_pair().await?;
    let mut buf = [0; 16];
    let nothing = |error: io::Error| assert_eq!(error.kind(), ErrorKind::WouldBlock);
    nothing(socket.try_recv(&mut buf).unwrap_err());
    nothing(socket.try_recv_from(&mut buf).unwrap_err());
    nothing(socket.try_peek(&mut buf).unwrap_err());
    nothing(socket.try_peek_from(&mut buf).unwrap_err());
    nothing(socket.try_recv_msg(&mut buf).unwrap_err());
    assert_eq!(socket.try_send(b"one")?, 3);
    assert_eq!(socket.try_send_to(b"three", peer.local_addr()?)?, 5);
    assert_eq!(peer.recv(&mut buf)?, 3);
    assert_eq!(peer.recv(&mut buf)?, 5);
    peer.send(b"a")?;
    peer.send(b"bb")?;
    socket.readable().await?;
    assert_eq!(socket.try_recv(&mut buf)?, 1);
    assert_eq!(socket.try_recv_from(&mut buf)?, (2, peer.local_addr()?));
    Ok(())
}

async fn polled_operations() -> io::Result<()> {
    let (socket, peer) = connected_pair().await?;
    let to = peer.local_addr()?;
    let mut buf = [0; 16];
    assert!(poll_once(future::poll_fn(|cx| socket.poll_recv(cx, &mut buf))).await.is_none());
    assert_eq!(future::poll_fn(|cx| socket.poll_send(cx, b"one")).await?, 3);
    assert_eq!(future::poll_fn(|cx| socket.poll_send_to(cx, b"four", to)).await?, 4);
    assert_eq!((peer.recv(&mut buf)?, peer.recv(&mut buf)?), (3, 4));
    for _ in 0..3 {
        peer.send(b"12345")?;
    }
    assert_eq!(future::poll_fn(|cx| socket.poll_peek(cx, &mut buf)).await?, 5);
    assert_eq!(future::poll_fn(|cx| socket.poll_peek_from(cx, &mut buf)).await?, (5, to));
    assert_eq!(future::poll_fn(|cx| socket.poll_recv(cx, &mut buf)).await?, 5);
    assert_eq!(future::poll_fn(|cx| socket.poll_recv_from(cx, &mut buf)).await?, (5, to));
    assert_eq!(future::poll_fn(|cx| socket.poll_recv_msg(cx, &mut buf)).await?.len, 5);
    future::poll_fn(|cx| socket.poll_writable(cx)).await?;
    assert!(poll_once(future::poll_fn(|cx| socket.poll_readable(cx))).await.is_none());
    // A waker that was left is woken.
    let mut wait = Box::pin(future::poll_fn(|cx| socket.poll_recv_from(cx, &mut buf)));
    assert!(poll_once(&mut wait).await.is_none());
    peer.send(b"late")?;
    assert_eq!(wait.await?.0, 4);
    Ok(())
}

async fn readiness_is_said_when_it_is_true() -> io::Result<()> {
    let (socket, peer) = connected_pair().await?;
    for _ in 0..3 {
        assert!(poll_once(socket.readable()).await.is_none(), "nothing was sent yet");
        assert_eq!(socket.ready(Interest::READABLE | Interest::WRITABLE).await?, Readiness::WRITABLE);
        peer.send(b"x")?;
        socket.readable().await?;
        assert_eq!(socket.ready(Interest::READABLE).await?, Readiness::READABLE);
        socket.writable().await?;
        assert_eq!(socket.try_recv(&mut [0; 8])?, 1);
    }
    Ok(())
}

async fn a_dropped_receive_loses_nothing() -> io::Result<()> {
    let (socket, peer) = connected_pair().await?;
    let mut buf = [0; 8];
    for round in 0..100_u8 {
        assert!(poll_once(socket.recv(&mut buf)).await.is_none());
        peer.send(&[round])?;
        assert_eq!(socket.recv(&mut buf).await?, 1);
        assert_eq!(buf[0], round);
    }
    Ok(())
}

async fn clones_share_one_socket() -> io::Result<()> {
    let (socket, peer) = connected_pair().await?;
    let clone = socket.clone();
    let receiver = fend::spawn(async move {
        let mut buf = [0; 8];
        clone.recv(&mut buf).await
    });
    socket.send(b"ask").await?;
    let mut buf = [0; 8];
    peer.recv(&mut buf)?;
    peer.send(b"answer")?;
    assert_eq!(receiver.await.expect("the receiver")?, 6);
    Ok(())
}

async fn several_receivers_get_a_datagram_each() -> io::Result<()> {
    let (socket, peer) = connected_pair().await?;
    let receivers: Vec<_> = (0..40)
        .map(|_| {
            let socket = socket.clone();
            fend::spawn(async move {
                let mut buf = [0; 8];
                socket.recv(&mut buf).await.map(|len| buf[..len].to_vec())
            })
        })
        .collect();
    let mut sent: Vec<Vec<u8>> = (0..40).map(|number| vec![number, 7]).collect();
    for datagram in &sent {
        peer.send(datagram)?;
    }
    let mut received = Vec::new();
    for receiver in receivers {
        received.push(receiver.await.expect("a receiver")?);
    }
    received.sort();
    sent.sort();
    assert_eq!(received, sent);
    Ok(())
}

async fn first_address_that_works() -> io::Result<()> {
    // 203.0.113.0/24 is nobody's: RFC 5737.
    let foreign = net::SocketAddr::from(([203, 0, 113, 1], 0));
    let socket = UdpSocket::bind(&[foreign, ([127, 0, 0, 1], 0).into()]).await?;
    assert!(socket.local_addr()?.ip().is_loopback());
    let error = UdpSocket::bind(foreign).await.unwrap_err();
    assert!(error.to_string().starts_with("bind 203.0.113.1:0: "), "{error}");
    let none: [net::SocketAddr; 0] = [];
    for error in [
        UdpSocket::bind(&none).await.unwrap_err(),
        socket.connect(&none).await.unwrap_err(),
        socket.send_to(b"x", &none).await.unwrap_err(),
        socket.send_to(b"x", "localhost:80").await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    }
    let error = socket.connect("[::1]:9").await.unwrap_err();
    assert!(error.to_string().starts_with("connect [::1]:9: "), "{error}");
    Ok(())
}

async fn unbound_sockets_are_bound_once() -> io::Result<()> {
    for (socket, address) in [(UdpSocket::new_v4()?, "127.0.0.1:0"), (UdpSocket::new_v6()?, "[::1]:0")] {
        assert_eq!(socket.local_addr()?.port(), 0, "not bound yet");
        if let Err(error) = socket.bind_to(address) {
            assert_eq!(error.raw_os_error().unwrap_or(libc::EADDRNOTAVAIL), libc::EADDRNOTAVAIL);
            continue; // A system without IPv6.
        }
        let bound = socket.local_addr()?;
        assert_ne!(bound.port(), 0);
        let error = socket.bind_to(address).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_eq!(error.to_string(), format!("bind {address}: Invalid argument (os error 22)"));
        assert_eq!(socket.local_addr()?, bound, "as before");
        net::UdpSocket::bind((bound.ip(), 0))?.send_to(b"x", bound)?;
        assert_eq!(socket.recv(&mut [0; 2]).await?, 1);
    }
    // The first of several that works; and a send binds one that nobody has bound.
    let socket = UdpSocket::new_v4()?;
    socket.bind_to(&["192.0.2.1:0".parse().unwrap(), "127.0.0.1:0".parse().unwrap()])?;
    assert_eq!(socket.local_addr()?.ip().to_string(), "127.0.0.1");
    let sender = UdpSocket::new(Domain::IPV4)?;
    sender.send_to(b"x", socket.local_addr()?).await?;
    assert_ne!(sender.local_addr()?.port(), 0);
    assert_eq!(socket.recv_from(&mut [0; 2]).await?.1.port(), sender.local_addr()?.port());
    for wrong in ["localhost:1", ""] {
        assert_eq!(UdpSocket::new_v4()?.bind_to(wrong).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    Ok(())
}

async fn a_port_is_shared_by_those_that_agree() -> io::Result<()> {
    let shared = || {
        let socket = UdpSocket::new_v4()?;
        socket.set_reuse_port(true)?;
        io::Result::Ok(socket)
    };
    let (first, second) = (shared()?, shared()?);
    first.bind_to("127.0.0.1:0")?;
    let address = first.local_addr()?;
    second.bind_to(address)?;
    assert_eq!(second.local_addr()?, address);
    let error = UdpSocket::new_v4()?.bind_to(address).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert_eq!(error.to_string(), format!("bind {address}: Address already in use (os error 98)"));
    // Whom a datagram goes to depends on where it is from.
    let (mut at_first, mut at_second, mut buf) = (0, 0, [0; 4]);
    while at_first == 0 || at_second == 0 {
        net::UdpSocket::bind("127.0.0.1:0")?.send_to(b"x", address)?;
        future::or(async { first.recv(&mut [0; 4]).await.map(|n| at_first += n) }, async {
            second.recv(&mut buf).await.map(|n| at_second += n)
        })
        .await?;
    }
    Ok(())
}

async fn udp_only_ip_domains() -> io::Result<()> {
    for domain in [Domain::UNIX, Domain::PACKET, Domain::VSOCK] {
        let error = UdpSocket::new(domain).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().ends_with("not IPv4 or IPv6"), "{error}");
    }
    Ok(())
}
