//! Connections that go on as something else: by HTTP/1's upgrade, and by HTTP/2's extended CONNECT.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use fend::hyper::{Server, Timer};
use fend::net::TcpStream;
use http_body_util::{Empty, Full};
use hyper::body::Incoming;
use hyper::ext::Protocol;
use hyper::rt::{Read, ReadBuf, Write};
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper::{Request, Response, StatusCode};

use crate::serving::{LONG, Serving, ask, http2_over, until_closed};

on_every_dispatcher!(
    an_upgraded_connection_echoes_and_a_drain_waits_for_it,
    an_upgraded_connection_counts_until_it_is_dropped,
    an_upgraded_connection_is_aborted_at_the_deadline,
    an_extended_connect_echoes,
);

/// Upgrades, and echoes from then on.
async fn upgrade(mut request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
    let is_connect = request.extensions().get::<Protocol>().is_some();
    let upgrade = hyper::upgrade::on(&mut request);
    fend::spawn(async move {
        if let Ok(upgraded) = upgrade.await {
            let _ = echo_all(upgraded).await;
        }
    });
    let response = Response::builder();
    let response = match is_connect {
        true => response.status(StatusCode::OK),
        false => {
            let response = response.status(StatusCode::SWITCHING_PROTOCOLS);
            response.header("connection", "upgrade").header("upgrade", "echo")
        }
    };
    Ok(response.body(Empty::new()).expect("a response"))
}

async fn receive(stream: &mut Upgraded, buf: &mut [u8]) -> io::Result<usize> {
    let mut buf = ReadBuf::new(buf);
    std::future::poll_fn(|cx| Read::poll_read(std::pin::Pin::new(&mut *stream), cx, buf.unfilled())).await?;
    Ok(buf.filled().len())
}

async fn send(stream: &mut Upgraded, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let write = std::future::poll_fn(|cx| Write::poll_write(std::pin::Pin::new(&mut *stream), cx, bytes));
        bytes = &bytes[write.await?..];
    }
    std::future::poll_fn(|cx| Write::poll_flush(std::pin::Pin::new(&mut *stream), cx)).await
}

async fn echo_all(mut stream: Upgraded) -> io::Result<()> {
    let mut buf = [0; 1024];
    loop {
        match receive(&mut stream, &mut buf).await? {
            0 => return Ok(()),
            count => send(&mut stream, &buf[..count]).await?,
        }
    }
}

async fn upgraded(serving: &Serving) -> io::Result<TcpStream> {
    let stream = serving.connect().await?;
    let head = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
    // With the first bytes of what comes then.
    let answer = ask(&stream, &format!("{head}early")).await?;
    assert!(answer.head.starts_with("HTTP/1.1 101 "), "{answer:?}");
    assert_echoed(&stream, "early").await?;
    Ok(stream)
}

async fn assert_echoed(stream: &TcpStream, sent: &str) -> io::Result<()> {
    let mut back = vec![0; sent.len()];
    stream.recv_exact(&mut back).await?;
    assert_eq!(back, sent.as_bytes());
    Ok(())
}

async fn an_upgraded_connection_echoes_and_a_drain_waits_for_it() -> io::Result<()> {
    let serving = Serving::start(service_fn(upgrade)).await?;
    let stream = upgraded(&serving).await?;
    let handle = serving.handle.clone();
    let draining = fend::spawn(async move { handle.drain(LONG).await });
    while !serving.handle.metrics().draining {
        fend::yield_now().await;
    }
    for word in ["still", "here"] {
        stream.send_all(word.as_bytes()).await?;
        assert_echoed(&stream, word).await?;
    }
    assert!(!draining.is_finished());
    drop(stream);
    let report = draining.await?;
    assert!(report.is_clean() && report.finished == 1, "{report:?}");
    Ok(())
}

async fn an_upgraded_connection_counts_until_it_is_dropped() -> io::Result<()> {
    let server = Server::bind("127.0.0.1:0").await?.max_connections(1);
    let serving = Serving::on(server, service_fn(upgrade))?;
    let stream = upgraded(&serving).await?;
    assert_eq!(serving.handle.metrics().active, 1);
    drop(stream);
    // The place is free again.
    upgraded(&serving).await?;
    assert_eq!(serving.handle.metrics().accepted, 2);
    Ok(())
}

async fn an_upgraded_connection_is_aborted_at_the_deadline() -> io::Result<()> {
    let serving = Serving::start(service_fn(upgrade)).await?;
    let stream = upgraded(&serving).await?;
    let report = serving.handle.drain(Duration::from_millis(50)).await;
    assert_eq!((report.finished, report.aborted, report.stuck), (0, 1, 0));
    until_closed(&stream).await;
    Ok(())
}

/// RFC 8441, as WebSockets over HTTP/2 begin.
async fn an_extended_connect_echoes() -> io::Result<()> {
    let server = Server::bind("127.0.0.1:0").await?;
    let server = server.http2(|http2| _ = http2.enable_connect_protocol().timer(Timer));
    let serving = Serving::on(server, service_fn(upgrade))?;
    let (mut sender, connection) = http2_over(serving.connect().await?).await?;
    let request = Request::connect("http://localhost/").extension(Protocol::from_static("echo"));
    let request = request.body(Full::<Bytes>::default()).expect("a request");
    let response = loop {
        // The server's settings, which permit it, may not have come yet.
        match sender.send_request(request.clone()).await {
            Ok(response) => break response,
            Err(error) if error.is_user() => fend::yield_now().await,
            Err(error) => return Err(io::Error::other(error)),
        }
    };
    assert_eq!(response.status(), StatusCode::OK);
    let mut stream = hyper::upgrade::on(response).await.map_err(io::Error::other)?;
    send(&mut stream, b"hello").await?;
    let (mut back, mut buf) = (Vec::new(), [0; 16]);
    while back.len() < 5 {
        let count = receive(&mut stream, &mut buf).await?;
        back.extend_from_slice(&buf[..count]);
    }
    assert_eq!(back, b"hello");
    drop((stream, sender));
    connection.await?.map_err(io::Error::other)?;
    assert!(serving.end().await?.is_clean());
    Ok(())
}
