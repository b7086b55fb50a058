//! Sizes beyond what one call moves: memory that is lent many times over, and counts that must still be right.

use std::io::{self, IoSlice, IoSliceMut, Read};
use std::thread::{self, JoinHandle};

use fend::net::pipe::pipe;

use crate::peer::accepted;
use crate::scaled;

on_every_dispatcher!(
    vectored_sends_of_eight_gib,
    vectored_sends_of_eight_gib_into_a_pipe,
    more_bytes_than_an_isize,
    more_buffers_than_the_kernel_takes_into_a_pipe,
);

const GIB: usize = 1 << 30;

/// Counts what comes until the end, and checks that all of it is zero.
fn count(mut peer: impl Read + Send + 'static) -> JoinHandle<io::Result<u64>> {
    thread::spawn(move || {
        let (mut piece, zeros) = (vec![0; 1 << 18], vec![0; 1 << 18]);
        let mut count = 0;
        while let n @ 1.. = peer.read(&mut piece)? {
            assert!(piece[..n] == zeros[..n]);
            count += n as u64;
        }
        Ok(count)
    })
}

/// How many bytes to send in all: the whole of the eight GiB, or what shows that counts add up.
fn amount() -> u64 {
    scaled(64 << 20, 8 * GIB) as u64
}

/// NT13
async fn vectored_sends_of_eight_gib() -> io::Result<()> {
    // Never written to, so that it takes no memory.
    let memory = vec![0; GIB];
    let (stream, peer) = accepted().await?;
    let receiver = count(peer);
    let mut sent = 0;
    while sent < amount() {
        let bufs = [IoSlice::new(&memory); 8];
        let n = stream.send_vectored(&bufs).await?;
        assert!((1..=8 * GIB).contains(&n), "{n}");
        sent += n as u64;
    }
    drop(stream);
    assert_eq!(receiver.join().expect("the receiver")?, sent);
    Ok(())
}

/// NT13
async fn vectored_sends_of_eight_gib_into_a_pipe() -> io::Result<()> {
    let memory = vec![0; GIB];
    let (reader, writer) = pipe()?;
    let receiver = count(std::fs::File::from(reader.into_blocking_fd()?));
    let mut sent = 0;
    while sent < amount() {
        sent += writer.send_vectored(&[IoSlice::new(&memory); 8]).await? as u64;
    }
    drop(writer);
    assert_eq!(receiver.join().expect("the receiver")?, sent);
    Ok(())
}

/// NT13: the kernel refuses lengths that do not add up in an `ssize_t`, or cuts them; either way no count is wrong.
async fn more_bytes_than_an_isize() -> io::Result<()> {
    let memory = vec![0; GIB];
    let (stream, peer) = accepted().await?;
    let receiver = count(peer);
    let mut sent = stream.send_vectored(&[IoSlice::new(&memory); 1025]).await? as u64;
    sent += stream.send(&memory).await? as u64;
    sent += stream.try_send_vectored(&[IoSlice::new(&memory); 1025]).unwrap_or(0) as u64;
    drop(stream);
    assert_eq!(receiver.join().expect("the receiver")?, sent);
    Ok(())
}

/// NT13
async fn more_buffers_than_the_kernel_takes_into_a_pipe() -> io::Result<()> {
    let (reader, writer) = pipe()?;
    let parts = vec![IoSlice::new(b"x"); 1025];
    assert_eq!(writer.send_vectored(&parts).await?, 1024);
    assert_eq!(writer.try_send_vectored(&parts)?, 1024);
    let mut bytes = vec![[0]; 1025];
    let mut bufs: Vec<_> = bytes.iter_mut().map(|byte| IoSliceMut::new(byte)).collect();
    assert_eq!(reader.recv_vectored(&mut bufs).await?, 1024);
    assert_eq!(reader.try_recv_vectored(&mut bufs)?, 1024);
    drop(writer);
    assert_eq!(reader.recv_vectored(&mut bufs).await?, 0);
    Ok(())
}
