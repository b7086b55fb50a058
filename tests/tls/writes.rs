//! What `send` says it took is what arrives, in order and nothing else: whatever becomes of the buffers and of the futures.

use std::future::poll_fn;
use std::io::{self, IoSlice, Read};
use std::pin::Pin;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use fend::task::JoinHandle;
use futures::AsyncWrite;
use futures_lite::future::poll_once;
use openssl::sha::sha256;
use openssl::ssl::SslStream;

use crate::alone::alone;
use crate::blocking::{VERSIONS, accepted, narrow};
use crate::peer::{noise, odd_pieces};
use crate::process::resident;
use crate::scaled;
use crate::shape::Shape;

on_every_dispatcher!(
    a_pending_send_is_retried_from_other_memory,
    a_cancelled_send_is_followed_by_other_data,
    a_cancelled_vectored_send_is_followed_by_other_data,
    sizes_from_a_byte_to_a_mebibyte,
    empty_sends_send_nothing,
    many_small_pieces_for_a_slow_reader,
    flush_returns_when_all_is_handed_over,
    a_record_on_its_way_is_finished_by_other_calls,
);
alone_on_every_dispatcher!(a_peer_that_never_reads_costs_no_memory);

/// A peer that reads when it is told how much.
struct Reader {
    wanted: mpsc::Sender<usize>,
    thread: JoinHandle<io::Result<Vec<u8>>>,
}

impl Reader {
    /// Reads as much as it is told, by records at least, and to the end when it is not told any more.
    fn new<S>(mut peer: SslStream<S>) -> Reader
    where
        SslStream<S>: Read + Send + 'static,
    {
        let (wanted, told) = mpsc::channel();
        let thread = fend::spawn_blocking(move || {
            let mut all = Vec::new();
            for wanted in told {
                (&mut peer).take(wanted as u64).read_to_end(&mut all)?;
            }
            peer.read_to_end(&mut all)?;
            Ok(all)
        });
        Reader { wanted, thread }
    }

    fn read(&self, count: usize) {
        self.wanted.send(count).expect("the reader is there");
    }

    async fn rest(self) -> io::Result<Vec<u8>> {
        drop(self.wanted);
        self.thread.await?
    }
}

/// How much a test of [`narrow`] sends.
fn total() -> usize {
    scaled(1 << 20, 8 << 20)
}

#[track_caller]
fn assert_hash(received: &[u8], sent: &[u8]) {
    assert_eq!(received.len(), sent.len(), "count of bytes");
    assert_eq!(sha256(received), sha256(sent));
}

/// TL3
async fn a_pending_send_is_retried_from_other_memory() -> io::Result<()> {
    for (stream, peer) in narrow().await? {
        let reader = Reader::new(peer);
        let sent = noise(total());
        let mut pending = 0;
        for piece in odd_pieces(&sent) {
            let mut rest = piece;
            while !rest.is_empty() {
                let taken = poll_fn(|cx| {
                    // Fresh memory for every poll, and the old one spoilt.
                    let mut copy = rest.to_vec();
                    let result = Pin::new(&mut &stream).poll_write(cx, &copy);
                    copy.fill(0xEE);
                    if result.is_pending() {
                        pending += 1;
                        reader.read(20_000);
                    }
                    result
                });
                rest = &rest[taken.await?..];
            }
        }
        stream.shutdown().await?;
        assert!(pending > 10, "{pending} times pending");
        assert_hash(&reader.rest().await?, &sent);
    }
    Ok(())
}

/// TL4
async fn a_cancelled_send_is_followed_by_other_data() -> io::Result<()> {
    for (stream, peer) in narrow().await? {
        let reader = Reader::new(peer);
        let source = noise(total());
        let mut pieces = odd_pieces(&source);
        let (mut taken, mut cancelled) = (Vec::new(), 0);
        while taken.len() < total() - (64 << 10) {
            // Every other one is to be cancelled, and must not be seen then.
            let doomed = vec![0xEE; 1 + taken.len() % 40_000];
            match poll_once(stream.send(&doomed)).await {
                Some(n) => taken.extend_from_slice(&doomed[..n?]),
                None => {
                    cancelled += 1;
                    reader.read(100_000);
                }
            }
            let Some(piece) = pieces.next() else { break };
            let n = match poll_once(stream.send(piece)).await {
                Some(n) => n?,
                None => {
                    reader.read(100_000);
                    stream.send(piece).await?
                }
            };
            taken.extend_from_slice(&piece[..n]);
        }
        stream.shutdown().await?;
        assert!(cancelled > 10, "{cancelled} times cancelled");
        assert_hash(&reader.rest().await?, &taken);
    }
    Ok(())
}

/// TL4
async fn a_cancelled_vectored_send_is_followed_by_other_data() -> io::Result<()> {
    for (stream, peer) in narrow().await? {
        let reader = Reader::new(peer);
        let (mut taken, mut cancelled) = (Vec::new(), 0);
        let source = noise(100_000);
        let parts = [&source[..1], &source[1..30_000], &[], &source[30_000..30_007], &source[30_007..]];
        while taken.len() < total() {
            match poll_once(stream.send_vectored(&parts.map(IoSlice::new))).await {
                Some(n) => taken.extend_from_slice(&source[..n?]),
                None => {
                    cancelled += 1;
                    reader.read(100_000);
                    let n = stream.send(b"in between").await?;
                    taken.extend_from_slice(&b"in between"[..n]);
                }
            }
        }
        stream.shutdown().await?;
        assert!(cancelled > 10, "{cancelled} times cancelled");
        assert_hash(&reader.rest().await?, &taken);
    }
    Ok(())
}

