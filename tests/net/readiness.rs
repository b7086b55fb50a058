//! Waiting for a direction alone, and what must not end such a wait.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;

use fend::io::{Interest, Readiness};
use fend::net::TcpStream;
use futures_lite::future::{self, poll_once};
use socket2::SockRef;

use crate::peer::{accepted, connected};

on_every_dispatcher!(
    readable_is_said_when_it_is_true,
    try_operations_do_not_wait,
    ready_tells_each_direction_that_is_asked_for,
    ready_is_woken_by_any_direction,
    full_sender_waits_for_room_and_nothing_else,
    writers_who_come_after_readers_hear_of_room,
    peer_closed_is_seen_before_the_data_is_read,
    urgent_data_is_a_priority_event,
    urgent_mark_does_not_stall_the_reader,
);

async fn readable_is_said_when_it_is_true() -> io::Result<()> {
    for (stream, mut peer) in [accepted().await?, connected().await?] {
        for _ in 0..3 {
            assert!(poll_once(stream.readable()).await.is_none(), "nothing was sent yet");
            peer.write_all(b"x")?;
            stream.readable().await?;
            future::poll_fn(|cx| stream.poll_readable(cx)).await?;
            assert_eq!(stream.try_recv(&mut [0; 8])?, 1);
        }
    }
    Ok(())
}

async fn try_operations_do_not_wait() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    assert_eq!(stream.try_recv(&mut [0; 8]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    assert_eq!(stream.recv(&mut []).await?, 0, "an empty buffer is full at once");
    assert_eq!(stream.peek(&mut []).await?, 0);
    assert_eq!(stream.recv_vectored(&mut []).await?, 0);
    assert_eq!(stream.send(&[]).await?, 0);
    assert_eq!(stream.send_vectored(&[]).await?, 0);
    assert_eq!(stream.try_send(b"abc")?, 3);
    assert_eq!(stream.try_send_vectored(&[IoSlice::new(b"de"), IoSlice::new(b"f")])?, 3);
    let mut buf = [0; 6];
    peer.read_exact(&mut buf)?;
    assert_eq!(&buf, b"abcdef");

    let would_block = |result: io::Result<usize>| result.unwrap_err().kind() == io::ErrorKind::WouldBlock;
    let (mut first, mut second) = ([0; 2], [0; 8]);
    assert!(would_block(stream.try_peek(&mut first)));
    assert!(would_block(stream.try_recv_vectored(&mut [IoSliceMut::new(&mut first)])));
    assert_eq!(stream.try_peek(&mut [])?, 0);
    assert_eq!(stream.try_recv_vectored(&mut [])?, 0);
    assert_eq!(stream.try_send_vectored(&[])?, 0);
    peer.write_all(b"ghi")?;
    stream.readable().await?;
    assert_eq!(stream.try_peek(&mut first)?, 2);
    let count = stream.try_recv_vectored(&mut [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)])?;
    assert_eq!((count, &first, &second[..1]), (3, b"gh", &b"i"[..]));
    assert!(would_block(stream.try_peek(&mut first)));
    Ok(())
}

async fn ready_tells_each_direction_that_is_asked_for() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    let both = Interest::READABLE | Interest::WRITABLE;
    assert_eq!(stream.ready(both).await?, Readiness::WRITABLE, "nothing was sent yet");
    let reading = Interest::READABLE | Interest::PEER_CLOSED | Interest::PRIORITY;
    assert!(poll_once(stream.ready(reading)).await.is_none());

    peer.write_all(b"x")?;
    assert_eq!(stream.ready(Interest::READABLE).await?, Readiness::READABLE);
    assert_eq!(stream.ready(both).await?, Readiness::READABLE | Readiness::WRITABLE);
    assert_eq!(stream.ready(reading).await?, Readiness::READABLE);
    assert!(poll_once(stream.ready(Interest::PEER_CLOSED)).await.is_none());
    assert!(poll_once(future::poll_fn(|cx| stream.poll_peer_closed(cx))).await.is_none());

    peer.shutdown(Shutdown::Write)?;
    future::poll_fn(|cx| stream.poll_peer_closed(cx)).await?;
    assert_eq!(stream.ready(Interest::PEER_CLOSED).await?, Readiness::READ_CLOSED);
    assert_eq!(stream.ready(reading).await?, Readiness::READABLE | Readiness::READ_CLOSED);
    Ok(())
}

