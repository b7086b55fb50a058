//! [`fend::hyper::Server`]: its protocols, its listeners, and what a request knows of its client.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fend::hyper::server::Peer;
use fend::hyper::{Server, Timer};
use fend::net::{Shutdown, UnixListener, UnixStream};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};

use crate::place::Place;
use crate::serving::{Serving, ask, echo, frame, get, http2_over, request, text, until_closed, whoami};

on_every_dispatcher!(
    speaks_both_on_one_port,
    first_bytes_may_come_one_by_one,
    requests_of_one_connection_follow_each_other,
    speaks_one_alone_when_told_so,
    knows_its_peers,
    makes_a_service_for_each_connection,
    listens_on_a_unix_socket,
    a_client_that_leaves_without_a_word_is_no_failure,
    what_is_no_http_is_told,
    settings_of_hyper_are_kept,
);

async fn speaks_both_on_one_port() -> io::Result<()> {
    let serving = Serving::start(service_fn(echo)).await?;
    let stream = serving.connect().await?;
    let answer = get(&stream, "/one").await?;
    assert!(answer.head.starts_with("HTTP/1.1 200 OK\r\n"), "{answer:?}");
    assert_eq!(answer.body, "HTTP/1.1 /one ");

    let (mut sender, connection) = http2_over(serving.connect().await?).await?;
    let response = sender.send_request(request("/two")).await.map_err(io::Error::other)?;
    assert_eq!(text(response).await?, "HTTP/2.0 /two ");
    drop(sender);
    connection.await?.map_err(io::Error::other)?;
    assert!(serving.end().await?.is_clean());
    Ok(())
}

/// Also such as could become HTTP/2 for a while.
async fn first_bytes_may_come_one_by_one() -> io::Result<()> {
    let serving = Serving::start(service_fn(echo)).await?;
    for method in ["GET", "POST", "PRI"] {
        let stream = serving.connect().await?;
        stream.set_nodelay(true)?;
        for byte in format!("{method} / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r").bytes() {
            stream.send_all(&[byte]).await?;
        }
        let answer = ask(&stream, "\nok").await?;
        assert_eq!(answer.body, "HTTP/1.1 / ok");
    }
    // Too much of HTTP/2 to be anything else.
    let stream = serving.connect().await?;
    for byte in b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" {
        stream.send_all(&[*byte]).await?;
    }
    let mut frame = [0; 9];
    stream.recv_exact(&mut frame).await?;
    assert_eq!(frame[3], 4, "SETTINGS come first: {frame:?}");
    drop(stream);
    serving.end().await?;
    Ok(())
}

async fn requests_of_one_connection_follow_each_other() -> io::Result<()> {
    let serving = Serving::start(service_fn(echo)).await?;
    let stream = serving.connect().await?;
    for number in 0..100 {
        let body = "x".repeat(number);
        let head = format!("POST /{number} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {number}\r\n\r\n");
        let answer = ask(&stream, &(head + &body)).await?;
        assert_eq!(answer.body, format!("HTTP/1.1 /{number} {body}"));
    }
    assert_eq!(serving.handle.metrics().accepted, 1);
    Ok(())
}

async fn speaks_one_alone_when_told_so() -> io::Result<()> {
    let only_1 = Serving::on(Server::bind("127.0.0.1:0").await?.http1_only(), service_fn(echo))?;
    let only_2 = Serving::on(Server::bind("127.0.0.1:0").await?.http2_only(), service_fn(echo))?;
    assert_eq!(get(&only_1.connect().await?, "/").await?.body, "HTTP/1.1 / ");
    let (mut sender, _) = http2_over(only_2.connect().await?).await?;
    let response = sender.send_request(request("/")).await.map_err(io::Error::other)?;
    assert_eq!(text(response).await?, "HTTP/2.0 / ");

    let stream = only_1.connect().await?;
    stream.send_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await?;
    until_closed(&stream).await;
    let failure = only_1.failure().await;
    assert!(failure.contains(": HTTP: ") && failure.contains("HTTP2"), "{failure}");

    let stream = only_2.connect().await?;
    stream.send_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
    until_closed(&stream).await;
    let failure = only_2.failure().await;
    assert!(failure.contains(": HTTP: ") && failure.contains("http2"), "{failure}");
    Ok(())
}

