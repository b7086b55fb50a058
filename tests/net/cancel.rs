//! Futures dropped half-way.

use std::io::{self, Write};
use std::thread;

use futures_lite::future::poll_once;

use crate::peer::{accepted, assert_same, noise, odd_pieces};

on_every_dispatcher!(cancelled_recv_loses_nothing, cancelled_peek_and_waits_take_nothing);

/// NT11
async fn cancelled_recv_loses_nothing() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    let sent = noise(1 << 20);
    let sender =
        thread::spawn(move || odd_pieces(&noise(1 << 20)).try_for_each(|piece| peer.write_all(piece)));
    let mut received = Vec::new();
    let mut buf = [0; 1009];
    loop {
        // Dropped at once when there is nothing; `readable` then says when the next attempt is worth it.
        match poll_once(stream.recv(&mut buf)).await {
            Some(Ok(0)) => break,
            Some(n) => received.extend_from_slice(&buf[..n?]),
            None => stream.readable().await?,
        }
    }
    sender.join().expect("the sender")?;
    assert_same(&received, &sent);
    Ok(())
}

/// NT11
async fn cancelled_peek_and_waits_take_nothing() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    let mut buf = [0; 16];
    assert!(poll_once(stream.peek(&mut buf)).await.is_none());
    assert!(poll_once(stream.readable()).await.is_none());
    assert!(poll_once(stream.peer_closed()).await.is_none());
    assert!(poll_once(stream.recv(&mut buf)).await.is_none());
    peer.write_all(b"all of it")?;
    stream.readable().await?;
    assert_eq!(stream.peek(&mut buf[..3]).await?, 3);
    assert_eq!(stream.peek(&mut buf).await?, 9);
    assert_eq!(stream.recv(&mut buf).await?, 9);
    assert_eq!(&buf[..9], b"all of it");
    Ok(())
}
