//! Futures that are dropped after any number of polls.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;

use fend::tls::{Protocol, TlsStream};
use futures_lite::AsyncReadExt;

use crate::alone::alone;
use crate::ours::{PROTOCOLS, acceptor_of, client, connector_of, server, tcp};
use crate::peer::noise;
use crate::pipe::{Pipe, pipe};
use crate::process::open_fds;
use crate::scaled;
use crate::shape::Shape;

on_every_dispatcher!(
    a_dropped_handshake_ends_the_others,
    a_dropped_send_takes_nothing,
    a_dropped_receive_loses_nothing,
    a_dropped_shutdown_is_taken_up_again,
    a_dropped_flush_is_taken_up_again,
    a_dropped_stream_ends_the_others,
);
alone_on_every_dispatcher!(dropped_handshakes_leave_no_fd);

/// Small, so that everything takes many polls.
const CAPACITY: usize = 100;

/// Waits until `future` is ready or has been pending `limit` times. Then it is dropped, or kept, by the caller.
async fn pending<F: Future>(mut future: Pin<&mut F>, limit: usize) -> Option<F::Output> {
    let mut count = 0;
    std::future::poll_fn(|cx| {
        if count == limit {
            return Poll::Ready(None);
        }
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => {
                count += 1;
                if count == limit { Poll::Ready(None) } else { Poll::Pending }
            }
        }
    })
    .await
}

/// A session over a pipe that holds [`CAPACITY`] bytes.
async fn narrow(protocol: Protocol) -> io::Result<(TlsStream<Pipe>, TlsStream<Pipe>)> {
    let (ours, theirs) = pipe(CAPACITY);
    let connector = connector_of(client());
    // Tickets would fill it before anybody reads.
    let acceptor = acceptor_of(server().protocol(protocol).tickets(0));
    let connecting = connector.handshake("localhost", ours);
    Ok(futures::future::try_join(connecting, acceptor.handshake(theirs)).await?)
}

/// TL11
async fn a_dropped_handshake_ends_the_others() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let (connector, acceptor) =
            (connector_of(client()), acceptor_of(server().protocol(protocol).tickets(0)));
        for drops_client in [true, false] {
            let mut polls = 1;
            loop {
                let (ours, theirs) = pipe(CAPACITY);
                let (mut connecting, mut accepting) =
                    (Box::pin(connector.handshake("localhost", ours)), Box::pin(acceptor.handshake(theirs)));
                let done = if drops_client {
                    let other = fend::spawn(accepting);
                    let outcome = pending(connecting.as_mut(), polls).await;
                    let is_over = outcome.is_some();
                    drop((connecting, outcome));
                    check_end(other.await?, !is_over).await?;
                    is_over
                } else {
                    let other = fend::spawn(connecting);
                    let outcome = pending(accepting.as_mut(), polls).await;
                    let is_over = outcome.is_some();
                    drop((accepting, outcome));
                    check_end(other.await?, !is_over).await?;
                    is_over
                };
                if done {
                    break;
                }
                // Closely first, then in steps.
                polls += 1 + polls / 8;
            }
            assert!(polls > 3, "{polls} polls");
        }
    }
    Ok(())
}

/// The peer of what was dropped: its handshake fails, or has been over and what it receives is no clean end.
async fn check_end(
    outcome: Result<TlsStream<Pipe>, fend::tls::TlsError>,
    was_dropped_early: bool,
) -> io::Result<()> {
    match outcome {
        Err(error) => assert!(was_dropped_early && (error.is_unexpected_eof() || error.is_io()), "{error}"),
        Ok(stream) => {
            stream.recv(&mut [0; 16]).await.expect_err("no clean end");
        }
    }
    Ok(())
}

/// TL11
fn dropped_handshakes_leave_no_fd(shape: Shape) {
    alone(shape, || {
        shape
            .block_on(async {
                let (connector, acceptor) = (connector_of(client()), acceptor_of(server()));
                let mut before = Vec::new();
                for round in 0..scaled(100, 1_000) {
                    if round == 10 {
                        before = open_fds();
                    }
                    for polls in 1..5 {
                        let (ours, theirs) = tcp().await?;
                        let mut connecting = Box::pin(connector.handshake("localhost", ours));
                        let accepting = fend::spawn(acceptor.handshake(theirs));
                        let outcome = pending(connecting.as_mut(), polls).await;
                        drop((outcome, connecting));
                        if let Ok(stream) = accepting.await? {
                            assert!(stream.recv(&mut [0; 16]).await.is_err());
                        }
                        let (ours, theirs) = tcp().await?;
                        let mut accepting = Box::pin(acceptor.handshake(theirs));
                        let connecting = fend::spawn(connector.handshake("localhost", ours));
                        let outcome = pending(accepting.as_mut(), polls).await;
                        drop((outcome, accepting));
                        if let Ok(stream) = connecting.await? {
                            assert!(stream.recv(&mut [0; 16]).await.is_err());
                        }
                    }
                }
                assert_eq!(open_fds(), before);
                assert_eq!(acceptor.handshakes(), 0);
                io::Result::Ok(())
            })
            .expect("the sockets");
    });
}

