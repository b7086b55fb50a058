//! `axum::serve`, asked by curl, by hyper on fend's sockets, and by hyper on tokio's.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::Version;
use fend::io::TokioIo;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo as HyperIo;

use crate::app::{Running, app, ask, chunks};
use crate::program::is_installed;

async fn curl_and_hyper_on_fends_sockets_ask() -> io::Result<()> {
    let server = Running::start().await?;
    let url = format!("http://{}", server.address);
    if is_installed("curl") {
        let asked =
            [("--http1.1", "hello/curl"), ("--http2-prior-knowledge", "hello/curl"), ("--http1.1", "slow")];
        for (version, path) in asked {
            let mut curl = fend::process::Command::new("curl");
            curl.args(["--silent", "--fail", "--noproxy", "*", version]).arg(format!("{url}/{path}"));
            let output = curl.output().await?;
            assert!(output.status.success(), "{version} {path}: {output:?}");
            assert_eq!(
                String::from_utf8_lossy(&output.stdout),
                if path == "slow" { "" } else { "hello curl" }
            );
        }
    }
    let stream = fend::net::TcpStream::connect(server.address).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(stream).await.map_err(io::Error::other)?;
    let connection = fend::spawn(connection);
    let request = hyper::Request::get("/large").header("host", "localhost").body(Empty::<Bytes>::new());
    let response = sender.send_request(request.expect("a request")).await.map_err(io::Error::other)?;
    let body = response.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
    assert!(body == chunks().flatten().collect::<Vec<_>>());
    drop(sender);
    connection.await?.map_err(io::Error::other)?;
    server.end().await
}

/// A listener of fend's for `axum::serve`, which needs the context for the tasks that it spawns.
struct FendListener(fend::net::TcpListener);

impl axum::serve::Listener for FendListener {
    type Io = TokioIo<fend::net::TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            match self.0.accept().await {
                Ok((stream, peer)) => return (TokioIo::new(stream), peer),
                Err(_) => fend::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

async fn it_serves_on_a_listener_of_fends() -> io::Result<()> {
    let listener = FendListener(fend::net::TcpListener::bind("127.0.0.1:0").await?);
    let address = listener.0.local_addr()?;
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let server = fend::spawn(async move {
        axum::serve(listener, app()).with_graceful_shutdown(async { drop(ended.await) }).await
    });
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    ask(&client, address, Version::HTTP_11).await.expect("HTTP/1.1");
    drop(client);
    end.send(()).expect("it runs");
    server.await?
}

/// hyper's own examples for tokio, unchanged: its sockets, hyper-util's adapter and executor.
async fn hyper_on_tokios_sockets_asks() -> io::Result<()> {
    let server = Running::start().await?;
    let stream = HyperIo::new(tokio::net::TcpStream::connect(server.address).await?);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(executor, stream).await.map_err(io::Error::other)?;
    let connection = tokio::spawn(connection);
    let request = hyper::Request::get("http://localhost/hello/hyper").body(Empty::<Bytes>::new());
    let response = sender.send_request(request.expect("a request")).await.map_err(io::Error::other)?;
    let body = response.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
    assert_eq!(&body[..], b"hello hyper");
    drop(sender);
    connection.await?.map_err(io::Error::other)?;
    server.end().await
}

on_every_dispatcher!(
    curl_and_hyper_on_fends_sockets_ask,
    it_serves_on_a_listener_of_fends,
    hyper_on_tokios_sockets_asks,
);
