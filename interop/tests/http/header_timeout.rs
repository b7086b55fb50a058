//! A client that does not send its headers is closed by hyper's own limit, which [`Timer`] counts.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use fend::hyper::Timer;
use fend::net::TcpStream;
use fend::task::JoinHandle;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};

use crate::peers::tcp;

on_every_dispatcher!(
    a_silent_client_is_closed,
    half_a_header_is_not_enough,
    a_header_in_time_is_answered,
    the_limit_goes_by_the_runtimes_clock,
);

/// A client's stream, and the server that serves it.
async fn served(limit: Duration) -> io::Result<(TcpStream, JoinHandle<hyper::Result<()>>)> {
    let (near, far) = tcp().await?;
    let service = service_fn(|_: Request<Incoming>| async {
        Ok::<_, Infallible>(Response::new(String::from("an answer")))
    });
    let mut builder = http1::Builder::new();
    builder.timer(Timer).header_read_timeout(limit);
    Ok((near, fend::spawn(builder.serve_connection(far, service))))
}

/// Waits for the end, which the server alone can bring about.
async fn assert_closed(client: &TcpStream, server: JoinHandle<hyper::Result<()>>) -> io::Result<()> {
    let error = server.await?.expect_err("no request came");
    assert!(error.is_timeout(), "{error:?}");
    // Bytes that come when it has just looked for the last time make the end a reset.
    let mut buf = [0; 1000];
    while let Ok(1..) = client.recv(&mut buf).await {}
    Ok(())
}

async fn a_silent_client_is_closed() -> io::Result<()> {
    let (client, server) = served(Duration::from_millis(30)).await?;
    assert_closed(&client, server).await
}

async fn half_a_header_is_not_enough() -> io::Result<()> {
    let (client, server) = served(Duration::from_millis(30)).await?;
    client.send_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ").await?;
    assert_closed(&client, server).await
}

async fn a_header_in_time_is_answered() -> io::Result<()> {
    let (client, server) = served(Duration::from_secs(3600)).await?;
    client.send_all(b"GET / HTTP/1.1\r\nHost: local").await?;
    client.send_all(b"host\r\nConnection: close\r\n\r\n").await?;
    let (mut answer, mut buf) = (Vec::new(), [0; 1000]);
    loop {
        match client.recv(&mut buf).await? {
            0 => break,
            count => answer.extend(&buf[..count]),
        }
    }
    server.await?.map_err(io::Error::other)?;
    assert!(answer.ends_with(b"\r\n\r\nan answer"));
    Ok(())
}

/// So that a test of an hour takes no time: nothing but the limit can happen here.
async fn the_limit_goes_by_the_runtimes_clock() -> io::Result<()> {
    fend::time::pause();
    let (limit, begin) = (Duration::from_secs(3600), fend::time::now());
    let (client, server) = served(limit).await?;
    assert_closed(&client, server).await?;
    let took = fend::time::now() - begin;
    assert!(took >= limit && took < 2 * limit, "{took:?}");
    Ok(())
}
