//! Peers that mean no good: silent, slow, wordy, or not of this protocol at all.

use std::io::{self, Read, Write};
use std::net;
use std::time::{Duration, Instant};

use fend::net::{TcpListener, TcpStream};
use fend::task::JoinHandle;
use fend::time::sleep;
use fend::tls::{TlsAcceptor, TlsError};
use openssl::ssl::SslVersion;

use crate::alone::alone;
use crate::blocking::{VERSIONS, client_context, connect, only};
use crate::ours::{acceptor, acceptor_of, connector, handshake, server, tcp};
use crate::peer::{self, noise};
use crate::process::{cpu_time, resident};
use crate::records::{ALERT, DATA, Forger, HANDSHAKE};
use crate::scaled;
use crate::shape::Shape;

on_every_dispatcher!(
    a_silent_peer_ends_at_the_deadline,
    a_silent_server_ends_at_the_deadline,
    a_slow_peer_ends_at_the_deadline,
    the_deadline_is_over_with_the_handshake,
    plain_http_is_told_at_once,
    garbage_is_refused_at_once,
    a_hello_of_single_bytes_is_understood,
    a_server_that_is_none,
    hand_made_records_are_understood,
    records_that_are_broken,
    a_renegotiation_is_refused,
    warnings_in_place_of_a_hello,
);
alone_on_every_dispatcher!(
    undisturbed: stalled_peers_cost_little_and_hold_nobody_up,
    a_flood_of_key_updates,
    a_flood_of_empty_records,
    a_flood_of_warnings,
    plain_http_costs_no_time,
);

/// Short, for a test; and long beside a handshake on a busy machine.
const DEADLINE: Duration = Duration::from_millis(400);

fn hurried() -> TlsAcceptor {
    acceptor_of(server().handshake_timeout(Some(DEADLINE)))
}

/// Checks an error that has come `after` the beginning.
fn is_over(error: &TlsError, after: Duration) {
    assert!(error.is_timeout(), "{error}");
    assert_eq!(error.io_kind(), io::ErrorKind::TimedOut);
    assert!(after >= DEADLINE, "{after:?}");
}

/// TL6
async fn a_silent_peer_ends_at_the_deadline() -> io::Result<()> {
    let (stream, mut peer) = peer::accepted().await?;
    let start = Instant::now();
    is_over(&hurried().handshake(stream).await.unwrap_err(), start.elapsed());
    // The stream is gone with the handshake; there may be an alert.
    let mut rest = Vec::new();
    peer.read_to_end(&mut rest)?;
    // The handshake's own deadline goes before that of the context.
    let (stream, _peer) = peer::accepted().await?;
    let start = Instant::now();
    let error = acceptor().handshake(stream).timeout(Some(DEADLINE)).await.unwrap_err();
    is_over(&error, start.elapsed());
    Ok(())
}

/// TL6
async fn a_silent_server_ends_at_the_deadline() -> io::Result<()> {
    let (stream, mut peer) = peer::connected().await?;
    let start = Instant::now();
    let error = connector().handshake("localhost", stream).timeout(Some(DEADLINE)).await.unwrap_err();
    is_over(&error, start.elapsed());
    assert_eq!(error.host(), Some("localhost"));
    let mut hello = Vec::new();
    peer.read_to_end(&mut hello)?;
    assert_eq!(hello.first(), Some(&22), "{hello:?}");
    Ok(())
}

/// A hello that a client of OpenSSL begins with.
async fn hello() -> io::Result<Vec<u8>> {
    let (stream, mut peer) = peer::connected().await?;
    let mut hello = vec![0; 4096];
    let connecting = connector().handshake("localhost", stream).timeout(None);
    let mut connecting = Box::pin(connecting);
    assert!(futures_lite::future::poll_once(&mut connecting).await.is_none());
    let n = peer.read(&mut hello)?;
    hello.truncate(n);
    Ok(hello)
}

