//! A router of axum's, served by `axum::serve`, and what a client asks it.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::Version;
use axum::routing::{get, post};
use futures::{StreamExt, stream};

const LARGE: usize = 3 << 20;

pub(crate) fn app() -> Router {
    Router::new()
        .route("/hello/{name}", get(|Path(name): Path<String>| async move { format!("hello {name}") }))
        .route("/echo", post(|body: Bytes| async move { body }))
        .route("/large", get(|| async { Body::from_stream(stream::iter(chunks().map(Ok::<_, Infallible>))) }))
        .route("/slow", get(|| async { tokio::time::sleep(Duration::from_millis(5)).await }))
}

pub(crate) fn chunks() -> impl Iterator<Item = Bytes> {
    (0..LARGE / 4096).map(|n| Bytes::from(vec![n as u8; 4096]))
}

/// A server that runs until it is told to end, and then ends what it has begun.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    end: tokio::sync::oneshot::Sender<()>,
    task: fend::task::JoinHandle<io::Result<()>>,
}

impl Running {
    pub(crate) async fn start() -> io::Result<Running> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (end, ended) = tokio::sync::oneshot::channel();
        let task = fend::spawn(async move {
            let told = async { drop(ended.await) };
            axum::serve(listener, app()).with_graceful_shutdown(told).await
        });
        Ok(Running { address, end, task })
    }

    pub(crate) async fn end(self) -> io::Result<()> {
        self.end.send(()).expect("it runs");
        self.task.await?
    }
}

/// Requests of every kind by one client.
pub(crate) async fn ask(
    client: &reqwest::Client,
    address: SocketAddr,
    version: Version,
) -> reqwest::Result<()> {
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