async fn knows_its_peers() -> io::Result<()> {
    let serving = Serving::start(service_fn(whoami)).await?;
    for _ in 0..2 {
        let stream = serving.connect().await?;
        let here = stream.local_addr()?.to_string();
        // Of each request, not of the first alone.
        assert_eq!(get(&stream, "/").await?.body, here);
        assert_eq!(get(&stream, "/").await?.body, here);
    }
    Ok(())
}

async fn makes_a_service_for_each_connection() -> io::Result<()> {
    let server = Server::bind("127.0.0.1:0").await?;
    let address = server.local_addr()?;
    let made = Arc::new(AtomicUsize::new(0));
    let counted = made.clone();
    let served = server.serve_with(move |peer: &Peer| {
        counted.fetch_add(1, Ordering::Relaxed);
        let (peer, requests) = (*peer.addr(), Arc::new(AtomicUsize::new(0)));
        service_fn(move |_: Request<Incoming>| {
            let number = requests.fetch_add(1, Ordering::Relaxed);
            async move { Ok::<_, Infallible>(Response::new(format!("{peer} {number}"))) }
        })
    });
    let _served = fend::spawn(served);
    for _ in 0..2 {
        let stream = fend::net::TcpStream::connect(address).await?;
        let here = stream.local_addr()?;
        for number in 0..3 {
            assert_eq!(get(&stream, "/").await?.body, format!("{here} {number}"));
        }
    }
    assert_eq!(made.load(Ordering::Relaxed), 2);
    Ok(())
}

async fn listens_on_a_unix_socket() -> io::Result<()> {
    let place = Place::new();
    let path = place.path().join("socket");
    let server = Server::new(UnixListener::bind(&path).await?);
    let handle = server.handle();
    let served = fend::spawn(server.serve(service_fn(echo)));
    let stream = UnixStream::connect(&path).await?;
    let (mut sender, connection) = http1::handshake(stream).await.map_err(io::Error::other)?;
    let connection = fend::spawn(connection);
    let response = sender.send_request(request("/by/path")).await.map_err(io::Error::other)?;
    // A request by hyper's own client has the whole URI in its first line.
    assert!(text(response).await?.ends_with("/by/path "));
    handle.stop();
    assert!(served.await??.is_clean());
    connection.await?.map_err(io::Error::other)
}

async fn a_client_that_leaves_without_a_word_is_no_failure() -> io::Result<()> {
    let serving = Serving::start(service_fn(echo)).await?;
    let silent = serving.connect().await?;
    silent.shutdown(Shutdown::Write)?;
    until_closed(&silent).await;
    // In the middle of a request it is one, if of everyday life.
    let begins = serving.connect().await?;
    begins.send_all(b"GET / HT").await?;
    begins.shutdown(Shutdown::Write)?;
    until_closed(&begins).await;
    let failure = serving.failure().await;
    let peer = begins.local_addr()?;
    assert!(failure.starts_with(&format!("everyday: {peer}: HTTP: ")), "{failure}");
    assert_eq!(serving.next_failure(), None, "nothing of the other one");
    Ok(())
}

async fn what_is_no_http_is_told() -> io::Result<()> {
    let serving = Serving::start(service_fn(echo)).await?;
    let stream = serving.connect().await?;
    let answer = ask(&stream, "how are you?\r\n\r\n").await?;
    assert!(answer.head.starts_with("HTTP/1.1 400 "), "{answer:?}");
    until_closed(&stream).await;
    let failure = serving.failure().await;
    let peer = stream.local_addr()?;
    assert!(failure.starts_with(&format!("{peer}: HTTP: ")), "{failure}");
    Ok(())
}

async fn settings_of_hyper_are_kept() -> io::Result<()> {
    let server = Server::bind("127.0.0.1:0").await?;
    let server = server.http1(|http1| _ = http1.keep_alive(false)).http2(|http2| {
        http2.max_concurrent_streams(7).timer(Timer);
    });
    let serving = Serving::on(server, service_fn(echo))?;
    let stream = serving.connect().await?;
    let answer = get(&stream, "/").await?;
    assert!(answer.head.contains("connection: close\r\n"), "{answer:?}");
    until_closed(&stream).await;

    let stream = serving.connect().await?;
    stream.send_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await?;
    let (_, _, settings) = frame(&stream).await?;
    // SETTINGS_MAX_CONCURRENT_STREAMS, RFC 9113, section 6.5.2.
    assert!(settings.chunks(6).any(|setting| setting == [0, 3, 0, 0, 0, 7]), "{settings:?}");
    Ok(())
}
