//! [`Connector`]: which address is taken, and what is said of a connection that cannot be made.

use std::error::Error;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use fend::dns::LookupError;
use fend::hyper::{ConnectionInfo, Connector, Stream, client_builder};
use fend::net::{ConnectError, TcpListener};
use fend::tls::TlsError;
use futures::future::Either;
use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use http_body_util::{BodyExt, Empty};
use hyper::Uri;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use socket2::{Domain, Socket, Type};
use tower::Service;

use crate::peers::{Server, acceptor, connector};
use crate::pki::pki;
use crate::zone::{Zone, known, refusing, refusing_and_listening, silent_and_listening};

on_every_dispatcher!(
    a_first_address_that_refuses_is_passed_over,
    a_first_address_that_is_silent_is_passed_over,
    a_name_of_both_families_is_whichever_listens,
    an_ipv6_address_is_in_brackets,
    the_user_of_a_uri_goes_nowhere,
    a_host_in_capitals_and_with_a_dot_at_its_end,
    an_address_of_one_link_has_its_interface,
    what_is_given_up_is_closed,
    a_stream_without_a_client,
    what_has_failed_is_told_with_the_uri,
    a_certificate_for_another_host_is_told,
    a_limit_of_time_covers_the_handshake,
    a_limit_of_time_covers_the_attempts,
);

fn uri(text: &str) -> Uri {
    text.parse().expect("a URI")
}

async fn text(connector: Connector, uri: &Uri) -> io::Result<(String, ConnectionInfo)> {
    let client: Client<_, Empty<Bytes>> = client_builder().build(connector);
    let response = client.get(uri.clone()).await.map_err(io::Error::other)?;
    let info = response.extensions().get::<ConnectionInfo>().expect("the connection's facts").clone();
    let body = response.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
    Ok((String::from_utf8_lossy(&body).into_owned(), info))
}

/// Why the client has no connection: the error that is ours.
async fn error(connector: Connector, text: &str) -> io::Error {
    let client: Client<_, Empty<Bytes>> = client_builder().build(connector);
    let error = client.get(uri(text)).await.expect_err("no connection");
    assert!(error.is_connect(), "{error:?}");
    let ours = error.source().and_then(|source| source.downcast_ref::<io::Error>()).expect("an io::Error");
    let error = io::Error::new(ours.kind(), ours.to_string());
    // What it was made of is there for programs.
    match ours.source() {
        Some(source) if source.is::<LookupError>() => io::Error::new(ours.kind(), format!("lookup: {ours}")),
        Some(source) if source.is::<ConnectError>() => {
            io::Error::new(ours.kind(), format!("attempts: {ours}"))
        }
        Some(source) if source.is::<TlsError>() => io::Error::new(ours.kind(), format!("tls: {ours}")),
        _ => error,
    }
}

async fn a_first_address_that_refuses_is_passed_over() -> io::Result<()> {
    let (_refusing, listener) = refusing_and_listening().await?;
    let server = Server::on(listener, None)?;
    let known = known()?;
    let connector = Connector::new().resolver(&known.resolver);
    let (_, info) = text(connector, &uri(&format!("http://two.test:{}/", server.address.port()))).await?;
    assert_eq!(info.peer_addr, server.address);
    assert!(info.tls.is_none());
    Ok(())
}

async fn a_first_address_that_is_silent_is_passed_over() -> io::Result<()> {
    let (silent, listener) = silent_and_listening().await?;
    let server = Server::on(listener, None)?;
    let known = known()?;
    let connector = Connector::new().resolver(&known.resolver).attempt_delay(Duration::from_millis(20));
    let (_, info) = text(connector, &uri(&format!("http://two.test:{}/", server.address.port()))).await?;
    assert_eq!(info.peer_addr, server.address);
    drop(silent);
    Ok(())
}

/// A listener at the one address, and a socket that refuses everybody at the other, with the same port.
async fn one_of_two(listening: IpAddr, refusing: IpAddr) -> io::Result<(TcpListener, Socket)> {
    loop {
        let listener = TcpListener::bind((listening, 0)).await?;
        let address = SocketAddr::new(refusing, listener.local_addr()?.port());
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        match socket.bind(&address.into()) {
            // Somebody has that port there.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            bound => return bound.map(|()| (listener, socket)),
        }
    }
}

