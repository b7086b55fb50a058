//! Connections of records over Unix sockets.

use std::io;
use std::task::Poll;

use fend::net::unix::Record;
use fend::net::{Shutdown, UnixSeqpacket, UnixSeqpacketListener};
use futures_lite::future::{poll_fn, poll_once};
use socket2::{Domain, Socket, Type};

use crate::peer::noise;
use crate::unix_place::Directory;

on_every_dispatcher!(
    records_keep_their_borders,
    truncation_is_reported,
    empty_record_is_not_the_end,
    end_is_told_again_and_again,
    unread_records_make_a_reset,
    many_records_of_odd_sizes,
    cancelled_recv_record_loses_nothing,
    peer_of_the_c_library,
    polled_and_tried,
    peer_closed_ends_the_wait,
);

async fn connected() -> io::Result<(UnixSeqpacket, UnixSeqpacket)> {
    let directory = Directory::new()?;
    let path = directory.join("listener");
    let listener = UnixSeqpacketListener::bind(&path).await?;
    let client = UnixSeqpacket::connect(&path).await?;
    let (server, peer) = listener.accept().await?;
    assert!(peer.is_unnamed());
    assert_eq!(client.peer_addr()?.as_pathname(), Some(&*path));
    let shown = format!("{client:?} {listener:?}");
    assert_eq!(shown.matches(&path.display().to_string()).count(), 2, "{shown}");
    Ok((client, server))
}

async fn records_keep_their_borders() -> io::Result<()> {
    let (client, server) = connected().await?;
    client.send(b"one").await?;
    client.send(b"two and more").await?;
    let mut buf = [0; 64];
    let len = server.recv(&mut buf).await?;
    assert_eq!(&buf[..len], b"one");
    assert_eq!(server.peek(&mut buf).await?, 12);
    let len = server.recv(&mut buf).await?;
    assert_eq!(&buf[..len], b"two and more");
    Ok(())
}

fn lengths(record: Option<Record>) -> Option<(usize, usize)> {
    record.map(|record| (record.len, record.full_len))
}

async fn truncation_is_reported() -> io::Result<()> {
    let (ours, theirs) = UnixSeqpacket::pair()?;
    theirs.send(b"0123456789").await?;
    theirs.send(b"next").await?;
    let mut buf = [0; 4];
    let record = ours.recv_record(&mut buf).await?;
    assert!(record.is_some_and(|record| record.is_truncated()));
    assert_eq!((lengths(record), &buf), (Some((4, 10)), b"0123"));
    assert_eq!(lengths(ours.recv_record(&mut buf).await?), Some((4, 4)), "the rest is gone");
    theirs.send(b"x").await?;
    assert_eq!(lengths(ours.recv_record(&mut []).await?), Some((0, 1)));
    theirs.send(b"0123456789").await?;
    let error = ours.recv(&mut buf).await.unwrap_err();
    assert!(error.to_string().contains("10 bytes was cut to the 4 bytes"), "{error}");
    Ok(())
}

async fn empty_record_is_not_the_end() -> io::Result<()> {
    let (ours, theirs) = connected().await?;
    theirs.send(b"").await?;
    let mut buf = [0; 4];
    assert_eq!(lengths(ours.recv_record(&mut buf).await?), Some((0, 0)));
    assert!(poll_once(ours.recv_record(&mut buf)).await.is_none());
    // The last ones before the end, which is known by then.
    theirs.send(b"x").await?;
    theirs.send(b"").await?;
    theirs.send(b"").await?;
    theirs.shutdown(Shutdown::Write)?;
    assert_eq!(lengths(ours.recv_record(&mut buf).await?), Some((1, 1)));
    assert_eq!(lengths(ours.recv_record(&mut buf).await?), Some((0, 0)));
    assert_eq!(lengths(ours.try_recv_record(&mut buf)?), Some((0, 0)));
    assert_eq!(ours.recv_record(&mut buf).await?, None);
    ours.send(b"half open").await?;
    assert_eq!(theirs.recv(&mut [0; 16]).await?, 9);
    Ok(())
}