/// TL6
async fn a_slow_peer_ends_at_the_deadline() -> io::Result<()> {
    let (stream, peer) = peer::accepted().await?;
    let hello = hello().await?;
    let dripping = fend::spawn(drip(TcpStream::try_from(peer)?, hello, Duration::from_millis(100)));
    let start = Instant::now();
    is_over(&hurried().handshake(stream).await.unwrap_err(), start.elapsed());
    let sent = dripping.await??;
    assert!(sent >= 3, "{sent} bytes");
    Ok(())
}

/// Sends byte by byte until the other end is gone.
async fn drip(stream: TcpStream, bytes: Vec<u8>, pause: Duration) -> io::Result<usize> {
    for (sent, byte) in bytes.iter().enumerate() {
        let gone = async { stream.recv(&mut [0; 64]).await.map_or(true, |n| n == 0) };
        if fend::time::timeout(pause, gone).await == Ok(true) {
            return Ok(sent);
        }
        if stream.send_all(&[*byte]).await.is_err() {
            return Ok(sent);
        }
    }
    Ok(bytes.len())
}

/// TL6
async fn the_deadline_is_over_with_the_handshake() -> io::Result<()> {
    let (client, server) = tcp().await?;
    let (client, server) =
        futures::future::try_join(connector().handshake("localhost", client), hurried().handshake(server))
            .await?;
    let mut buf = [0; 5];
    let mut receiving = Box::pin(server.recv_exact(&mut buf));
    let waited = fend::time::timeout(DEADLINE * 2, &mut receiving).await;
    assert!(waited.is_err(), "nothing came, and nothing has ended: {waited:?}");
    client.send_all(b"later").await?;
    receiving.await
}

/// TL8
async fn plain_http_is_told_at_once() -> io::Result<()> {
    for request in [
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /x HTTP/1.1\r\n\r\nxyz",
        "HEAD / HTTP/1.0\r\n\r\n",
        "PUT / HTTP/1.1\r\n\r\n",
    ] {
        let (stream, mut peer) = peer::accepted().await?;
        peer.write_all(request.as_bytes())?;
        let start = Instant::now();
        let error = acceptor().handshake(stream).await.unwrap_err();
        assert!(error.is_http_request(), "{request:?}: {error}");
        assert!(error.to_string().contains("HTTP"), "{error}");
        // With much to spare for a busy machine: the deadline is ten seconds.
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        // The connection ends.
        let _ = peer.read_to_end(&mut Vec::new());
    }
    Ok(())
}

/// TL8
fn plain_http_costs_no_time(shape: Shape) {
    alone(shape, || {
        shape
            .block_on(async {
                let acceptor = acceptor();
                for _ in 0..20 {
                    let (stream, mut peer) = peer::accepted().await?;
                    peer.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
                    let (start, before) = (Instant::now(), cpu_time());
                    let error = acceptor.handshake(stream).await.unwrap_err();
                    assert!(error.is_http_request(), "{error}");
                    let (elapsed, cost) = (start.elapsed(), cpu_time() - before);
                    assert!(elapsed < Duration::from_millis(100), "{elapsed:?}");
                    assert!(cost < Duration::from_millis(50), "{cost:?} of CPU");
                }
                io::Result::Ok(())
            })
            .expect("the sockets");
    });
}

/// TL8
async fn garbage_is_refused_at_once() -> io::Result<()> {
    let long = [&[22, 3, 1, 0xFF, 0xFF][..], &[0; 3000]].concat();
    let hello_of_nothing = [&[22, 3, 1, 0, 4][..], &[1, 0, 0, 0]].concat();
    let fragment_of_nothing = [22, 3, 1, 0, 0].repeat(100);
    let random = noise(5000);
    let data_first = [&[23, 3, 3, 0, 32][..], &[7; 32]].concat();
    let old = [&[0x80, 0x2E, 1, 0, 2][..], &[0; 64]].concat();
    let texts: [&[u8]; 10] = [
        &long,
        &hello_of_nothing,
        &fragment_of_nothing,
        &random,
        &data_first,
        &old,
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"EHLO mail.example.org\r\n",
        &[0; 600],
        &[0xFF; 600],
    ];
    for text in texts {
        let (stream, mut peer) = peer::accepted().await?;
        peer.write_all(text)?;
        let start = Instant::now();
        let error = acceptor().handshake(stream).await.unwrap_err();
        assert!(!error.is_timeout() && !error.is_http_request(), "{:?}: {error}", &text[..5]);
        assert_eq!(error.io_kind(), io::ErrorKind::InvalidData, "{:?}: {error}", &text[..5]);
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}: {:?}", &text[..5], start.elapsed());
    }
    Ok(())
}