async fn a_name_of_both_families_is_whichever_listens() -> io::Result<()> {
    let both: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    if TcpListener::bind((both[1], 0)).await.is_err() {
        eprintln!("skipped: this machine has no ::1");
        return Ok(());
    }
    let zone = Zone::new("127.0.0.1 both.test\n::1 both.test\n", "")?;
    let resolver = zone.resolver(SocketAddr::from(([127, 0, 0, 1], 9)))?;
    for (listening, refusing) in [(both[0], both[1]), (both[1], both[0])] {
        let (listener, _refusing) = one_of_two(listening, refusing).await?;
        let server = Server::on(listener, None)?;
        let uri = uri(&format!("http://both.test:{}/", server.address.port()));
        let (_, info) = text(Connector::new().resolver(&resolver), &uri).await?;
        assert_eq!(info.peer_addr, server.address);
    }
    Ok(())
}

async fn an_ipv6_address_is_in_brackets() -> io::Result<()> {
    let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await else {
        eprintln!("skipped: this machine has no ::1");
        return Ok(());
    };
    let server = Server::on(listener, Some(acceptor(&pki().localhost, &["h2"])?))?;
    let uri = uri(&format!("https://[::1]:{}/six", server.address.port()));
    let (text, info) = text(Connector::new().tls_connector(&connector()?), &uri).await?;
    assert_eq!((text.as_str(), info.peer_addr), ("0 /six HTTP/2.0", server.address));
    Ok(())
}

async fn the_user_of_a_uri_goes_nowhere() -> io::Result<()> {
    let server = Server::start(None).await?;
    let uri = uri(&format!("http://me:secret@127.0.0.1:{}/", server.address.port()));
    assert_eq!(text(Connector::new(), &uri).await?.0, "0 / HTTP/1.1");
    let (_refusing, port) = refusing([127, 0, 0, 1], 0)?;
    let error = error(Connector::new(), &format!("http://me:secret@127.0.0.1:{port}/")).await.to_string();
    assert!(error.contains(&format!("http://127.0.0.1:{port}: ")) && !error.contains("secret"), "{error}");
    Ok(())
}

/// As RFC 3986, section 3.2.2, and DNS have it. A certificate has neither.
async fn a_host_in_capitals_and_with_a_dot_at_its_end() -> io::Result<()> {
    let server = Server::start(Some(acceptor(&pki().localhost, &["h2"])?)).await?;
    let uri = uri(&format!("HTTPS://LocalHost.:{}/whole", server.address.port()));
    let known = known()?;
    let connector = Connector::new().resolver(&known.resolver).tls_connector(&connector()?);
    assert_eq!(text(connector, &uri).await?.0, "0 /whole HTTP/2.0");
    Ok(())
}

/// Written as in a URI. There may be no link-local address to connect to; that there is no such interface is told by its name.
async fn an_address_of_one_link_has_its_interface() -> io::Result<()> {
    let error = error(Connector::new(), "http://[fe80::1%25nowhere0]:81/").await.to_string();
    let reason = "there is no network interface \"nowhere0\"";
    assert!(error.contains("connect http://[fe80::1%25nowhere0]:81: ") && error.contains(reason), "{error}");
    Ok(())
}

/// In the middle of the handshake, with a server that does not answer.
async fn what_is_given_up_is_closed() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut connector = Connector::new().tls_connector(&connector()?);
    let connecting = connector.call(uri(&format!("https://{}/", listener.local_addr()?)));
    let hello = Box::pin(async {
        let (stream, _) = listener.accept().await?;
        stream.recv_exact(&mut [0]).await?;
        io::Result::Ok(stream)
    });
    let stream = match futures::future::select(connecting, hello).await {
        Either::Left((connected, _)) => panic!("{connected:?}"),
        Either::Right((stream, connecting)) => {
            drop(connecting);
            stream?
        }
    };
    futures::io::copy(&stream, &mut futures::io::sink()).await?;
    Ok(())
}

