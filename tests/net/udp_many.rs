//! Batches: recvmmsg(2) and sendmmsg(2).

use std::io::{self, ErrorKind};
use std::net;

use fend::net::UdpSocket;
use fend::net::udp::{RecvBatch, SendBatch, SendMeta};
use futures_lite::future::{poll_fn, poll_once};

use crate::udp_basics::{connected_pair, pair};

on_every_dispatcher!(
    a_batch_takes_what_is_there,
    a_batch_reports_truncation_and_metadata,
    a_batch_is_sent_whole_and_in_order,
    a_failed_datagram_stays_in_front,
    an_error_between_receives_is_met_once,
    batches_are_used_again,
    many_to_many,
    tried_and_polled_batches,
);

async fn a_batch_takes_what_is_there() -> io::Result<()> {
    let (socket, peer) = connected_pair().await?;
    let mut batch = RecvBatch::new(4, 16);
    assert!(poll_once(socket.recv_many(&mut batch)).await.is_none() && batch.is_empty());
    for text in [&b"one"[..], b"", b"three", b"4", b"fifth"] {
        peer.send(text)?;
    }
    assert_eq!(socket.recv_many(&mut batch).await?, 4);
    let texts: Vec<_> = batch.iter().map(|datagram| datagram.data()).collect();
    assert_eq!(texts, [&b"one"[..], b"", b"three", b"4"]);
    for datagram in &batch {
        assert_eq!(datagram.source()?, peer.local_addr()?);
        assert!(!datagram.is_truncated());
    }
    assert_eq!(socket.recv_many(&mut batch).await?, 1);
    assert_eq!(
        (batch.len(), batch.get(0).map(|one| one.data()), batch.get(1).is_none()),
        (1, Some(&b"fifth"[..]), true)
    );
    assert!(poll_once(socket.recv_many(&mut batch)).await.is_none());
    assert!(batch.is_empty(), "what was there before is gone");
    assert_eq!((RecvBatch::new(0, 1).capacity(), RecvBatch::new(9999, 1).capacity()), (1, RecvBatch::MAX));
    Ok(())
}

/// NT8
async fn a_batch_reports_truncation_and_metadata() -> io::Result<()> {
    let (socket, peer) = connected_pair().await?;
    socket.set_recv_ttl(true)?;
    socket.set_recv_packet_info(true)?;
    peer.set_ttl(21)?;
    peer.send(b"fits")?;
    peer.send(b"does not fit")?;
    peer.send(b"")?;
    let mut batch = RecvBatch::new(8, 4);
    assert_eq!(socket.recv_many(&mut batch).await?, 3);
    let seen: Vec<_> = batch.iter().map(|d| (d.data().len(), d.datagram_len(), d.is_truncated())).collect();
    assert_eq!(seen, [(4, 4, false), (4, 12, true), (0, 0, false)]);
    for datagram in &batch {
        let meta = datagram.meta()?;
        assert_eq!((meta.ttl, meta.interface, meta.source), (Some(21), Some(1), peer.local_addr()?));
        assert_eq!(meta.is_truncated(), datagram.is_truncated());
    }
    assert!(format!("{batch:?}").contains("ttl: Some(21)"), "{batch:?}");
    Ok(())
}

async fn a_batch_is_sent_whole_and_in_order() -> io::Result<()> {
    let (socket, peer) = pair().await?;
    let other = net::UdpSocket::bind("127.0.0.1:0")?;
    let mut batch = SendBatch::new();
    assert_eq!(socket.send_many(&mut batch).await?, 0);
    // More than one system call takes.
    for number in 0..150_u16 {
        batch.push_to(&number.to_be_bytes(), peer.local_addr()?);
        batch.push_msg(b"other", &SendMeta::to(other.local_addr()?).ttl(3));
    }
    assert_eq!(batch.len(), 300);
    assert_eq!(socket.send_many(&mut batch).await?, 300);
    assert!(batch.is_empty());
    let mut buf = [0; 8];
    for number in 0..150_u16 {
        assert_eq!(peer.recv_from(&mut buf)?, (2, socket.local_addr()?));
        assert_eq!(buf[..2], number.to_be_bytes());
        assert_eq!(other.recv(&mut buf)?, 5);
    }
    Ok(())
}

