//! reqwest, `axum::serve`, tower's timeout and tonic's own transport, in tasks of fend.

use std::convert::Infallible;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::{StatusCode, Version};
use axum::routing::{get, post};
use fend::io::TokioIo;
use futures::{StreamExt, stream};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo as HyperIo;
use tower::{Service, ServiceBuilder, ServiceExt};

use crate::program::{Server, is_installed};

const LARGE: usize = 3 << 20;

fn app() -> Router {
    Router::new()
        .route("/hello/{name}", get(|Path(name): Path<String>| async move { format!("hello {name}") }))
        .route("/echo", post(|body: Bytes| async move { body }))
        .route("/large", get(|| async { Body::from_stream(stream::iter(chunks().map(Ok::<_, Infallible>))) }))
        .route("/slow", get(|| async { tokio::time::sleep(Duration::from_millis(5)).await }))
}

fn chunks() -> impl Iterator<Item = Bytes> {
    (0..LARGE / 4096).map(|n| Bytes::from(vec![n as u8; 4096]))
}

/// A server that runs until it is told to end, and then ends what it has begun.
struct Running {
    address: SocketAddr,
    end: tokio::sync::oneshot::Sender<()>,
    task: fend::task::JoinHandle<io::Result<()>>,
}

impl Running {
    async fn start() -> io::Result<Running> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (end, ended) = tokio::sync::oneshot::channel();
        let task = fend::spawn(async move {
            let told = async { drop(ended.await) };
            axum::serve(listener, app()).with_graceful_shutdown(told).await
        });
        Ok(Running { address, end, task })
    }

    async fn end(self) -> io::Result<()> {
        self.end.send(()).expect("it runs");
        self.task.await?
    }
}

/// Requests of every kind by one client.
async fn ask(client: &reqwest::Client, address: SocketAddr, version: Version) -> reqwest::Result<()> {
    let url = |path: &str| format!("http://{address}/{path}");
    let response = client.get(url("hello/fend")).send().await?;
    assert_eq!(response.version(), version);
    assert_eq!(response.text().await?, "hello fend");
    let posted = client.post(url("echo")).body(vec![b'x'; 100_000]).send().await?.bytes().await?;
    assert!(posted == vec![b'x'; 100_000]);
    let sent = stream::iter((0..10).map(|n| io::Result::Ok(Bytes::from(vec![n; 10_000]))));
    let posted =
        client.post(url("echo")).body(reqwest::Body::wrap_stream(sent)).send().await?.bytes().await?;
    assert_eq!(posted.len(), 100_000);
    let mut stream = client.get(url("large")).send().await?.bytes_stream();
    let mut received = Vec::new();
    while let Some(chunk) = stream.next().await {
        received.extend_from_slice(&chunk?);
    }
    assert!(received == chunks().flatten().collect::<Vec<_>>());
    Ok(())
}

async fn reqwest_asks_axum_by_http_1_and_2() -> io::Result<()> {
    let server = Running::start().await?;
    let h1 = reqwest::Client::builder().no_proxy().build().expect("a client");
    let h2 = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().expect("a client");
    ask(&h1, server.address, Version::HTTP_11).await.expect("HTTP/1.1");
    ask(&h2, server.address, Version::HTTP_2).await.expect("HTTP/2");
    // Many at once, from several workers.
    let many = (0..32).map(|n| {
        let (client, url) = (h2.clone(), format!("http://{}/hello/{n}", server.address));
        fend::spawn(async move { client.get(url).send().await?.text().await })
    });
    for (n, task) in many.collect::<Vec<_>>().into_iter().enumerate() {
        assert_eq!(task.await?.expect("an answer"), format!("hello {n}"));
    }
    drop((h1, h2));
    server.end().await
}

/// Its own deadline is a timer of tokio's.
async fn reqwest_gives_up_in_time() -> io::Result<()> {
    let silent = fend::net::TcpListener::bind("127.0.0.1:0").await?;
    let client =
        reqwest::Client::builder().no_proxy().timeout(Duration::from_millis(20)).build().expect("a client");
    let error = client.get(format!("http://{}/", silent.local_addr()?)).send().await.expect_err("silence");
    assert!(error.is_timeout(), "{error:?}");
    Ok(())
}

async fn reqwest_asks_nginx_by_http_1_and_2() -> io::Result<()> {
    if !is_installed("nginx") {
        return Ok(());
    }
    for (http2, version) in [("", Version::HTTP_11), ("http2", Version::HTTP_2)] {
        let nginx = Server::start(|address, place| {
            fs::write(place.join("large"), chunks().flatten().collect::<Vec<_>>())?;
            fs::write(place.join("nginx.conf"), configuration(address, http2))?;
            let mut command = Command::new("nginx");
            command.args(["-e", "stderr", "-c", "nginx.conf", "-p"]).arg(place);
            command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
            Ok(command)
        })
        .await?;
        let mut builder = reqwest::Client::builder().no_proxy();
        if version == Version::HTTP_2 {
            builder = builder.http2_prior_knowledge();
        }
        let client = builder.build().expect("a client");
        let response = client.get(format!("http://{}/large", nginx.address)).send().await.expect("an answer");
        assert_eq!((response.version(), response.status()), (version, StatusCode::OK));
        let body = response.bytes().await.expect("a page");
        assert!(body == chunks().flatten().collect::<Vec<_>>());
        let response = client.get(format!("http://{}/none", nginx.address)).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
    }
    Ok(())
}

fn configuration(address: SocketAddr, http2: &str) -> String {
    format!(
        "daemon off; master_process off; pid nginx.pid; error_log stderr crit;
        events {{ worker_connections 64; }}
        http {{
            access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
            uwsgi_temp_path uwsgi; scgi_temp_path scgi;
            server {{ listen {address} {http2}; root .; }}
        }}"
    )
}

async fn curl_and_hyper_on_fends_sockets_ask_axum() -> io::Result<()> {
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

async fn axum_serves_on_a_listener_of_fends() -> io::Result<()> {
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
async fn hyper_on_tokios_sockets() -> io::Result<()> {
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

async fn towers_timeout() -> io::Result<()> {
    let service = tower::service_fn(|slow: bool| async move {
        if slow {
            std::future::pending::<()>().await;
        }
        Ok::<_, Infallible>("done")
    });
    let mut in_time = ServiceBuilder::new().timeout(Duration::from_secs(3600)).service(service);
    assert_eq!(in_time.ready().await.expect("ready").call(false).await.expect("in time"), "done");
    let mut late = ServiceBuilder::new().timeout(Duration::from_millis(5)).service(service);
    let error = late.ready().await.expect("ready").call(true).await.expect_err("late");
    assert!(error.is::<tower::timeout::error::Elapsed>(), "{error}");
    Ok(())
}

on_every_dispatcher!(
    reqwest_asks_axum_by_http_1_and_2,
    reqwest_gives_up_in_time,
    reqwest_asks_nginx_by_http_1_and_2,
    curl_and_hyper_on_fends_sockets_ask_axum,
    axum_serves_on_a_listener_of_fends,
    hyper_on_tokios_sockets,
    towers_timeout,
);