/// TL3
async fn sizes_from_a_byte_to_a_mebibyte() -> io::Result<()> {
    const SIZES: [usize; 14] =
        [1, 2, 15, 16, 17, 1_000, 16_383, 16_384, 16_385, 32_768, 65_537, 100_003, 500_000, 1 << 20];
    for version in VERSIONS {
        let (stream, peer) = accepted(version).await?;
        let reader = Reader::new(peer);
        let mut sent = Vec::new();
        for size in SIZES {
            let piece = &noise(size + 7)[7..];
            stream.send_all(piece).await?;
            sent.extend_from_slice(piece);
            reader.read(size);
        }
        stream.shutdown().await?;
        assert_hash(&reader.rest().await?, &sent);
    }
    Ok(())
}

async fn empty_sends_send_nothing() -> io::Result<()> {
    for version in VERSIONS {
        let (stream, mut peer) = accepted(version).await?;
        for _ in 0..3 {
            assert_eq!(stream.send(&[]).await?, 0);
            assert_eq!(stream.send_vectored(&[]).await?, 0);
            assert_eq!(stream.send_vectored(&[IoSlice::new(&[]), IoSlice::new(&[])]).await?, 0);
            stream.send_all(&[]).await?;
            assert_eq!(stream.recv(&mut []).await?, 0);
        }
        stream.send_all(b"all").await?;
        stream.shutdown().await?;
        let mut all = Vec::new();
        peer.read_to_end(&mut all)?;
        assert_eq!(all, b"all");
    }
    Ok(())
}

async fn many_small_pieces_for_a_slow_reader() -> io::Result<()> {
    for (stream, mut peer) in narrow().await? {
        let sent = noise(scaled(200_000, 2_000_000));
        let reader = fend::spawn_blocking(move || {
            let (mut all, mut buf) = (Vec::new(), [0; 777]);
            loop {
                match peer.read(&mut buf)? {
                    0 => return io::Result::Ok(all),
                    n => all.extend_from_slice(&buf[..n]),
                }
                thread::yield_now();
            }
        });
        for piece in sent.chunks(333) {
            stream.send_all(piece).await?;
        }
        stream.shutdown().await?;
        assert_hash(&reader.await??, &sent);
    }
    Ok(())
}

async fn flush_returns_when_all_is_handed_over() -> io::Result<()> {
    for (stream, mut peer) in narrow().await? {
        let block = noise(64 << 10);
        let mut sent = 0;
        // Until nothing more is taken, and something waits to be written.
        while let Some(n) = poll_once(stream.send(&block)).await {
            sent += n?;
        }
        let (flushed, is_flushed) = mpsc::channel();
        let reader = fend::spawn_blocking(move || {
            // Enough for there to be room.
            let mut all = vec![0; sent];
            peer.read_exact(&mut all[..sent - 1])?;
            is_flushed.recv().expect("the flush has returned");
            peer.read_exact(&mut all[sent - 1..])?;
            io::Result::Ok((all, peer))
        });
        stream.flush().await?;
        flushed.send(()).expect("the reader waits");
        // Nobody does anything for the stream from here on.
        let (all, _peer) = reader.await??;
        assert_eq!(all.len(), sent);
    }
    Ok(())
}

/// TL4: the rest of a record that was cut off by a full socket is written by whoever comes next, be it a receiver.
async fn a_record_on_its_way_is_finished_by_other_calls() -> io::Result<()> {
    for (stream, peer) in narrow().await? {
        let block = noise(64 << 10);
        let mut expected = Vec::new();
        while let Some(n) = poll_once(stream.send(&block)).await {
            expected.extend_from_slice(&block[..n?]);
        }
        let (mut peer, sent) = (peer, expected.len());
        let answering = fend::spawn_blocking(move || {
            let mut all = vec![0; sent];
            peer.read_exact(&mut all)?;
            io::Write::write_all(&mut peer, b"got it")?;
            io::Result::Ok((all, peer))
        });
        // The futures of the senders are gone: nobody but this receiver, and the flush, pushes.
        let mut answer = [0; 6];
        futures::future::try_join(stream.flush(), stream.recv_exact(&mut answer)).await?;
        assert_eq!(&answer, b"got it");
        let (all, _peer) = answering.await??;
        assert_hash(&all, &expected);
    }
    Ok(())
}

/// TL4
fn a_peer_that_never_reads_costs_no_memory(shape: Shape) {
    alone(shape, || {
        shape
            .block_on(async {
                for version in VERSIONS {
                    let (stream, _peer) = accepted(version).await?;
                    let block = noise(256 << 10);
                    let (mut taken, mut before) = (0, None);
                    // Until it is full, and not only the task's budget used up, or an acknowledgement late that makes room.
                    while before != Some(taken) {
                        before = Some(taken);
                        while let Some(n) = poll_once(stream.send(&block)).await {
                            taken += n?;
                        }
                        fend::time::sleep(Duration::from_millis(300)).await;
                    }
                    let memory = resident();
                    for _ in 0..10_000 {
                        assert!(poll_once(stream.send(&block)).await.is_none(), "it takes no more");
                    }
                    let mut receiver = Box::pin(stream.flush());
                    for _ in 0..1_000 {
                        assert!(poll_once(&mut receiver).await.is_none());
                    }
                    let grown = resident().saturating_sub(memory);
                    assert!(grown < 512 << 10, "{grown} bytes more after {taken}");
                }
                io::Result::Ok(())
            })
            .expect("the sockets");
    });
}
