//! [`fend::hyper::Server`] over TLS: which HTTP is agreed on, and what is known of a client.

use std::convert::Infallible;
use std::io;

use fend::hyper::Server;
use fend::hyper::server::Peer;
use fend::net::TcpStream;
use fend::tls::{Context, Identity, Mode, Protocol, TlsConnector, TlsStream, Verify};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};

use crate::serving::{
    Serving, acceptor, acceptor_with, certificate, connector, echo, http2_over, request, text,
};

on_every_dispatcher!(
    alpn_is_offered_by_a_context_that_names_none,
    alpn_of_the_context_is_what_is_offered,
    a_context_for_other_protocols_is_refused_at_once,
    tls_is_known_of_a_peer,
    a_handshake_that_fails_is_told_with_its_step,
    what_came_before_the_end_of_the_handshake_is_read_first,
);

async fn dial(serving: &Serving, alpn: &[&str]) -> io::Result<TlsStream<TcpStream>> {
    Ok(connector(alpn).handshake("localhost", serving.connect().await?).await?)
}

/// The answer of a server of HTTP/1 that closes then.
async fn get_1(mut stream: TlsStream<TcpStream>) -> io::Result<String> {
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.split_once("\r\n\r\n").expect("a head").1.to_owned())
}

async fn get_2(stream: TlsStream<TcpStream>) -> io::Result<String> {
    let (mut sender, connection) = http2_over(stream).await?;
    let answer = text(sender.send_request(request("/")).await.map_err(io::Error::other)?).await?;
    drop(sender);
    connection.await?.map_err(io::Error::other)?;
    Ok(answer)
}

async fn alpn_is_offered_by_a_context_that_names_none() -> io::Result<()> {
    let serving = Serving::on(Server::bind("127.0.0.1:0").await?.tls(acceptor()), service_fn(echo))?;
    let both = dial(&serving, &["http/1.1", "h2"]).await?;
    assert_eq!(both.alpn().as_deref(), Some(&b"h2"[..]), "the server's first");
    assert_eq!(get_2(both).await?, "HTTP/2.0 / ");
    let old = dial(&serving, &["http/1.1"]).await?;
    assert_eq!(old.alpn().as_deref(), Some(&b"http/1.1"[..]));
    assert_eq!(get_1(old).await?, "HTTP/1.1 / ");
    let older = dial(&serving, &[]).await?;
    assert_eq!(older.alpn(), None);
    assert_eq!(get_1(older).await?, "HTTP/1.1 / ");
    assert!(serving.end().await?.is_clean());

    let old = Server::bind("127.0.0.1:0").await?.tls(acceptor()).http1_only();
    let old = Serving::on(old, service_fn(echo))?;
    let stream = dial(&old, &["h2", "http/1.1"]).await?;
    assert_eq!(stream.alpn().as_deref(), Some(&b"http/1.1"[..]));
    assert_eq!(get_1(stream).await?, "HTTP/1.1 / ");
    Ok(())
}

async fn alpn_of_the_context_is_what_is_offered() -> io::Result<()> {
    for (of_context, only_1, chosen) in [
        (&["http/1.1", "h2"][..], false, "http/1.1"),
        (&["acme-tls/1", "h2"], false, "h2"),
        // Nothing that is not spoken.
        (&["h2", "http/1.1"], true, "http/1.1"),
    ] {
        let server =
            Server::bind("127.0.0.1:0").await?.tls(acceptor_with(|context| context.alpn(of_context)));
        let server = if only_1 { server.http1_only() } else { server };
        let serving = Serving::on(server, service_fn(echo))?;
        let stream = dial(&serving, &["h2", "http/1.1", "acme-tls/1"]).await?;
        assert_eq!(stream.alpn().as_deref(), Some(chosen.as_bytes()), "{of_context:?}");
        let answer = if chosen == "h2" { get_2(stream).await? } else { get_1(stream).await? };
        assert!(answer.ends_with(" / "), "{answer}");
    }
    Ok(())
}

