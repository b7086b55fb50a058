//! Connections that stop being HTTP: bytes both ways through [`FuturesIo`], at the client and at the server.

use std::io;

use fend::hyper::{Executor, FuturesIo, Timer};
use futures::future::try_join;
use futures_lite::io::{AsyncReadExt, AsyncWriteExt, split};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, HOST, UPGRADE};
use hyper::rt::{Read, Write};
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper::{Method, Request, Response, StatusCode};

use crate::noise::Check;
use crate::peers::{tcp, tls};

on_every_dispatcher!(
    an_upgrade_over_tcp,
    an_upgrade_over_tls,
    a_tunnel_by_connect,
    a_tunnel_in_a_stream_of_http_2,
    the_stream_comes_back_out_of_it,
);

const LARGE: usize = 3 << 20;

/// Sends back what comes, to its end, and ends too.
async fn echo(upgraded: Upgraded) -> io::Result<()> {
    let (reader, mut writer) = split(FuturesIo::new(upgraded));
    futures_lite::io::copy(reader, &mut writer).await?;
    writer.close().await
}

async fn server(request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, hyper::http::Error> {
    let response = match request.method() {
        &Method::CONNECT => Response::builder(),
        _ => {
            let switching = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
            switching.header(CONNECTION, "upgrade").header(UPGRADE, "echo")
        }
    };
    fend::spawn(async { echo(hyper::upgrade::on(request).await.map_err(io::Error::other)?).await });
    response.body(Empty::new())
}

fn upgrade() -> Request<Empty<Bytes>> {
    let request = Request::get("/").header(HOST, "localhost").header(CONNECTION, "upgrade");
    request.header(UPGRADE, "echo").body(Empty::new()).expect("a request")
}

fn connect() -> Request<Empty<Bytes>> {
    Request::connect("echo.example:7").header(HOST, "echo.example:7").body(Empty::new()).expect("a request")
}

/// The client's end, after the server has agreed.
async fn upgraded<S>(near: S, far: S, request: Request<Empty<Bytes>>) -> io::Result<Upgraded>
where
    S: Read + Write + Unpin + Send + 'static,
{
    let mut builder = hyper::server::conn::http1::Builder::new();
    fend::spawn(builder.timer(Timer).serve_connection(far, service_fn(server)).with_upgrades());
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(near).await.map_err(io::Error::other)?;
    fend::spawn(connection.with_upgrades());
    let response = sender.send_request(request).await.map_err(io::Error::other)?;
    hyper::upgrade::on(response).await.map_err(io::Error::other)
}

/// A large echo: one half sends, the other receives meanwhile. Then the end, from either side.
async fn goes_both_ways(upgraded: Upgraded) -> io::Result<()> {
    let (mut reader, mut writer) = split(FuturesIo::new(upgraded));
    let sending = async {
        let mut body = futures_lite::io::BufReader::with_capacity(10_000, crate::noise::reader(LARGE));
        futures_lite::io::copy(&mut body, &mut writer).await?;
        writer.close().await
    };
    let receiving = async {
        let (mut check, mut buf) = (Check::default(), vec![0; 70_000]);
        loop {
            match reader.read(&mut buf).await? {
                0 => return Ok(check.0),
                count => check.add(&buf[..count]),
            }
        }
    };
    assert_eq!(try_join(sending, receiving).await?.1, LARGE);
    Ok(())
}

async fn an_upgrade_over_tcp() -> io::Result<()> {
    let (near, far) = tcp().await?;
    goes_both_ways(upgraded(near, far, upgrade()).await?).await
}

async fn an_upgrade_over_tls() -> io::Result<()> {
    let (near, far) = tls("http/1.1").await?;
    goes_both_ways(upgraded(near, far, upgrade()).await?).await
}

async fn a_tunnel_by_connect() -> io::Result<()> {
    let (near, far) = tcp().await?;
    goes_both_ways(upgraded(near, far, connect()).await?).await
}

/// RFC 9113, section 8.5.
async fn a_tunnel_in_a_stream_of_http_2() -> io::Result<()> {
    let (near, far) = tls("h2").await?;
    let mut builder = hyper::server::conn::http2::Builder::new(Executor);
    fend::spawn(builder.timer(Timer).serve_connection(far, service_fn(server)));
    let handshake = hyper::client::conn::http2::handshake(Executor, near);
    let (mut sender, connection) = handshake.await.map_err(io::Error::other)?;
    fend::spawn(connection);
    let response = sender.send_request(connect()).await.map_err(io::Error::other)?;
    goes_both_ways(hyper::upgrade::on(response).await.map_err(io::Error::other)?).await
}

async fn the_stream_comes_back_out_of_it() -> io::Result<()> {
    let (near, far) = tcp().await?;
    let address = near.local_addr()?;
    let upgraded = upgraded(near, far, upgrade()).await?;
    let parts = upgraded.downcast::<fend::net::TcpStream>().expect("what went in");
    assert_eq!(parts.io.local_addr()?, address);
    parts.io.send_all(b"hello").await?;
    let mut answer = [0; 5];
    parts.io.recv_exact(&mut answer).await?;
    assert_eq!(&answer, b"hello");
    Ok(())
}
