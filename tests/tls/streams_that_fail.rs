//! Streams below that fail, hesitate, or do less than they are asked to.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use fend::time::timeout;
use fend::tls::{TlsError, TlsStream};
use futures::{AsyncRead, AsyncWrite};

use crate::ours::{PROTOCOLS, acceptor_of, client, connector_of, server};
use crate::peer::noise;
use crate::pipe::{Pipe, pipe};

on_every_dispatcher!(
    a_read_that_fails_ends_the_handshake,
    a_write_that_fails_ends_the_handshake,
    a_write_of_nothing_ends_the_handshake,
    a_receiver_hears_of_a_write_that_fails,
    a_flush_that_fails_is_told,
    a_close_that_fails_is_told,
    interrupted_calls_are_made_again,
    streams_that_hesitate,
    streams_whose_task_has_used_up_its_share,
);

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    Read,
    Write,
    WriteNothing,
    Flush,
    Close,
    /// Every other call is interrupted.
    Interrupted,
    /// Every other call is pending, though there is nothing to wait for.
    Hesitant,
    /// Calls are pending, though there is nothing to wait for, until the task was polled anew: so do sockets whose task has used up its
    /// share, in fend as in tokio.
    Exhausted,
}

/// A pipe, and its fault once the fuse has burnt down.
#[derive(Debug)]
struct Faulty {
    pipe: Pipe,
    fault: Fault,
    /// Calls that go well before.
    fuse: Arc<AtomicUsize>,
    other: [AtomicBool; 2],
    /// Refusals in a row, and the most that there were.
    refusals: Arc<[AtomicUsize; 2]>,
}

impl Faulty {
    fn new(pipe: Pipe, fault: Fault, fuse: usize) -> Faulty {
        let (other, refusals) = (Default::default(), Arc::default());
        Faulty { pipe, fault, fuse: Arc::new(fuse.into()), other, refusals }
    }

    /// Refuses while the fuse is down, which the task lights again when it is polled. Gives in some time, so that a test ends.
    fn exhausted(&self, cx: &mut Context<'_>) -> Option<Poll<io::Result<usize>>> {
        const ENOUGH: usize = 10_000;
        let [in_a_row, most] = &*self.refusals;
        if !self.fails(Fault::Exhausted) || in_a_row.load(Ordering::SeqCst) == ENOUGH {
            in_a_row.store(0, Ordering::SeqCst);
            return None;
        }
        most.fetch_max(in_a_row.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        cx.waker().wake_by_ref();
        Some(Poll::Pending)
    }

    /// Whether this call, of the kind that `fault` is about, fails.
    fn fails(&self, fault: Fault) -> bool {
        if fault != self.fault {
            return false;
        }
        let burn = |fuse: usize| fuse.checked_sub(1);
        self.fuse.fetch_update(Ordering::SeqCst, Ordering::SeqCst, burn).is_err()
    }

    /// What reads and writes begin with.
    fn hesitates(&self, cx: &mut Context<'_>, way: usize) -> Option<Poll<io::Result<usize>>> {
        let other = self.other[way].fetch_xor(true, Ordering::SeqCst);
        match self.fault {
            Fault::Interrupted if other => Some(Poll::Ready(Err(io::ErrorKind::Interrupted.into()))),
            Fault::Hesitant if other => {
                cx.waker().wake_by_ref();
                Some(Poll::Pending)
            }
            Fault::Exhausted => self.exhausted(cx),
            _ => None,
        }
    }
}

const KIND: io::ErrorKind = io::ErrorKind::HostUnreachable;

impl AsyncRead for Faulty {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if let Some(result) = self.hesitates(cx, 0) {
            return result;
        }
        if self.fails(Fault::Read) {
            return Poll::Ready(Err(KIND.into()));
        }
        Pin::new(&mut self.pipe).poll_read(cx, buf)
    }
}

impl AsyncWrite for Faulty {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(result) = self.hesitates(cx, 1) {
            return result;
        }
        if self.fails(Fault::Write) {
            return Poll::Ready(Err(KIND.into()));
        }
        if self.fails(Fault::WriteNothing) {
            return Poll::Ready(Ok(0));
        }
        Pin::new(&mut self.pipe).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.fails(Fault::Flush) {
            return Poll::Ready(Err(KIND.into()));
        }
        Pin::new(&mut self.pipe).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.fails(Fault::Close) {
            return Poll::Ready(Err(KIND.into()));
        }
        Pin::new(&mut self.pipe).poll_close(cx)
    }
}

/// Less than any deadline of a handshake, and more than it takes.
const SOON: Duration = Duration::from_secs(5);

/// Room for all that a handshake sends.
const CAPACITY: usize = 16 << 10;

/// Every handshake whose stream fails at one of its calls ends soon, with that error. Nothing comes from the other side, which waits.
async fn handshakes_end(fault: Fault, is_it: fn(&TlsError) -> bool) -> io::Result<()> {
    for protocol in PROTOCOLS {
        let connector = connector_of(client());
        let acceptor = acceptor_of(server().protocol(protocol));
        for as_server in [false, true] {
            let mut failures = 0;
            for fuse in 0..100 {
                let (ours, theirs) = pipe(CAPACITY);
                let ours = Faulty::new(ours, fault, fuse);
                let outcome = if as_server {
                    let other = fend::spawn(connector.handshake("localhost", theirs));
                    let outcome = timeout(SOON, acceptor.handshake(ours)).await;
                    other.abort();
                    outcome
                } else {
                    let other = fend::spawn(acceptor.handshake(theirs));
                    let outcome = timeout(SOON, connector.handshake("localhost", ours)).await;
                    other.abort();
                    outcome
                };
                let place = format!("{protocol}, server: {as_server}, call {fuse}");
                match outcome {
                    Ok(Ok(_)) => break,
                    Ok(Err(error)) => assert!(error.is_io() && is_it(&error), "{place}: {error}"),
                    Err(_) => panic!("{place}: it goes on"),
                }
                failures += 1;
            }
            assert!(failures > 0, "{protocol}, server: {as_server}");
        }
    }
    Ok(())
}

