//! GSO and GRO, and the way without them.

use std::io::{self, ErrorKind};

use fend::net::UdpSocket;
use fend::net::udp::{RecvBatch, SendBatch, SendMeta};
use futures_lite::future::poll_fn;

use crate::peer::noise;
use crate::udp_basics::connected_pair;

on_every_dispatcher!(
    segments_arrive_as_datagrams,
    segments_to_an_address,
    segments_above_the_mtu_are_sent_alone,
    segment_size_of_one_message,
    gro_puts_datagrams_together,
);

async fn segments_arrive_as_datagrams() -> io::Result<()> {
    let (socket, peer) = connected_pair().await?;
    let bytes = noise(200_000);
    let mut buf = [0; 2000];
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        let sent = socket.send_segments(rest, 1300).await?;
        assert!(sent == rest.len() || sent % 1300 == 0, "whole datagrams: {sent}");
        for datagram in rest[..sent].chunks(1300) {
            assert_eq!(peer.recv(&mut buf)?, datagram.len());
            assert!(&buf[..datagram.len()] == datagram);
        }
        rest = &rest[sent..];
    }
    assert_eq!(socket.send_segments(b"", 10).await?, 0);
    assert_eq!(peer.recv(&mut buf)?, 0);
    assert_eq!(socket.send_segments(b"x", 0).await.unwrap_err().kind(), ErrorKind::InvalidInput);
    Ok(())
}

async fn segments_to_an_address() -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    let (_, peer) = connected_pair().await?;
    let peer = {
        drop(peer);
        std::net::UdpSocket::bind("127.0.0.1:0")?
    };
    let to = peer.local_addr()?;
    let mut buf = [0; 16];
    assert_eq!(socket.send_segments_to(b"aabbc", 2, to).await?, 5);
    assert_eq!(socket.try_send_segments(b"aabbc", 2, Some(to))?, 5);
    assert_eq!(poll_fn(|cx| socket.poll_send_segments(cx, b"aabbc", 2, Some(to))).await?, 5);
    for _ in 0..3 {
        for text in [&b"aa"[..], b"bb", b"c"] {
            assert_eq!(peer.recv_from(&mut buf)?, (text.len(), socket.local_addr()?));
            assert_eq!(&buf[..text.len()], text);
        }
    }
    Ok(())
}

/// The kernel refuses to cut into what would have to be cut again. Over the loopback that is nothing, so the path's MTU is made
/// small.
async fn segments_above_the_mtu_are_sent_alone() -> io::Result<()> {
    let (socket, peer) = connected_pair().await?;
    let bytes = noise(65_000);
    // Two of 32,500 are above no MTU here; what matters is that the answer is the same either way.
    assert_eq!(socket.send_segments(&bytes, 32_500).await?, 65_000);
    let mut buf = vec![0; 65_000];
    for half in bytes.chunks(32_500) {
        assert_eq!(peer.recv(&mut buf)?, 32_500);
        assert!(&buf[..32_500] == half);
    }
    Ok(())
}

async fn segment_size_of_one_message() -> io::Result<()> {
    let (socket, peer) = connected_pair().await?;
    if !socket.gso_supported() {
        eprintln!("skipped: no UDP_SEGMENT");
        return Ok(());
    }
    assert_eq!(socket.send_msg(b"aaabbbcc", &SendMeta::new().segment_size(3)).await?, 8);
    let mut batch = SendBatch::new();
    batch.push_msg(b"aaabbbcc", &SendMeta::new().segment_size(3));
    batch.push(b"dddd");
    assert_eq!(socket.send_many(&mut batch).await?, 2);
    let mut buf = [0; 16];
    for len in [3, 3, 2, 3, 3, 2, 4] {
        assert_eq!(peer.recv(&mut buf)?, len);
    }
    Ok(())
}

async fn gro_puts_datagrams_together() -> io::Result<()> {
    let (ours, theirs) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    ours.connect(theirs.local_addr()?).await?;
    if let Err(error) = theirs.set_gro(true) {
        eprintln!("skipped: no UDP_GRO: {error}");
        return Ok(());
    }
    assert!(theirs.gro()?);
    let bytes = noise(10_500);
    let expected: Vec<_> = bytes.chunks(1000).collect();
    let mut buf = vec![0; 65_535];
    // One with the next, and one by one, which none are put together of.
    ours.send_segments(&bytes, 1000).await?;
    let mut received = Vec::new();
    let mut largest = 0;
    while received.len() < expected.len() {
        let meta = theirs.recv_msg(&mut buf).await?;
        largest = largest.max(meta.segments(&buf).count());
        received.extend(meta.segments(&buf).map(<[u8]>::to_vec));
    }
    assert_eq!(received, expected);
    assert!(!ours.gso_supported() || largest > 1, "put together: {largest}");

    ours.send_segments(&bytes, 1000).await?;
    ours.send(b"single").await?;
    let mut batch = RecvBatch::new(16, 65_535);
    received.clear();
    while received.len() <= expected.len() {
        theirs.recv_many(&mut batch).await?;
        received.extend(batch.iter().flat_map(|datagram| datagram.segments()).map(<[u8]>::to_vec));
    }
    assert_eq!(received.pop().as_deref(), Some(&b"single"[..]));
    assert_eq!(received, expected);
    Ok(())
}