async fn end_is_told_again_and_again() -> io::Result<()> {
    let (ours, theirs) = UnixSeqpacket::pair()?;
    let mut buf = [0; 4];
    let mut receiving = Box::pin(ours.recv_record(&mut buf));
    assert!(poll_once(&mut receiving).await.is_none());
    drop(theirs);
    assert_eq!(receiving.await?, None);
    assert_eq!(ours.recv_record(&mut buf).await?, None);
    assert_eq!(ours.recv(&mut buf).await?, 0);
    let error = ours.send(b"x").await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    Ok(())
}

async fn unread_records_make_a_reset() -> io::Result<()> {
    let (ours, theirs) = UnixSeqpacket::pair()?;
    ours.send(b"nobody reads this").await?;
    drop(theirs);
    let error = ours.recv(&mut [0; 8]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    Ok(())
}

async fn many_records_of_odd_sizes() -> io::Result<()> {
    let (ours, theirs) = UnixSeqpacket::pair()?;
    let bytes = noise(30_000);
    let sizes = || (0..500_usize).map(|number| number * 7919 % 30_001);
    let sent = bytes.clone();
    let sender = fend::spawn(async move {
        for size in sizes() {
            theirs.send(&sent[..size]).await?;
        }
        io::Result::Ok(())
    });
    let mut buf = vec![0; 30_000];
    for size in sizes() {
        let record = ours.recv_record(&mut buf).await?;
        assert_eq!(lengths(record), Some((size, size)));
        assert!(buf[..size] == bytes[..size]);
    }
    sender.await.expect("the sender")?;
    assert_eq!(ours.recv_record(&mut buf).await?, None);
    Ok(())
}

/// NT11
async fn cancelled_recv_record_loses_nothing() -> io::Result<()> {
    let (ours, theirs) = UnixSeqpacket::pair()?;
    let sender = fend::spawn(async move {
        for number in 0..1000_u32 {
            theirs.send(&number.to_ne_bytes()).await?;
        }
        io::Result::Ok(())
    });
    let mut buf = [0; 4];
    let mut next = 0;
    loop {
        match poll_once(ours.recv_record(&mut buf)).await {
            Some(Ok(None)) => break,
            Some(record) => {
                assert_eq!((lengths(record?), u32::from_ne_bytes(buf)), (Some((4, 4)), next));
                next += 1;
            }
            None => ours.readable().await?,
        }
    }
    assert_eq!(next, 1000);
    sender.await.expect("the sender")
}

async fn peer_of_the_c_library() -> io::Result<()> {
    let directory = Directory::new()?;
    let path = directory.join("listener");
    let listener = UnixSeqpacketListener::bind(&path).await?;
    let peer = Socket::new(Domain::UNIX, Type::SEQPACKET, None)?;
    peer.connect(&socket2::SockAddr::unix(&path)?)?;
    peer.send(b"first")?;
    peer.send(b"second")?;
    let (ours, _) = listener.accept().await?;
    let mut buf = [0; 16];
    assert_eq!(ours.recv(&mut buf).await?, 5);
    assert_eq!(ours.recv(&mut buf).await?, 6);
    ours.send(b"third").await?;
    drop(ours);
    let mut received = Vec::with_capacity(16);
    let len = peer.recv(received.spare_capacity_mut())?;
    assert_eq!(len, 5);
    Ok(())
}

async fn polled_and_tried() -> io::Result<()> {
    let (ours, theirs) = UnixSeqpacket::pair()?;
    let mut buf = [0; 8];
    assert_eq!(ours.try_recv(&mut buf).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    assert_eq!(ours.try_recv_record(&mut buf).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    assert!(poll_fn(|cx| Poll::Ready(ours.poll_recv(cx, &mut buf).is_pending())).await);
    assert_eq!(poll_fn(|cx| theirs.poll_send(cx, b"abc")).await?, 3);
    assert_eq!(poll_fn(|cx| ours.poll_recv(cx, &mut buf)).await?, 3);
    assert_eq!(theirs.try_send(b"abcd")?, 4);
    assert_eq!(ours.try_recv(&mut buf)?, 4);
    assert!(ours.take_error()?.is_none());
    Ok(())
}

async fn peer_closed_ends_the_wait() -> io::Result<()> {
    let (ours, theirs) = UnixSeqpacket::pair()?;
    let mut closed = Box::pin(ours.peer_closed());
    assert!(poll_once(&mut closed).await.is_none());
    theirs.send(b"x").await?;
    assert!(poll_once(&mut closed).await.is_none());
    drop(theirs);
    closed.await
}
