//! Peers that do not speak TLS, or speak it in a strange way.

use std::io::{self, Read, Write};
use std::net;
use std::time::{Duration, Instant};

use crate::alone::alone;
use crate::blocking::{VERSIONS, client_context, connect, only};
use crate::ours::{acceptor, connector};
use crate::peer::{self, noise};
use crate::process::cpu_time;
use crate::shape::Shape;

on_every_dispatcher!(
    plain_http_is_told_at_once,
    garbage_is_refused_at_once,
    a_hello_of_single_bytes_is_understood,
    a_server_that_is_none,
);
alone_on_every_dispatcher!(undisturbed: plain_http_costs_no_time);

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
        // Made before the clock runs: the first one makes all certificates.
        let acceptor = acceptor();
        let start = Instant::now();
        let error = acceptor.handshake(stream).await.unwrap_err();
        assert!(error.is_http_request(), "{request:?}: {error}");
        assert!(error.to_string().contains("HTTP"), "{error}");
        // With much to spare for a busy machine: the deadline is ten seconds.
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        // The connection ends, and is not reset.
        peer.read_to_end(&mut Vec::new())?;
    }
    Ok(())
}

/// TL8
fn plain_http_costs_no_time(shape: Shape) {
    alone(shape, || {
        shape
            .block_on(async {
                let acceptor = acceptor();
                // The least of the rounds: other programs may take the processors in some of them.
                let (mut elapsed, mut cost) = (Duration::MAX, Duration::MAX);
                for _ in 0..20 {
                    let (stream, mut peer) = peer::accepted().await?;
                    peer.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
                    let (start, before) = (Instant::now(), cpu_time());
                    let error = acceptor.handshake(stream).await.unwrap_err();
                    assert!(error.is_http_request(), "{error}");
                    (elapsed, cost) = (elapsed.min(start.elapsed()), cost.min(cpu_time() - before));
                }
                assert!(elapsed < Duration::from_millis(100), "{elapsed:?}");
                assert!(cost < Duration::from_millis(50), "{cost:?} of CPU");
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
        let acceptor = acceptor();
        let start = Instant::now();
        let error = acceptor.handshake(stream).await.unwrap_err();
        assert!(!error.is_timeout() && !error.is_http_request(), "{:?}: {error}", &text[..5]);
        assert_eq!(error.io_kind(), io::ErrorKind::InvalidData, "{:?}: {error}", &text[..5]);
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}: {:?}", &text[..5], start.elapsed());
        // The peer is not reset for what it has sent and nobody read: it can be told why. (Who does not speak TLS at all may be told nothing.)
        let mut answer = Vec::new();
        peer.read_to_end(&mut answer)?;
        assert!(answer.first() == Some(&21) || text[0] != 22, "{:?}: {answer:?}", &text[..5]);
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
