//! [`fend::hyper::Server`] under nghttp2's load generator: 10000 requests over 20 connections, 10 at once on each.

use std::io;

use axum::Router;
use axum::routing::get;
use fend::hyper::Server;

use crate::installed::run_client;
use crate::serving::{LONG, acceptor};

on_every_dispatcher!(http2_in_plain_text, http2_over_tls, http1);

/// Whether all of them were answered with 200. True where h2load is not installed.
async fn holds(server: Server, scheme: &str, further: &[&str]) -> io::Result<()> {
    let (address, handle) = (server.local_addr()?, server.handle());
    let served =
        fend::spawn(server.serve_tower(Router::new().route("/", get(async || "Hello from fend!\n"))));
    let url = format!("{scheme}://{address}/");
    let arguments = [&["-n", "10000", "-c", "20", "-m", "10"], further, &[&url]].concat();
    if let Some((status, said)) = run_client("h2load", &arguments).await? {
        assert!(status.success(), "{said}");
        assert!(said.contains("10000 succeeded, 0 failed, 0 errored, 0 timeout"), "{said}");
        assert!(said.contains("status codes: 10000 2xx"), "{said}");
        assert_eq!(handle.metrics().accepted, 20);
    }
    let report = handle.drain(LONG).await;
    assert!(report.is_clean(), "{report:?}");
    served.await??;
    Ok(())
}

async fn http2_in_plain_text() -> io::Result<()> {
    holds(Server::bind("127.0.0.1:0").await?, "http", &[]).await
}

async fn http2_over_tls() -> io::Result<()> {
    holds(Server::bind("127.0.0.1:0").await?.tls(acceptor()), "https", &[]).await
}

/// Pipelined.
async fn http1() -> io::Result<()> {
    holds(Server::bind("127.0.0.1:0").await?, "http", &["--h1"]).await
}
