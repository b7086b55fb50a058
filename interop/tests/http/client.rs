//! hyper-util's client, with fend's connector, executor and timers: its pool, and which HTTP it speaks.

use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fend::hyper::{ConnectionInfo, Connector, client, client_builder};
use fend::net::{UnixListener, UnixStream};
use futures::future::try_join_all;
use http_body_util::{BodyExt, Empty};
use hyper::Version;
use hyper::body::Bytes;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::Connect;

use crate::noise::{Noise, check};
use crate::peers::{Server, acceptor, connector, echo};
use crate::pki::pki;
use crate::place::Place;

on_every_dispatcher!(
    http_1_connections_are_used_again,
    idle_connections_end,
    https_is_http_2_where_both_speak_it,
    https_is_http_1_where_the_server_speaks_no_more,
    a_context_of_ones_own_says_what_is_offered,
    large_bodies_through_the_pool,
    a_server_behind_a_unix_socket,
);

type Get<C> = Client<C, Empty<Bytes>>;

/// "0 /path HTTP/1.1": the number of the connection, and what the server was asked for.
async fn get<C: Connect + Clone + Send + Sync + 'static>(
    client: &Get<C>,
    uri: &str,
) -> io::Result<(String, Version)> {
    let response = client.get(uri.parse().expect("a URI")).await.map_err(io::Error::other)?;
    let version = response.version();
    let body = response.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
    Ok((String::from_utf8_lossy(&body).into_owned(), version))
}

fn over_tls(connector: Connector) -> io::Result<Get<Connector>> {
    Ok(client_builder().build(connector.tls_connector(&crate::peers::connector()?)))
}

/// A connection is free again a moment after the last byte of its response: then the next request takes it.
async fn http_1_connections_are_used_again() -> io::Result<()> {
    let server = Server::start(None).await?;
    let client = client::<Empty<Bytes>>();
    let uri = format!("http://{}/again", server.address);
    let mut requests = 0;
    loop {
        let (text, version) = get(&client, &uri).await?;
        assert!(text.ends_with(" /again HTTP/1.1"), "{text}");
        assert_eq!(version, Version::HTTP_11);
        requests += 1;
        if server.connections.load(Ordering::SeqCst) < requests {
            return Ok(());
        }
    }
}

/// Nobody but the pool's timer ends them.
async fn idle_connections_end() -> io::Result<()> {
    fend::time::pause();
    let server = Server::start(None).await?;
    let idle = Duration::from_secs(3600);
    let client: Get<Connector> = client_builder().pool_idle_timeout(idle).build(Connector::new());
    let begin = fend::time::now();
    get(&client, &format!("http://{}/", server.address)).await?;
    while server.ended.load(Ordering::SeqCst) == 0 {
        fend::time::sleep(Duration::from_secs(60)).await;
    }
    let took = fend::time::now() - begin;
    assert!(took >= idle, "{took:?}");
    drop(client);
    Ok(())
}

async fn https_is_http_2_where_both_speak_it() -> io::Result<()> {
    let server = Server::start(Some(acceptor(&pki().localhost, &["h2", "http/1.1"])?)).await?;
    let client = over_tls(Connector::new())?;
    let uri = format!("https://localhost:{}/first", server.address.port());
    let response = client.get(uri.parse().expect("a URI")).await.map_err(io::Error::other)?;
    let info = response.extensions().get::<ConnectionInfo>().expect("the connection's facts");
    assert_eq!(info.peer_addr, server.address);
    assert_eq!(info.tls.as_ref().and_then(|tls| tls.alpn.as_deref()), Some(b"h2".as_slice()));
    drop(response);
    // All of them in streams of the one connection.
    let many = (0..50).map(|number| {
        let (client, uri) = (client.clone(), format!("https://localhost:{}/{number}", server.address.port()));
        async move {
            let (text, version) = get(&client, &uri).await?;
            assert_eq!((text, version), (format!("0 /{number} HTTP/2.0"), Version::HTTP_2));
            io::Result::Ok(())
        }
    });
    try_join_all(many).await?;
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
    Ok(())
}

async fn https_is_http_1_where_the_server_speaks_no_more() -> io::Result<()> {
    for protocols in [&["http/1.1"][..], &[]] {
        let server = Server::start(Some(acceptor(&pki().localhost, protocols)?)).await?;
        let client = over_tls(Connector::new())?;
        let uri = format!("https://localhost:{}/old", server.address.port());
        assert_eq!(get(&client, &uri).await?, (String::from("0 /old HTTP/1.1"), Version::HTTP_11));
    }
    Ok(())
}

async fn a_context_of_ones_own_says_what_is_offered() -> io::Result<()> {
    let server = Server::start(Some(acceptor(&pki().localhost, &["h2", "http/1.1"])?)).await?;
    let old = crate::peers::trusting().alpn(["http/1.1"]).build()?;
    let connector = Connector::new().tls_connector(&fend::tls::TlsConnector::with_context(old)?);
    let client: Get<Connector> = client_builder().build(connector);
    let uri = format!("https://127.0.0.1:{}/old", server.address.port());
    assert_eq!(get(&client, &uri).await?.1, Version::HTTP_11);
    Ok(())
}

async fn large_bodies_through_the_pool() -> io::Result<()> {
    const LEN: usize = 2 << 20;
    let (listener, acceptor) = (
        fend::net::TcpListener::bind("127.0.0.1:0").await?,
        acceptor(&pki().localhost, &["h2", "http/1.1"])?,
    );
    let port = listener.local_addr()?.port();
    fend::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let handshake = acceptor.handshake(stream);
            fend::spawn(async move {
                let stream = handshake.await.map_err(io::Error::other)?;
                let builder = hyper_util::server::conn::auto::Builder::new(fend::hyper::Executor);
                builder.serve_connection(stream, service_fn(echo)).await.map_err(io::Error::other)
            });
        }
    });
    let client: Client<_, Noise> = client_builder().build(Connector::new().tls_connector(&connector()?));
    let echoes = (0..4).map(|_| {
        let request = hyper::Request::post(format!("https://localhost:{port}/"));
        let response = client.request(request.body(Noise::unsized_of(LEN)).expect("a request"));
        async move {
            let response = response.await.map_err(io::Error::other)?;
            assert_eq!(check(response.into_body()).await?.0, LEN);
            io::Result::Ok(())
        }
    });
    try_join_all(echoes).await?;
    Ok(())
}

async fn a_server_behind_a_unix_socket() -> io::Result<()> {
    let place = Place::new();
    let path = place.path().join("socket");
    let listener = UnixListener::bind(&path).await?;
    fend::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            fend::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(stream, service_fn(echo)),
            );
        }
    });
    let connector = tower::service_fn(move |_: hyper::Uri| Box::pin(UnixStream::connect(path.clone())));
    let client: Client<_, Noise> = client_builder().build(connector);
    let request = hyper::Request::post("http://localhost/").body(Noise::sized(100_000)).expect("a request");
    let response = client.request(request).await.map_err(io::Error::other)?;
    assert_eq!(check(response.into_body()).await?.0, 100_000);
    Ok(())
}
