//! Sessions that share a thread with failing ones, and sessions that move between threads.

use std::future::Future;
use std::io::{self, IoSliceMut, Write};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

use fend::tls::{Protocol, TlsStream};
use futures::executor::block_on;
use openssl::error::ErrorStack;
use openssl::x509::X509;

use crate::blocking::{VERSIONS, accepted, connected, read_to_close};
use crate::ours::{PROTOCOLS, acceptor, acceptor_of, connector, handshake, pair, server_with, tcp};
use crate::peer::{self, noise};
use crate::pki::pki;
use crate::scaled;
use crate::shape::Shape;

on_every_dispatcher!(
    failing_sessions_leave_a_healthy_one_alone,
    what_the_caller_leaves_in_the_error_queue_is_not_ours,
    nothing_is_left_in_the_error_queue,
    a_session_moves_from_thread_to_thread,
    a_session_is_dropped_elsewhere,
    a_session_is_used_by_two_threads_at_once,
);

alone_on_every_dispatcher!(a_lone_worker_calls_no_monitor);

/// The stream below is waited for with wakers of the session's, which might be those of somebody who blocks the thread: then a monitor would
/// have to start, to look after the sockets meanwhile.
fn a_lone_worker_calls_no_monitor(shape: Shape) {
    let name = shape.dispatcher.name();
    let runtime = shape.builder().worker_threads(1).thread_name(name).build().expect("a runtime");
    runtime
        .block_on(async {
            let (client, server) = pair(Protocol::Tls1_3).await?;
            let echo = fend::spawn(async move {
                let mut buf = [0; 100];
                // Into two, so that the session looks for more behind the first record.
                let (head, body) = buf.split_at_mut(10);
                while server.recv_vectored(&mut [IoSliceMut::new(head), IoSliceMut::new(body)]).await? > 0 {
                    server.send_all(&[7; 100]).await?;
                }
                io::Result::Ok(())
            });
            for _ in 0..100 {
                client.send_all(&[7; 100]).await?;
                client.recv_exact(&mut [0; 100]).await?;
            }
            client.shutdown().await?;
            echo.await??;
            let threads = names_of_threads()?;
            assert!(!threads.contains(&format!("{name}-monitor")), "{threads:?}");
            io::Result::Ok(())
        })
        .expect("the test's I/O");
}

fn names_of_threads() -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for task in std::fs::read_dir("/proc/self/task")? {
        // One may have ended since.
        if let Ok(name) = std::fs::read_to_string(task?.path().join("comm")) {
            names.push(name.trim_end().to_owned());
        }
    }
    Ok(names)
}

/// Leaves the errors of something else in the thread's queue, before each poll.
struct Littered<F>(F);

impl<F: Future + Unpin> Future for Littered<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        litter();
        let result = Pin::new(&mut self.0).poll(cx);
        drop(ErrorStack::get());
        result
    }
}

fn litter() {
    for _ in 0..3 {
        X509::from_pem(b"no certificate").expect_err("an error").put();
    }
}

/// Sends something there and back.
async fn go_on(
    client: &TlsStream<fend::net::TcpStream>,
    server: &TlsStream<fend::net::TcpStream>,
) -> io::Result<()> {
    let sent = noise(20_000);
    let mut received = vec![0; sent.len()];
    for (from, to) in [(client, server), (server, client)] {
        futures::future::try_join(from.send_all(&sent), to.recv_exact(&mut received)).await?;
        assert!(received == sent);
    }
    Ok(())
}

/// One session that fails, in one of several ways.
async fn fail(round: usize) -> io::Result<()> {
    match round % 5 {
        0 => {
            let (client, server) =
                handshake(&connector(), &acceptor_of(server_with(&pki().expired)), "localhost").await?;
            assert!(client.is_err() && server.is_err());
        }
        1 => {
            let (client, server) = handshake(&connector(), &acceptor(), "elsewhere.example").await?;
            assert!(client.is_err() && server.is_err());
        }
        2 => {
            let (stream, mut peer) = peer::accepted().await?;
            peer.write_all(b"this is no TLS at all, and never will be")?;
            assert!(acceptor().handshake(stream).await.is_err());
        }
        3 => {
            let (stream, peer) = connected(VERSIONS[round % 2]).await?;
            peer.get_ref().write_all(&[23, 3, 3, 0, 40].into_iter().chain([9; 40]).collect::<Vec<_>>())?;
            assert!(stream.recv(&mut [0; 16]).await.is_err());
        }
        _ => {
            let (stream, peer) = accepted(VERSIONS[round % 2]).await?;
            drop(peer);
            assert!(stream.recv(&mut [0; 16]).await.is_err());
        }
    }
    Ok(())
}