async fn a_hello_of_single_bytes_is_understood() -> io::Result<()> {
    for version in VERSIONS {
        let (stream, relayed) = peer::accepted().await?;
        let (client, server) = net_pair()?;
        // What the client sends goes on byte by byte.
        relayed.set_nodelay(true)?;
        let (mut up_from, mut up_to) = (server.try_clone()?, relayed.try_clone()?);
        let up = fend::spawn_blocking(move || {
            let mut byte = [0];
            // It may be gone by the time that the client is.
            while up_from.read(&mut byte)? == 1 && up_to.write_all(&byte).is_ok() {}
            io::Result::Ok(())
        });
        let (mut down_from, mut down_to) = (relayed, server);
        let down = fend::spawn_blocking(move || {
            let mut byte = [0];
            while down_from.read(&mut byte)? == 1 && down_to.write_all(&byte).is_ok() {}
            io::Result::Ok(())
        });
        let client = fend::spawn_blocking(move || {
            let mut client = connect(&client_context(only(version)), client)?;
            client.write_all(b"question")?;
            let mut answer = [0; 6];
            client.read_exact(&mut answer)?;
            assert_eq!(&answer, b"answer");
            io::Result::Ok(())
        });
        let stream = acceptor().handshake(stream).await?;
        let mut question = [0; 8];
        stream.recv_exact(&mut question).await?;
        assert_eq!(&question, b"question");
        stream.send_all(b"answer").await?;
        client.await??;
        stream.shutdown().await?;
        drop(stream);
        up.await??;
        down.await??;
    }
    Ok(())
}

fn net_pair() -> io::Result<(net::TcpStream, net::TcpStream)> {
    let listener = net::TcpListener::bind("127.0.0.1:0")?;
    let client = net::TcpStream::connect(listener.local_addr()?)?;
    Ok((client, listener.accept()?.0))
}

/// TL8: the same from the client's side.
async fn a_server_that_is_none() -> io::Result<()> {
    let alert = [21, 3, 3, 0, 2, 2, 40];
    let texts: [&[u8]; 5] =
        [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"220 mail ready\r\n", &[0; 100], &noise(100), &alert];
    for text in texts {
        let (stream, mut peer) = peer::connected().await?;
        peer.write_all(text)?;
        let error = connector().handshake("localhost", stream).await.unwrap_err();
        assert_eq!(error.is_alert(), text == alert, "{error}");
        assert!(!error.is_certificate() && !error.is_timeout() && !error.is_unexpected_eof(), "{error}");
    }
    // One that is gone before it says anything.
    let (stream, peer) = peer::connected().await?;
    peer.shutdown(net::Shutdown::Write)?;
    let error = connector().handshake("localhost", stream).await.unwrap_err();
    assert!(error.is_unexpected_eof(), "{error}");
    Ok(())
}

/// What the tests below rest upon.
async fn hand_made_records_are_understood() -> io::Result<()> {
    for version in VERSIONS {
        let (stream, mut forger) = Forger::connect(&acceptor(), version).await?;
        for text in ["by ", "hand"] {
            forger.send(DATA, text.as_bytes())?;
        }
        if version == SslVersion::TLS1_3 {
            forger.update_keys(true)?;
        }
        forger.send(DATA, b" made")?;
        let mut received = [0; 12];
        stream.recv_exact(&mut received).await?;
        assert_eq!(&received, b"by hand made");
        stream.send_all(b"understood").await?;
        let mut answer = [0; 10];
        forger.peer().read_exact(&mut answer)?;
        assert_eq!(&answer, b"understood");
        forger.send(ALERT, &[1, 0])?;
        assert_eq!(stream.recv(&mut received).await?, 0);
    }
    Ok(())
}

