//! HTTP/2's pings, which find out that a peer is gone though its connection is not: by a [`Timer`], at the client and at the server.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use fend::hyper::{Executor, Timer};
use fend::net::TcpStream;
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http2;
use hyper::server::conn;
use hyper::service::service_fn;
use hyper::{Request, Response};

use crate::peers::tcp;

on_every_dispatcher!(
    a_server_that_does_not_answer_pings_is_dead,
    a_client_that_does_not_answer_pings_is_dead,
    a_peer_that_answers_pings_lives_on,
);

const INTERVAL: Duration = Duration::from_secs(3600);
const TIMEOUT: Duration = Duration::from_secs(60);

fn request() -> Request<Empty<Bytes>> {
    Request::get("http://localhost/").body(Empty::new()).expect("a request")
}

async fn client(
    stream: TcpStream,
) -> hyper::Result<(http2::SendRequest<Empty<Bytes>>, http2::Connection<TcpStream, Empty<Bytes>, Executor>)> {
    let mut builder = http2::Builder::new(Executor);
    builder
        .timer(Timer)
        .keep_alive_interval(INTERVAL)
        .keep_alive_timeout(TIMEOUT)
        .keep_alive_while_idle(true);
    builder.handshake(stream).await
}

async fn answer(_: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
    Ok(Response::new(Empty::new()))
}

/// The connection is there, and its bytes are taken. With a clock that stands still, since what comes next can only be a matter of time.
async fn a_server_that_does_not_answer_pings_is_dead() -> io::Result<()> {
    fend::time::pause();
    let (near, far) = tcp().await?;
    let begin = fend::time::now();
    let (mut sender, connection) = client(near).await.map_err(io::Error::other)?;
    let connection = fend::spawn(connection);
    let response = fend::spawn(async move { sender.send_request(request()).await });
    let error = connection.await?.expect_err("the peer is dead");
    assert!(error.is_timeout(), "{error:?}");
    response.await?.expect_err("no response came");
    let took = fend::time::now() - begin;
    assert!(took >= INTERVAL + TIMEOUT && took < 2 * INTERVAL, "{took:?}");
    drop(far);
    Ok(())
}

async fn a_client_that_does_not_answer_pings_is_dead() -> io::Result<()> {
    fend::time::pause();
    let (near, far) = tcp().await?;
    let begin = fend::time::now();
    let mut builder = conn::http2::Builder::new(Executor);
    builder.timer(Timer).keep_alive_interval(INTERVAL).keep_alive_timeout(TIMEOUT);
    let server = fend::spawn(builder.serve_connection(far, service_fn(answer)));
    // RFC 9113, section 3.4: the preface, and settings that set nothing.
    near.send_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00").await?;
    let error = server.await?.expect_err("the peer is dead");
    assert!(error.is_timeout(), "{error:?}");
    let took = fend::time::now() - begin;
    assert!(took >= INTERVAL + TIMEOUT && took < 2 * INTERVAL, "{took:?}");
    Ok(())
}

/// A day of pings, of which each is answered in time.
async fn a_peer_that_answers_pings_lives_on() -> io::Result<()> {
    fend::time::pause();
    let (near, far) = tcp().await?;
    let watched = far.clone();
    let server = conn::http2::Builder::new(Executor);
    fend::spawn(server.serve_connection(far, service_fn(answer)));
    let (mut sender, connection) = client(near).await.map_err(io::Error::other)?;
    fend::spawn(connection);
    sender.send_request(request()).await.map_err(io::Error::other)?;
    let received = || io::Result::Ok(watched.tcp_info()?.bytes_received.expect("Linux 4.1"));
    let before = received()?;
    fend::time::sleep(24 * INTERVAL).await;
    // A frame of 8 bytes and its header.
    let pings = (received()? - before) / 17;
    assert!(pings >= 20, "{pings} pings");
    sender.send_request(request()).await.map_err(io::Error::other)?;
    Ok(())
}