async fn a_failed_datagram_stays_in_front() -> io::Result<()> {
    let (socket, peer) = pair().await?;
    let to = peer.local_addr()?;
    let mut batch = SendBatch::new();
    batch.push_to(b"first", to);
    batch.push_to(&[0; 65_508], to);
    batch.push_to(b"third", to);
    let error = socket.send_many(&mut batch).await.unwrap_err();
    assert!(error.to_string().starts_with(&format!("send to {to}: ")), "{error}");
    assert_eq!(batch.len(), 2, "the first was sent, and no more");
    assert!(batch.skip());
    assert_eq!(socket.send_many(&mut batch).await?, 1);
    assert!(!batch.skip());
    let mut buf = [0; 8];
    for text in [b"first", b"third"] {
        assert_eq!(peer.recv(&mut buf)?, 5);
        assert_eq!(&buf[..5], text);
    }
    Ok(())
}

/// NT8
async fn an_error_between_receives_is_met_once() -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.connect(crate::udp_errors::nobody()?).await?;
    let (mut to_send, mut received) = (SendBatch::new(), RecvBatch::new(4, 8));
    to_send.push(b"anybody?");
    socket.send_many(&mut to_send).await?;
    let error = socket.recv_many(&mut received).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert!(poll_once(socket.recv_many(&mut received)).await.is_none());
    Ok(())
}

async fn batches_are_used_again() -> io::Result<()> {
    let (socket, peer) = connected_pair().await?;
    let (mut to_send, mut received) = (SendBatch::new(), RecvBatch::new(8, 64));
    for round in 0..50_u8 {
        for number in 0..round % 8 + 1 {
            // What one round asked for is not left for the next.
            match (round + number) % 2 {
                0 => to_send.push_msg(&[round, number], &SendMeta::new().ttl(9)),
                _ => to_send.push(&[round, number, 0]),
            }
            peer.send(&[round, number])?;
        }
        socket.send_many(&mut to_send).await?;
        socket.recv_many(&mut received).await?;
        let mut buf = [0; 8];
        for number in 0..round % 8 + 1 {
            assert_eq!(peer.recv(&mut buf)?, 2 + usize::from((round + number) % 2));
            assert_eq!(buf[..2], [round, number]);
            assert_eq!(received.get(number.into()).expect("as many").data(), [round, number]);
        }
    }
    to_send.push(b"not to be sent");
    to_send.clear();
    assert!(to_send.is_empty());
    Ok(())
}

async fn many_to_many() -> io::Result<()> {
    const ROUNDS: usize = 100;
    const EACH: usize = 32;
    let (ours, theirs) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    ours.connect(theirs.local_addr()?).await?;
    let echo = fend::spawn(async move {
        let (mut received, mut answers) = (RecvBatch::new(EACH, 64), SendBatch::new());
        let mut echoed = 0;
        while echoed < ROUNDS * EACH {
            echoed += theirs.recv_many(&mut received).await?;
            for datagram in &received {
                answers.push_to(datagram.data(), datagram.source()?);
            }
            theirs.send_many(&mut answers).await?;
        }
        io::Result::Ok(())
    });
    let (mut questions, mut answers) = (SendBatch::new(), RecvBatch::new(EACH, 64));
    for round in 0..ROUNDS {
        for number in 0..EACH {
            questions.push(format!("{round} {number}").as_bytes());
        }
        ours.send_many(&mut questions).await?;
        let mut next = 0;
        while next < EACH {
            ours.recv_many(&mut answers).await?;
            for answer in &answers {
                assert_eq!(answer.data(), format!("{round} {next}").as_bytes());
                next += 1;
            }
        }
    }
    echo.await.expect("the echo")
}

async fn tried_and_polled_batches() -> io::Result<()> {
    let (socket, peer) = connected_pair().await?;
    let (mut to_send, mut received) = (SendBatch::new(), RecvBatch::new(8, 64));
    assert_eq!(socket.try_recv_many(&mut received).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(socket.try_send_many(&mut to_send)?, 0);
    for _ in 0..70 {
        to_send.push(b"x");
    }
    assert_eq!(socket.try_send_many(&mut to_send)?, RecvBatch::MAX);
    assert_eq!(poll_fn(|cx| socket.poll_send_many(cx, &mut to_send)).await?, 6);
    peer.send(b"y")?;
    assert_eq!(poll_fn(|cx| socket.poll_recv_many(cx, &mut received)).await?, 1);
    peer.send(b"z")?;
    socket.readable().await?;
    assert_eq!(socket.try_recv_many(&mut received)?, 1);
    Ok(())
}