async fn a_read_that_fails_ends_the_handshake() -> io::Result<()> {
    handshakes_end(Fault::Read, |error| error.io_kind() == KIND).await
}

async fn a_write_that_fails_ends_the_handshake() -> io::Result<()> {
    handshakes_end(Fault::Write, |error| error.io_kind() == KIND).await
}

async fn a_write_of_nothing_ends_the_handshake() -> io::Result<()> {
    handshakes_end(Fault::WriteNothing, |error| error.io_kind() == io::ErrorKind::WriteZero).await
}

/// A session whose fault begins when its fuse is cut.
async fn session(
    protocol: fend::tls::Protocol,
    capacity: usize,
    fault: Fault,
) -> io::Result<(TlsStream<Faulty>, TlsStream<Pipe>, Arc<AtomicUsize>)> {
    let (ours, theirs) = pipe(capacity);
    let ours = Faulty::new(ours, fault, usize::MAX);
    let fuse = ours.fuse.clone();
    let (connector, acceptor) = (connector_of(client()), acceptor_of(server().protocol(protocol)));
    let connecting = connector.handshake("localhost", ours);
    let (ours, theirs) = futures::future::try_join(connecting, acceptor.handshake(theirs)).await?;
    Ok((ours, theirs, fuse))
}

/// What was sent is still on its way when the stream begins to fail: who waits for the answer would wait for ever.
async fn a_receiver_hears_of_a_write_that_fails() -> io::Result<()> {
    for protocol in PROTOCOLS {
        for fault in [Fault::Write, Fault::WriteNothing] {
            let (ours, theirs, fuse) = session(protocol, CAPACITY, fault).await?;
            // More than the pipe holds: a part of it waits.
            let taken = ours.send(&noise(60_000)).await?;
            assert!(taken > CAPACITY, "{taken}");
            fuse.store(0, Ordering::SeqCst);
            let reading = fend::spawn(async move {
                let mut received = [0; 1_000];
                while theirs.recv(&mut received).await? > 0 {}
                io::Result::Ok(())
            });
            let outcome = timeout(SOON, ours.recv(&mut [0; 16])).await;
            let outcome = outcome.unwrap_or_else(|_| panic!("{protocol}, {fault:?}: it waits for ever"));
            let error = outcome.expect_err("the question was never asked");
            let kind = if fault == Fault::Write { KIND } else { io::ErrorKind::WriteZero };
            assert_eq!(error.kind(), kind, "{error}");
            assert!(ours.send(b"more").await.is_err());
            reading.abort();
        }
    }
    Ok(())
}

async fn a_flush_that_fails_is_told() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let (ours, _theirs, fuse) = session(protocol, CAPACITY, Fault::Flush).await?;
        fuse.store(0, Ordering::SeqCst);
        assert_eq!(ours.send_all(b"it is not known whether it arrives").await.unwrap_err().kind(), KIND);
    }
    Ok(())
}

async fn a_close_that_fails_is_told() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let (ours, theirs, fuse) = session(protocol, CAPACITY, Fault::Close).await?;
        fuse.store(0, Ordering::SeqCst);
        assert_eq!(ours.shutdown().await.unwrap_err().kind(), KIND);
        // The close_notify was sent all the same.
        assert_eq!(theirs.recv(&mut [0; 16]).await?, 0);
    }
    Ok(())
}

/// A whole conversation over a stream with this fault.
async fn converse(fault: Fault) -> io::Result<()> {
    for protocol in PROTOCOLS {
        let (ours, theirs, _) = session(protocol, CAPACITY, fault).await?;
        let sent = noise(200_000);
        let (mut there, mut back) = (vec![0; sent.len()], vec![0; sent.len()]);
        let talking = futures::future::try_join4(
            ours.send_all(&sent),
            theirs.recv_exact(&mut there),
            theirs.send_all(&sent),
            ours.recv_exact(&mut back),
        );
        talking.await?;
        assert!(there == sent && back == sent);
        futures::future::try_join(ours.shutdown(), theirs.shutdown()).await?;
        assert_eq!(ours.recv(&mut [0; 16]).await?, 0);
        assert_eq!(theirs.recv(&mut [0; 16]).await?, 0);
    }
    Ok(())
}

/// A stream that wants its task to let others run gets that: what calls it again at once never leaves.
async fn streams_whose_task_has_used_up_its_share() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let (ours, theirs, fuse) = session(protocol, 64 << 10, Fault::Exhausted).await?;
        let refusals = ours.get_ref().refusals.clone();
        let sent = noise(500_000);
        let (mut there, mut back) = (vec![0; sent.len()], vec![0; sent.len()]);
        let mut talking = Box::pin(futures::future::try_join4(
            ours.send_all(&sent),
            theirs.recv_exact(&mut there),
            theirs.send_all(&sent),
            ours.recv_exact(&mut back),
        ));
        std::future::poll_fn(|cx| {
            fuse.store(3, Ordering::SeqCst);
            talking.as_mut().poll(cx)
        })
        .await?;
        drop(talking);
        assert!(there == sent && back == sent);
        let most = refusals[1].load(Ordering::SeqCst);
        assert!((1..100).contains(&most), "called again {most} times in a row");
    }
    Ok(())
}

async fn interrupted_calls_are_made_again() -> io::Result<()> {
    converse(Fault::Interrupted).await
}

async fn streams_that_hesitate() -> io::Result<()> {
    converse(Fault::Hesitant).await
}
