//! The error queue: what it tells, and that nobody spins because of it.

use std::io::{self, ErrorKind};
use std::net;

use fend::net::UdpSocket;
use fend::net::control::ErrorOrigin;
use futures_lite::future::{self, poll_once};

use crate::udp_basics::connected_pair;
use crate::udp_errors::{nobody, turns_while_idle};

on_every_dispatcher!(
    queued_error_tells_all,
    queued_error_tells_all_v6,
    queued_error_wakes_its_reader,
    queue_without_reader_does_not_spin,
    queue_that_nobody_reads_is_bounded,
    reader_and_receiver_at_once,
    queue_of_an_adopted_socket,
    queue_must_be_asked_for,
    time_stamps_of_what_was_sent,
);

async fn queued_error_tells_all() -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.set_recv_errors(true)?;
    assert!(socket.recv_errors()?);
    for _ in 0..2 {
        let nobody = nobody()?;
        socket.send_to(b"are you there?", nobody).await?;
        let entry = socket.recv_error().await?;
        assert_eq!(entry.error.errno, libc::ECONNREFUSED);
        assert_eq!(entry.error.to_io_error().kind(), ErrorKind::ConnectionRefused);
        assert_eq!(entry.error.origin, ErrorOrigin::Icmp);
        // Destination unreachable, port unreachable.
        assert_eq!((entry.error.kind, entry.error.code), (3, 3));
        assert_eq!(entry.error.offender.map(|offender| offender.ip()), Some([127, 0, 0, 1].into()));
        assert_eq!(entry.destination, Some(nobody));
        assert_eq!((&entry.data[..], entry.lost), (&b"are you there?"[..], 0));
    }
    assert_eq!(socket.try_recv_error().unwrap_err().kind(), ErrorKind::WouldBlock);
    assert!(poll_once(socket.recv_error()).await.is_none());
    // Read from the queue, it is not met by the next operation any more.
    assert!(poll_once(socket.recv_from(&mut [0; 8])).await.is_none());
    Ok(())
}

async fn queued_error_tells_all_v6() -> io::Result<()> {
    let socket = UdpSocket::bind("[::]:0").await?;
    socket.set_recv_errors(true)?;
    let kept = net::UdpSocket::bind("[::1]:0")?;
    kept.connect("[::1]:1")?;
    let nobody_v6 = kept.local_addr()?;
    socket.send_to(b"six", nobody_v6).await?;
    let entry = socket.recv_error().await?;
    assert_eq!((entry.error.errno, entry.error.origin), (libc::ECONNREFUSED, ErrorOrigin::Icmpv6));
    assert_eq!((entry.destination, &entry.data[..]), (Some(nobody_v6), &b"six"[..]));
    // And of IPv4 by the same socket.
    let port = nobody()?.port();
    socket.send_to(b"four", format!("[::ffff:127.0.0.1]:{port}")).await?;
    let entry = socket.recv_error().await?;
    assert_eq!((entry.error.errno, entry.error.origin), (libc::ECONNREFUSED, ErrorOrigin::Icmp));
    assert_eq!(&entry.data[..], b"four");
    Ok(())
}

async fn queued_error_wakes_its_reader() -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.set_recv_errors(true)?;
    for round in 0..20 {
        let mut wait = Box::pin(socket.recv_error());
        assert!(poll_once(&mut wait).await.is_none());
        socket.send_to(&[round], nobody()?).await?;
        assert_eq!(wait.await?.data, [round]);
    }
    let mut wait = Box::pin(future::poll_fn(|cx| socket.poll_recv_error(cx)));
    assert!(poll_once(&mut wait).await.is_none());
    socket.send_to(b"polled", nobody()?).await?;
    assert_eq!(wait.await?.data, b"polled");
    Ok(())
}

/// The kernel says "error" again and again while the queue is not empty, to a receiver that finds nothing.
async fn queue_without_reader_does_not_spin() -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.set_recv_errors(true)?;
    let receiver = fend::spawn({
        let socket = socket.clone();
        async move {
            loop {
                // The same errors are met by receives, each once.
                match socket.recv_from(&mut [0; 8]).await {
                    Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
                    other => return other,
                }
            }
        }
    });
    let mut sent = 0;
    for round in 0..5 {
        // A send is refused with what an earlier one has met.
        if socket.send_to(&[round], nobody()?).await.is_ok() {
            sent += 1;
        }
    }
    let turns = turns_while_idle().await;
    assert!(turns < 60, "{turns} turns while nothing happened");
    assert!(!receiver.is_finished());
    // None was lost by that.
    for _ in 0..sent {
        assert_eq!(socket.recv_error().await?.error.errno, libc::ECONNREFUSED);
    }
    assert!(poll_once(socket.recv_error()).await.is_none());
    let peer = net::UdpSocket::bind("127.0.0.1:0")?;
    peer.send_to(b"hello", socket.local_addr()?)?;
    assert_eq!(receiver.await.expect("the receiver")?.0, 5);
    Ok(())
}

