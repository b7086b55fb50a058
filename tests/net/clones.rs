//! Several tasks on one stream.

use std::io::{self, Write};
use std::thread;

use fend::net::TcpStream;

use crate::peer::{accepted, noise};

on_every_dispatcher!(two_readers_both_progress, two_readers_share_every_byte, last_clone_closes);

/// NT9
async fn two_readers_both_progress() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    let readers = [fend::spawn(one_byte(stream.clone())), fend::spawn(one_byte(stream))];
    peer.write_all(b"a")?;
    while !readers.iter().any(|reader| reader.is_finished()) {
        fend::yield_now().await;
    }
    // Whoever had the first byte is gone, so the other one must get the second.
    peer.write_all(b"b")?;
    let mut received = Vec::new();
    for reader in readers {
        received.push(reader.await.expect("a reader")?);
    }
    received.sort_unstable();
    assert_eq!(received, b"ab");
    Ok(())
}

async fn one_byte(stream: TcpStream) -> io::Result<u8> {
    let mut byte = [0];
    stream.recv_exact(&mut byte).await?;
    Ok(byte[0])
}

/// NT9
async fn two_readers_share_every_byte() -> io::Result<()> {
    const SIZE: usize = 2 << 20;
    let (stream, mut peer) = accepted().await?;
    let readers = [fend::spawn(count_bytes(stream.clone())), fend::spawn(count_bytes(stream))];
    let sender = thread::spawn(move || peer.write_all(&noise(SIZE)));
    let mut received = [0_usize; 256];
    for reader in readers {
        let counts = reader.await.expect("a reader")?;
        received.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    sender.join().expect("the sender")?;
    let mut sent = [0_usize; 256];
    noise(SIZE).iter().for_each(|&byte| sent[usize::from(byte)] += 1);
    assert_eq!(received, sent, "how often each byte value came");
    Ok(())
}

/// How often each byte value comes until the end of the stream.
async fn count_bytes(stream: TcpStream) -> io::Result<[usize; 256]> {
    let mut counts = [0; 256];
    let mut buf = [0; 997];
    loop {
        match stream.recv(&mut buf).await? {
            0 => return Ok(counts),
            n => buf[..n].iter().for_each(|&byte| counts[usize::from(byte)] += 1),
        }
    }
}

async fn last_clone_closes() -> io::Result<()> {
    let (stream, peer) = accepted().await?;
    let clone = stream.clone();
    drop(stream);
    clone.send_all(b"x").await?;
    assert_eq!(peer.peek(&mut [0; 2])?, 1, "open: a byte, and no end");
    drop(clone);
    let mut rest = Vec::new();
    io::Read::read_to_end(&mut &peer, &mut rest)?;
    assert_eq!(rest, b"x");
    Ok(())
}