async fn records_that_are_broken() -> io::Result<()> {
    for version in VERSIONS {
        for spoil in 0..5 {
            let (stream, mut forger) = Forger::connect(&acceptor(), version).await?;
            forger.send(DATA, b"whole")?;
            let mut record = forger.record(DATA, b"broken");
            let last = record.len() - 1;
            match spoil {
                0 => record[last] ^= 1,
                1 => record[6] ^= 1,
                // A length of 65,535.
                2 => record[3..5].fill(0xFF),
                3 => record[0] = 99,
                // Replayed.
                _ => {
                    forger.peer().get_ref().write_all(&record)?;
                    stream.recv_exact(&mut [0; 11]).await?;
                    forger.peer().get_ref().write_all(&record)?;
                    stream.recv(&mut [0; 16]).await.expect_err("a replayed record");
                    continue;
                }
            }
            forger.peer().get_ref().write_all(&record)?;
            stream.recv_exact(&mut [0; 5]).await?;
            for _ in 0..2 {
                let error = stream.recv(&mut [0; 16]).await.expect_err("a broken record");
                assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
            }
            assert!(stream.send(b"more").await.is_err());
            // The peer is told.
            let mut rest = Vec::new();
            drop(stream);
            let told = forger.peer().read_to_end(&mut rest).expect_err("an alert");
            assert!(told.to_string().contains("alert"), "{told}");
        }
    }
    Ok(())
}

/// TL7
async fn a_renegotiation_is_refused() -> io::Result<()> {
    let (stream, mut forger) = Forger::connect(&acceptor(), SslVersion::TLS1_2).await?;
    let hello = hello().await?;
    forger.send(HANDSHAKE, &hello[5..])?;
    // It may be passed over with a warning, or be the end. What comes next is not a handshake.
    forger.send(DATA, b"after")?;
    let mut received = [0; 5];
    match stream.recv_exact(&mut received).await {
        Ok(_) => assert_eq!(&received, b"after"),
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}"),
    }
    Ok(())
}

/// TL7: before there is any key.
async fn warnings_in_place_of_a_hello() -> io::Result<()> {
    let (stream, mut peer) = peer::accepted().await?;
    let warning = [21, 3, 1, 0, 2, 1, 90];
    peer.write_all(&warning.repeat(1000))?;
    let error = acceptor().handshake(stream).await.unwrap_err();
    assert!(!error.is_timeout(), "{error}");
    Ok(())
}

/// How much CPU time a flood may take of the process, whole records included. The peer takes a part of it.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Sends a flood from `forger`, and gives how it ended for us and what it took.
async fn flood(
    version: SslVersion,
    send: impl FnOnce(&mut Forger) -> io::Result<()> + Send + 'static,
) -> io::Result<(io::Result<usize>, Duration)> {
    let (stream, mut forger) = Forger::connect(&acceptor(), version).await?;
    let before = cpu_time();
    // An error is what becomes of a peer that was closed.
    let flooding = fend::spawn_blocking(move || {
        let _ = send(&mut forger);
        forger
    });
    let end = stream.recv(&mut [0; 64]).await;
    let cost = cpu_time() - before;
    drop(stream);
    drop(flooding.await?);
    Ok((end, cost))
}

/// TL7: 10,000 of them cost little, and our answers to those that nobody reads do not pile up.
fn a_flood_of_key_updates(shape: Shape) {
    alone(shape, || {
        shape
            .block_on(async {
                // What the first session leaves for those that follow.
                flood(SslVersion::TLS1_3, |forger| forger.send(DATA, b"the end")).await?.0?;
                for requested in [false, true] {
                    let memory = resident();
                    let (end, cost) = flood(SslVersion::TLS1_3, move |forger| {
                        for _ in 0..10_000 {
                            forger.update_keys(requested)?;
                        }
                        forger.send(DATA, b"the end")
                    })
                    .await?;
                    let grown = resident().saturating_sub(memory);
                    eprintln!("10,000 key updates: {cost:?}, {grown} bytes, {end:?}");
                    assert!(matches!(end, Ok(7) | Err(_)), "{end:?}");
                    assert!(cost < PATIENCE, "{cost:?}");
                    assert!(grown < 4 << 20, "{grown} bytes");
                }
                io::Result::Ok(())
            })
            .expect("the sockets");
    });
}