/// Receives all that comes until the end.
fn receiver(stream: TlsStream<Pipe>) -> fend::task::JoinHandle<io::Result<Vec<u8>>> {
    fend::spawn(async move {
        let mut all = Vec::new();
        (&stream).read_to_end(&mut all).await?;
        Ok(all)
    })
}

/// TL11
async fn a_dropped_send_takes_nothing() -> io::Result<()> {
    for protocol in PROTOCOLS {
        for polls in (1..40).chain((40..400).step_by(40)) {
            let (ours, theirs) = narrow(protocol).await?;
            let receiver = receiver(theirs);
            let source = noise(40_000);
            let mut taken = Vec::new();
            while taken.len() < 60_000 {
                if let Some(n) = pending(pin!(ours.send(&source)), polls).await {
                    taken.extend_from_slice(&source[..n?]);
                }
                let n = ours.send(b"in between").await?;
                taken.extend_from_slice(&b"in between"[..n]);
            }
            ours.shutdown().await?;
            let received = receiver.await??;
            assert!(received == taken, "{protocol}, {polls} polls: {} of {}", received.len(), taken.len());
        }
    }
    Ok(())
}

/// TL11
async fn a_dropped_receive_loses_nothing() -> io::Result<()> {
    for protocol in PROTOCOLS {
        for polls in 1..12 {
            let (ours, theirs) = narrow(protocol).await?;
            let sent = noise(50_000);
            let data = sent.clone();
            let sender = fend::spawn(async move {
                theirs.send_all(&data).await?;
                theirs.shutdown().await
            });
            let (mut received, mut buf) = (Vec::new(), vec![0; 7_777]);
            loop {
                buf.fill(0xEE);
                let received_now = pending(pin!(ours.recv(&mut buf)), polls).await;
                match received_now {
                    Some(n) => match n? {
                        0 => break,
                        n => received.extend_from_slice(&buf[..n]),
                    },
                    None => fend::yield_now().await,
                }
            }
            sender.await??;
            assert!(received == sent, "{protocol}, {polls} polls: {} of {}", received.len(), sent.len());
        }
    }
    Ok(())
}

/// TL11
async fn a_dropped_shutdown_is_taken_up_again() -> io::Result<()> {
    for protocol in PROTOCOLS {
        for polls in 1..30 {
            let (ours, theirs) = narrow(protocol).await?;
            let block = noise(10_000);
            let mut taken = 0;
            while let Some(n) = pending(pin!(ours.send(&block)), 1).await {
                taken += n?;
            }
            let receiver = receiver(theirs);
            let _ = pending(pin!(ours.shutdown()), polls).await;
            ours.shutdown().await?;
            assert_eq!(receiver.await??.len(), taken, "{protocol}, {polls} polls");
        }
    }
    Ok(())
}

/// TL11
async fn a_dropped_flush_is_taken_up_again() -> io::Result<()> {
    for protocol in PROTOCOLS {
        for polls in 1..30 {
            let (ours, theirs) = narrow(protocol).await?;
            let block = noise(10_000);
            let mut taken = 0;
            while let Some(n) = pending(pin!(ours.send(&block)), 1).await {
                taken += n?;
            }
            let receiver = receiver(theirs);
            if let Some(flushed) = pending(pin!(ours.flush()), polls).await {
                flushed?;
            }
            ours.flush().await?;
            ours.send_all(b"more").await?;
            ours.shutdown().await?;
            assert_eq!(receiver.await??.len(), taken + 4, "{protocol}, {polls} polls");
        }
    }
    Ok(())
}

/// TL11: in the middle of a record that is being written.
async fn a_dropped_stream_ends_the_others() -> io::Result<()> {
    for protocol in PROTOCOLS {
        for polls in 1..30 {
            let (ours, theirs) = narrow(protocol).await?;
            let receiver = receiver(theirs);
            let source = noise(100_000);
            let _ = pending(pin!(ours.send_all(&source)), polls).await;
            drop(ours);
            let error = receiver.await?.expect_err("no clean end");
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{error}");
        }
    }
    Ok(())
}
