//! hyper-util's own server, `server::conn::auto`, and its `GracefulShutdown`, on fend's listener, executor and timer.

use std::io;
use std::net::SocketAddr;

use fend::hyper::{Executor, Timer};
use fend::net::{TcpListener, TcpStream};
use fend::task::JoinHandle;
use fend::tls::TlsAcceptor;
use hyper::service::service_fn;
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;

use crate::serving::{
    Gate, acceptor_with, connector, echo, get, http2_over, receive, request, text, until_closed,
};

on_every_dispatcher!(
    the_auto_server_speaks_both,
    the_auto_server_over_tls,
    graceful_shutdown_waits_for_what_is_under_way,
);

fn builder() -> Builder<Executor> {
    let mut builder = Builder::new(Executor);
    builder.http1().timer(Timer);
    builder.http2().timer(Timer);
    builder
}

/// Serves the connections of a listener, as hyper-util's documentation has it.
async fn serve(acceptor: Option<TlsAcceptor>) -> io::Result<(SocketAddr, JoinHandle<io::Result<()>>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let served = fend::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await?;
            let acceptor = acceptor.clone();
            fend::spawn(async move {
                let builder = builder();
                match acceptor {
                    None => builder.serve_connection_with_upgrades(stream, service_fn(echo)).await,
                    Some(acceptor) => {
                        let stream = acceptor.handshake(stream).await?;
                        builder.serve_connection_with_upgrades(stream, service_fn(echo)).await
                    }
                }
            });
        }
    });
    Ok((address, served))
}

async fn the_auto_server_speaks_both() -> io::Result<()> {
    let (address, served) = serve(None).await?;
    let stream = TcpStream::connect(address).await?;
    assert_eq!(get(&stream, "/one").await?.body, "HTTP/1.1 /one ");
    let (mut sender, connection) = http2_over(TcpStream::connect(address).await?).await?;
    for path in ["/two", "/three"] {
        let response = sender.send_request(request(path)).await.map_err(io::Error::other)?;
        assert_eq!(text(response).await?, format!("HTTP/2.0 {path} "));
    }
    drop(sender);
    connection.await?.map_err(io::Error::other)?;
    served.abort();
    Ok(())
}

async fn the_auto_server_over_tls() -> io::Result<()> {
    let (address, served) = serve(Some(acceptor_with(|context| context.alpn(["h2", "http/1.1"])))).await?;
    let stream = connector(&["h2"]).handshake("localhost", TcpStream::connect(address).await?).await?;
    let (mut sender, connection) = http2_over(stream).await?;
    let response = sender.send_request(request("/")).await.map_err(io::Error::other)?;
    assert_eq!(text(response).await?, "HTTP/2.0 / ");
    drop(sender);
    connection.await?.map_err(io::Error::other)?;
    served.abort();
    Ok(())
}

async fn graceful_shutdown_waits_for_what_is_under_way() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let graceful = GracefulShutdown::new();
    let gate = Gate::default();
    let mut streams = Vec::new();
    for _ in 0..2 {
        streams.push(TcpStream::connect(listener.local_addr()?).await?);
        let (stream, _) = listener.accept().await?;
        let inside = gate.clone();
        let service = service_fn(move |request| inside.clone().pass(request));
        let builder = builder();
        let connection = builder.serve_connection_with_upgrades(stream, service).into_owned();
        fend::spawn(graceful.watch(connection));
    }
    let [busy, idle] = [&streams[0], &streams[1]];
    busy.send_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
    gate.entered.cancelled().await;
    let ended = fend::spawn(graceful.shutdown());
    until_closed(idle).await;
    assert!(!ended.is_finished());
    gate.open.cancel();
    let answer = receive(busy).await?;
    assert_eq!(answer.body, "passed");
    until_closed(busy).await;
    ended.await?;
    Ok(())
}