async fn a_context_for_other_protocols_is_refused_at_once() -> io::Result<()> {
    for (of_context, only_1) in [(&["smtp"][..], false), (&["h2"], true)] {
        let server =
            Server::bind("127.0.0.1:0").await?.tls(acceptor_with(|context| context.alpn(of_context)));
        let server = if only_1 { server.http1_only() } else { server };
        let error = server.serve(service_fn(echo)).await.expect_err("no client could come");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        let message = error.to_string();
        assert!(message.starts_with("TLS acceptor: alpn ") && message.contains(of_context[0]), "{message}");
    }
    Ok(())
}

async fn tls_is_known_of_a_peer() -> io::Result<()> {
    async fn describe(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
        let peer: &Peer = request.extensions().get().expect("the server has put it there");
        let tls = peer.tls().expect("over TLS");
        let client = peer.certificate().map(|certificate| certificate.subject());
        Ok(Response::new(format!("{:?} {:?} {client:?}", tls.protocol, tls.server_name)))
    }
    let client = Identity::self_signed(["client.example"])?;
    let trusted = client.certificate().clone();
    let acceptor = acceptor_with(|context| context.ca(trusted).verify(Verify::PEER));
    let serving = Serving::on(Server::bind("127.0.0.1:0").await?.tls(acceptor), service_fn(describe))?;

    let stream = dial(&serving, &[]).await?;
    assert_eq!(get_1(stream).await?, "Tls1_3 Some(\"localhost\") None");
    let context = Context::builder(Mode::Client).ca(certificate()).identity(client.clone()).build()?;
    let with_certificate = TlsConnector::with_context(context)?;
    let stream = with_certificate.handshake("localhost", serving.connect().await?).await?;
    let subject = client.certificate().subject();
    assert_eq!(get_1(stream).await?, format!("Tls1_3 Some(\"localhost\") {:?}", Some(subject)));
    Ok(())
}

async fn a_handshake_that_fails_is_told_with_its_step() -> io::Result<()> {
    let serving = Serving::on(Server::bind("127.0.0.1:0").await?.tls(acceptor()), service_fn(echo))?;
    let stream = serving.connect().await?;
    stream.send_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
    let failure = serving.failure().await;
    let peer = stream.local_addr()?;
    assert!(failure.starts_with(&format!("{peer}: TLS handshake: ")), "{failure}");
    // The next one is served, and so is the one whose client does not trust it.
    let stranger = Identity::self_signed(["stranger"])?;
    let context = Context::builder(Mode::Client).ca(stranger.certificate().clone()).build()?;
    let distrustful = TlsConnector::with_context(context)?;
    let refused = distrustful.handshake("localhost", serving.connect().await?).await;
    assert!(refused.expect_err("it trusts another").is_certificate());
    assert!(serving.failure().await.contains("TLS handshake"));
    assert_eq!(get_1(dial(&serving, &["http/1.1"]).await?).await?, "HTTP/1.1 / ");
    Ok(())
}

async fn what_came_before_the_end_of_the_handshake_is_read_first() -> io::Result<()> {
    const REQUEST: &[u8] = b"GET /early HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let acceptor = acceptor_with(|context| context.protocol(Protocol::Tls1_3).early_data(1 << 14));
    let serving = Serving::on(Server::bind("127.0.0.1:0").await?.tls(acceptor), service_fn(echo))?;
    let context = Context::builder(Mode::Client).ca(certificate()).alpn(["http/1.1"]).early_data(1 << 14);
    let connector = TlsConnector::with_context(context.build()?)?;
    // A session that can be resumed.
    let first = connector.handshake("localhost", serving.connect().await?).await?;
    assert_eq!(get_1(first).await?, "HTTP/1.1 / ");
    for early in [2, 24, 30, REQUEST.len()] {
        let (early, late) = REQUEST.split_at(early);
        let handshake = connector.handshake("localhost", serving.connect().await?).early_data(early);
        let mut stream = handshake.await?;
        assert!(stream.early_data_accepted());
        stream.write_all(late).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        assert!(answer.ends_with("\r\n\r\nHTTP/1.1 /early "), "{answer}");
    }
    Ok(())
}