/// TL7
fn a_flood_of_empty_records(shape: Shape) {
    alone(shape, || {
        shape
            .block_on(async {
                for version in VERSIONS {
                    let (end, cost) = flood(version, |forger| {
                        (0..100_000).try_for_each(|_| forger.send(DATA, &[]))?;
                        forger.send(DATA, b"the end")
                    })
                    .await?;
                    eprintln!("empty records: {cost:?}, {end:?}");
                    let error = end.expect_err("too many empty records");
                    assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
                    assert!(cost < PATIENCE, "{cost:?}");
                }
                io::Result::Ok(())
            })
            .expect("the sockets");
    });
}

/// TL7
fn a_flood_of_warnings(shape: Shape) {
    alone(shape, || {
        shape
            .block_on(async {
                for version in VERSIONS {
                    // "user canceled", which TLS 1.3 allows still.
                    let (end, cost) = flood(version, |forger| {
                        (0..100_000).try_for_each(|_| forger.send(ALERT, &[1, 90]))?;
                        forger.send(DATA, b"the end")
                    })
                    .await?;
                    eprintln!("warnings: {cost:?}, {end:?}");
                    let error = end.expect_err("too many warnings");
                    assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
                    assert!(cost < PATIENCE, "{cost:?}");
                }
                io::Result::Ok(())
            })
            .expect("the sockets");
    });
}

/// TL6: some peers say nothing, some of them half a word, and some a whole one. Others shake hands all the while.
fn stalled_peers_cost_little_and_hold_nobody_up(shape: Shape) {
    let count = scaled(100, 300);
    alone(shape, || {
        shape
            .block_on(async {
                let acceptor = acceptor_of(server().handshake_timeout(Some(Duration::from_secs(4))));
                // What the first handshakes leave for those that follow.
                let (client, served) = handshake(&connector(), &acceptor, "localhost").await?;
                drop((client?, served?));
                let hello = hello().await?;
                let listener = TcpListener::bind("127.0.0.1:0").await?;
                let (mut peers, mut stalled, mut begun) = (Vec::new(), Vec::new(), 0);
                let start = Instant::now();
                for sent in [&[][..], &hello[..hello.len() - 1], &hello] {
                    let memory = resident();
                    for _ in 0..count {
                        let mut peer = net::TcpStream::connect(listener.local_addr()?)?;
                        let (stream, _) = listener.accept().await?;
                        let handshake = acceptor.handshake(stream);
                        stalled.push(fend::spawn(async { handshake.await.map(|_| ()).unwrap_err() }));
                        peer.write_all(sent)?;
                        peers.push(peer);
                    }
                    begun += if sent.is_empty() { 0 } else { count };
                    while acceptor.handshakes() != begun {
                        sleep(Duration::from_millis(2)).await;
                    }
                    // The last of them have had their turn once this one is served behind them.
                    let (client, served) = handshake(&connector(), &acceptor, "localhost").await?;
                    drop((client?, served?));
                    let each = resident().saturating_sub(memory) / count;
                    eprintln!("peers that stall after {} bytes: {each} bytes each", sent.len());
                    assert!(each < 64 << 10, "{each} bytes each");
                }
                let mut served = 0;
                while start.elapsed() < Duration::from_secs(3) {
                    let before = Instant::now();
                    let (client, server) = handshake(&connector(), &acceptor, "localhost").await?;
                    drop((client?, server?));
                    assert!(before.elapsed() < Duration::from_secs(1), "{:?}", before.elapsed());
                    served += 1;
                    sleep(Duration::from_millis(50)).await;
                }
                assert!(served > 5, "{served}");
                assert!(!stalled.iter().any(JoinHandle::is_finished));
                for task in stalled {
                    let error = task.await.expect("no panic");
                    assert!(error.is_timeout(), "{error}");
                }
                assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
                assert_eq!(acceptor.handshakes(), 0);
                io::Result::Ok(())
            })
            .expect("the sockets");
    });
}