/// For protocols that are not HTTP from their first byte, or not hyper's.
async fn a_stream_without_a_client() -> io::Result<()> {
    let server = Server::start(Some(acceptor(&pki().localhost, &["http/1.1"])?)).await?;
    let mut connector = Connector::new().tls_connector(&connector()?);
    let uri = uri(&format!("https://localhost:{}/", server.address.port()));
    futures::future::poll_fn(|cx| connector.poll_ready(cx)).await?;
    let mut stream = connector.call(uri).await?;
    assert_eq!(stream.peer_addr()?, server.address);
    assert_eq!(stream.tls_info().and_then(|tls| tls.alpn).as_deref(), Some(b"http/1.1".as_slice()));
    stream.write_all(b"GET /by/hand HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    assert!(answer.ends_with("0 /by/hand HTTP/1.1"), "{answer}");
    stream.close().await?;
    assert!(matches!(stream, Stream::Tls(_)));
    Ok(())
}

async fn what_has_failed_is_told_with_the_uri() -> io::Result<()> {
    let known = known()?;
    let ours = || Connector::new().resolver(&known.resolver);
    let (_refusing, port) = refusing([127, 0, 0, 1], 0)?;

    let refused = error(ours(), &format!("http://127.0.0.1:{port}/a/path")).await;
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    let text = format!("attempts: connect http://127.0.0.1:{port}: no connection to 127.0.0.1:{port}: ");
    assert!(refused.to_string().starts_with(&text), "{refused}");

    let unknown = error(ours(), "http://nowhere.invalid/").await.to_string();
    let text = "lookup: connect http://nowhere.invalid: lookup nowhere.invalid: ";
    assert!(unknown.starts_with(text), "{unknown}");

    let scheme = error(ours(), "ftp://example.org/").await.to_string();
    assert_eq!(scheme, "connect ftp://example.org: the scheme is neither http nor https");

    // A server that does not speak TLS.
    let server = Server::start(None).await?;
    let plain = error(ours(), &format!("https://127.0.0.1:{}/", server.address.port())).await.to_string();
    let text = format!("tls: connect https://{}: TLS handshake with 127.0.0.1: ", server.address);
    assert!(plain.starts_with(&text), "{plain}");
    Ok(())
}

async fn a_certificate_for_another_host_is_told() -> io::Result<()> {
    let server = Server::start(Some(acceptor(&pki().elsewhere, &["h2"])?)).await?;
    let uri = format!("https://localhost:{}", server.address.port());
    let told = error(Connector::new().tls_connector(&connector()?), &uri).await.to_string();
    let start = format!("tls: connect {uri}: TLS handshake with localhost: ");
    assert!(told.starts_with(&start), "{told}");
    assert!(told.to_lowercase().contains("hostname mismatch") && told.contains("a.example"), "{told}");

    let server = Server::start(Some(acceptor(&pki().expired, &["h2"])?)).await?;
    let uri = format!("https://localhost:{}", server.address.port());
    let told = error(Connector::new().tls_connector(&connector()?), &uri).await.to_string();
    assert!(told.contains("certificate has expired"), "{told}");
    Ok(())
}

/// It accepts and says nothing.
async fn a_limit_of_time_covers_the_handshake() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let uri = format!("https://{}", listener.local_addr()?);
    let ours = Connector::new().tls_connector(&connector()?).timeout(Duration::from_millis(50));
    let late = error(ours, &uri).await;
    assert_eq!(late.kind(), io::ErrorKind::TimedOut);
    // On a machine that stands still the time may be over before.
    let text = late.to_string();
    assert!(text.contains(&format!("connect {uri}: ")), "{text}");
    Ok(())
}

async fn a_limit_of_time_covers_the_attempts() -> io::Result<()> {
    let silent = crate::full_listener::FullListener::new()?;
    let uri = format!("http://{}", silent.address);
    let late = error(Connector::new().timeout(Duration::from_millis(50)), &uri).await;
    assert_eq!(late.kind(), io::ErrorKind::TimedOut);
    assert!(late.to_string().contains(&format!("connect {uri}: ")), "{late}");
    Ok(())
}