/// TL5: all of it in one task, so that one thread at a time polls them all.
async fn failing_sessions_leave_a_healthy_one_alone() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let (client, server) = pair(protocol).await?;
        let healthy = async {
            for _ in 0..scaled(100, 1_000) {
                go_on(&client, &server).await?;
            }
            io::Result::Ok(())
        };
        let failing = async {
            for round in 0..scaled(50, 500) {
                fail(round).await?;
            }
            io::Result::Ok(())
        };
        futures::future::try_join(healthy, failing).await?;
    }
    Ok(())
}

/// TL5
async fn what_the_caller_leaves_in_the_error_queue_is_not_ours() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let (client, server) = Littered(Box::pin(pair(protocol))).await?;
        for _ in 0..20 {
            Littered(Box::pin(go_on(&client, &server))).await?;
        }
        Littered(Box::pin(client.shutdown())).await?;
        let received = Littered(Box::pin(server.recv(&mut [0; 16]))).await?;
        assert_eq!(received, 0);
        // And an error is told by its own reason.
        let failing = async {
            let (client, _) = handshake(&connector(), &acceptor(), "elsewhere.example").await?;
            io::Result::Ok(client.expect_err("a wrong host"))
        };
        let error = Littered(Box::pin(failing)).await?;
        assert!(error.is_wrong_host(), "{error}");
        let (stream, mut peer) = peer::accepted().await?;
        peer.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
        let error = Littered(Box::pin(acceptor().handshake(stream))).await.unwrap_err();
        assert!(error.is_http_request(), "{error}");
    }
    Ok(())
}

/// TL5: and what fails here is not to trouble the caller.
async fn nothing_is_left_in_the_error_queue() -> io::Result<()> {
    drop(ErrorStack::get());
    for round in 0..20 {
        let mut failing = pin!(fail(round));
        // Looks after each poll, since the next may be on another thread.
        std::future::poll_fn(|cx| {
            let result = failing.as_mut().poll(cx);
            let left = ErrorStack::get();
            assert!(left.errors().is_empty(), "round {round}: {left}");
            result
        })
        .await?;
    }
    Ok(())
}

/// Runs `step` on a thread of its own.
fn elsewhere<T: Send + 'static>(step: impl FnOnce() -> T + Send + 'static) -> T {
    thread::spawn(step).join().expect("no panic")
}

/// TL13
async fn a_session_moves_from_thread_to_thread() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let (client, server) = tcp().await?;
        let mut connecting = connector().handshake("localhost", client);
        let mut accepting = acceptor_of(crate::ours::server().protocol(protocol)).handshake(server);
        // Each poll of the handshake on another thread.
        let (mut ours, mut theirs) = (None, None);
        while ours.is_none() || theirs.is_none() {
            (connecting, ours, accepting, theirs) = fend::spawn_blocking(move || {
                block_on(async {
                    if ours.is_none() {
                        ours = futures_lite::future::poll_once(&mut connecting).await;
                    }
                    if theirs.is_none() {
                        theirs = futures_lite::future::poll_once(&mut accepting).await;
                    }
                });
                (connecting, ours, accepting, theirs)
            })
            .await?;
        }
        let (mut client, mut server) = (ours.expect("done")?, theirs.expect("done")?);
        for _ in 0..scaled(20, 200) {
            (client, server) = fend::spawn_blocking(move || {
                elsewhere(move || {
                    block_on(go_on(&client, &server))?;
                    io::Result::Ok((client, server))
                })
            })
            .await??;
        }
    }
    Ok(())
}

/// TL13
async fn a_session_is_dropped_elsewhere() -> io::Result<()> {
    for version in VERSIONS {
        for _ in 0..scaled(10, 100) {
            let (stream, mut peer) = accepted(version).await?;
            // With a waiter of each kind that has been there.
            assert!(futures_lite::future::poll_once(stream.recv(&mut [0; 16])).await.is_none());
            stream.send_all(b"x").await?;
            fend::spawn_blocking(move || elsewhere(move || drop(stream))).await?;
            assert_eq!(read_to_close(&mut peer), (b"x".to_vec(), false));
        }
    }
    Ok(())
}

/// TL13
async fn a_session_is_used_by_two_threads_at_once() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let (client, server) = pair(protocol).await?;
        let (client, server) = (Arc::new(client), Arc::new(server));
        let sent = Arc::new(noise(scaled(1 << 20, 16 << 20)));
        let mut threads = Vec::new();
        for (from, to) in [(client.clone(), server.clone()), (server, client)] {
            let (data, expected) = (sent.clone(), sent.clone());
            threads.push(thread::spawn(move || block_on(from.send_all(&data))));
            threads.push(thread::spawn(move || {
                let mut received = vec![0; expected.len()];
                block_on(to.recv_exact(&mut received))?;
                assert!(received == *expected);
                Ok(())
            }));
        }
        let joined = fend::spawn_blocking(move || {
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect::<io::Result<Vec<_>>>()
        });
        joined.await??;
    }
    Ok(())
}