async fn ready_is_woken_by_any_direction() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    let any = Interest::READABLE | Interest::PEER_CLOSED | Interest::PRIORITY;
    let mut wait = Box::pin(stream.ready(any));
    assert!(poll_once(&mut wait).await.is_none());
    peer.write_all(b"x")?;
    assert_eq!(wait.await?, Readiness::READABLE);

    let unread = Interest::PEER_CLOSED | Interest::PRIORITY;
    let mut wait = Box::pin(stream.ready(unread));
    assert!(poll_once(&mut wait).await.is_none());
    SockRef::from(&peer).send_out_of_band(b"!")?;
    assert_eq!(wait.await?, Readiness::PRIORITY);

    let (stream, peer) = accepted().await?;
    let mut wait = Box::pin(stream.ready(any));
    assert!(poll_once(&mut wait).await.is_none());
    peer.shutdown(Shutdown::Write)?;
    assert!(wait.await?.contains(Readiness::READ_CLOSED));
    Ok(())
}

/// RE8
async fn full_sender_waits_for_room_and_nothing_else() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    let mut sent = fill(&stream).await?;
    peer.shutdown(Shutdown::Write)?;
    stream.peer_closed().await?;
    // The end of the peer's stream makes no room, and must not be taken for some.
    sent += fill(&stream).await?;
    peer.read_exact(&mut vec![0; sent])?;
    stream.writable().await?;
    future::poll_fn(|cx| stream.poll_writable(cx)).await?;
    stream.send_all(b"x").await?;
    peer.read_exact(&mut [0; 1])
}

/// Sends for as long as there is room. How much went in. The peer's kernel may take some and so make room again, even
/// now; but when room is promised there must be some.
async fn fill(stream: &TcpStream) -> io::Result<usize> {
    let block = vec![0; 64 << 10];
    let mut sent = 0;
    loop {
        // A fresh I/O budget for each question, so that "not now" is about the socket alone.
        fend::yield_now().await;
        if poll_once(stream.writable()).await.transpose()?.is_none() {
            return Ok(sent);
        }
        sent += stream.try_send(&block)?;
    }
}

async fn peer_closed_is_seen_before_the_data_is_read() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    assert!(poll_once(stream.peer_closed()).await.is_none());
    peer.write_all(b"unread")?;
    stream.readable().await?;
    assert!(poll_once(stream.peer_closed()).await.is_none(), "data is not the end");
    drop(peer);
    stream.peer_closed().await?;
    let mut buf = [0; 6];
    stream.recv_exact(&mut buf).await?;
    assert_eq!(&buf, b"unread");
    assert_eq!(stream.recv(&mut buf).await?, 0);
    Ok(())
}

/// RE4: a socket that is registered for a reader is not watched for room before the first wait for it, which two begin at once here.
async fn writers_who_come_after_readers_hear_of_room() -> io::Result<()> {
    for _ in 0..50 {
        let (stream, mut peer) = accepted().await?;
        assert!(poll_once(stream.readable()).await.is_none());
        let mut sent = 0;
        while let Ok(count) = stream.try_send(&[7; 100_000]) {
            sent += count;
        }
        let either = fend::spawn({
            let stream = stream.clone();
            async move { stream.ready(Interest::READABLE | Interest::WRITABLE).await }
        });
        let writers: Vec<_> = (0..2)
            .map(|_| {
                let stream = stream.clone();
                fend::spawn(async move { stream.send(b"x").await })
            })
            .collect();
        let reader = fend::spawn_blocking(move || peer.read_exact(&mut vec![0; sent + 2]).map(|()| peer));
        assert!(either.await??.intersects(Readiness::WRITABLE));
        for writer in writers {
            assert_eq!(writer.await??, 1);
        }
        drop(reader.await??);
    }
    Ok(())
}

async fn urgent_data_is_a_priority_event() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    peer.write_all(b"plain")?;
    stream.readable().await?;
    assert!(poll_once(stream.priority()).await.is_none(), "plain data is not urgent");
    SockRef::from(&peer).send_out_of_band(b"!")?;
    stream.priority().await
}

/// RE7: a receive stops at the urgent mark. It comes back short while there is more to be had, which makes no event.
async fn urgent_mark_does_not_stall_the_reader() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    assert!(
        poll_once(stream.recv(&mut [0; 1])).await.is_none(),
        "registered, and nothing is assumed any more"
    );
    peer.write_all(b"before")?;
    SockRef::from(&peer).send_out_of_band(b"!")?;
    peer.write_all(b"after")?;
    stream.priority().await?;
    let mut received = Vec::new();
    let mut buf = [0; 64];
    while received.len() < b"beforeafter".len() {
        let n = stream.recv(&mut buf).await?;
        received.extend_from_slice(&buf[..n]);
    }
    assert_eq!(received, b"beforeafter");
    Ok(())
}