async fn queue_that_nobody_reads_is_bounded() -> io::Result<()> {
    const SENT: u64 = 100;
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.set_recv_errors(true)?;
    let nobody = nobody()?;
    let mut sent = 0;
    while sent < SENT {
        if socket.try_send_to(&[sent as u8], nobody).is_ok() {
            sent += 1;
        }
        // Finds nothing, and sets the error aside.
        while socket.try_recv(&mut [0; 8]).unwrap_err().kind() != ErrorKind::WouldBlock {}
    }
    for expected in 0..64 {
        let entry = socket.try_recv_error()?;
        assert_eq!((entry.data, entry.lost), (vec![expected], 0));
    }
    assert_eq!(socket.try_recv_error().unwrap_err().kind(), ErrorKind::WouldBlock);
    socket.send_to(b"last", nobody).await?;
    assert_eq!(socket.recv_error().await?.lost, SENT - 64);
    Ok(())
}

/// Whoever finds an entry in the kernel, the reader gets it: when a receiver has set it aside no event is left to tell.
async fn reader_and_receiver_at_once() -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.set_recv_errors(true)?;
    let receiver = fend::spawn({
        let socket = socket.clone();
        async move {
            loop {
                // Refusals are met here too.
                if let Ok((3, _)) = socket.recv_from(&mut [0; 8]).await {
                    return;
                }
            }
        }
    });
    let nobody = nobody()?;
    for round in 0..50 {
        let reader = fend::spawn({
            let socket = socket.clone();
            async move { socket.recv_error().await }
        });
        // Refused by what is left of the last round.
        while socket.send_to(&[round], nobody).await.is_err() {}
        assert_eq!(reader.await.expect("the reader")?.data, [round]);
    }
    let peer = net::UdpSocket::bind("127.0.0.1:0")?;
    peer.send_to(b"end", socket.local_addr()?)?;
    receiver.await.expect("the receiver");
    Ok(())
}

/// Its option is on already, and nobody has told us.
async fn queue_of_an_adopted_socket() -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.set_recv_errors(true)?;
    let socket = UdpSocket::try_from(socket.into_std()?)?;
    assert!(socket.recv_errors()?);
    socket.send_to(b"x", nobody()?).await?;
    assert_eq!(socket.recv_error().await?.error.errno, libc::ECONNREFUSED);
    Ok(())
}

async fn queue_must_be_asked_for() -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    assert!(!socket.recv_errors()?);
    let error = socket.recv_error().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("set_recv_errors"), "{error}");
    socket.set_recv_errors(true)?;
    socket.set_recv_errors(false)?;
    assert!(socket.try_recv_error().is_err() && !socket.recv_errors()?);
    Ok(())
}

async fn time_stamps_of_what_was_sent() -> io::Result<()> {
    let (socket, peer) = connected_pair().await?;
    assert!(!socket.send_timestamps()?);
    socket.set_send_timestamps(true)?;
    assert!(socket.send_timestamps()?);
    for number in 0..5 {
        socket.send(b"when?").await?;
        let entry = socket.recv_error().await?;
        assert_eq!((entry.error.origin, entry.error.errno), (ErrorOrigin::TxStatus, libc::ENOMSG));
        assert_eq!(entry.error.data, number);
        assert!(entry.timestamp.and_then(|time| time.software).is_some(), "{entry:?}");
        peer.recv(&mut [0; 8])?;
    }
    // A receiver is not disturbed, and loses none.
    assert!(poll_once(socket.recv(&mut [0; 8])).await.is_none());
    socket.send(b"when?").await?;
    assert!(poll_once(socket.recv(&mut [0; 8])).await.is_none());
    let turns = turns_while_idle().await;
    assert!(turns < 40, "{turns} turns while nothing happened");
    assert_eq!(socket.recv_error().await?.error.data, 5);
    // The other kind can go without this one.
    socket.set_recv_errors(true)?;
    socket.set_recv_errors(false)?;
    assert_eq!(socket.try_recv_error().unwrap_err().kind(), ErrorKind::WouldBlock);
    socket.set_send_timestamps(false)?;
    assert_eq!(socket.try_recv_error().unwrap_err().kind(), ErrorKind::InvalidInput);
    Ok(())
}
