//! Our end: contexts that trust the test's root, and pairs of streams that are both of fend.

use std::io::{self, Read};

use fend::net::{TcpListener, TcpStream};
use fend::tls::{Certificate, Context, ContextBuilder, Mode, Protocol, TlsAcceptor, TlsConnector, TlsStream};

use crate::pki::{Credentials, pki};

pub(crate) const PROTOCOLS: [Protocol; 2] = [Protocol::Tls1_2, Protocol::Tls1_3];

pub(crate) fn root() -> Certificate {
    Certificate::from_pem(&pki().root_pem()).expect("a certificate")
}

/// A client that trusts the test's root.
pub(crate) fn client() -> ContextBuilder {
    Context::builder(Mode::Client).ca(root())
}

/// A server that is "localhost".
pub(crate) fn server() -> ContextBuilder {
    server_with(&pki().localhost)
}

pub(crate) fn server_with(credentials: &Credentials) -> ContextBuilder {
    Context::builder(Mode::Server).identity(credentials.identity())
}

pub(crate) fn connector() -> TlsConnector {
    connector_of(client())
}

pub(crate) fn connector_of(builder: ContextBuilder) -> TlsConnector {
    TlsConnector::with_context(builder.build().expect("a context")).expect("a client's context")
}

pub(crate) fn acceptor() -> TlsAcceptor {
    acceptor_of(server())
}

pub(crate) fn acceptor_of(builder: ContextBuilder) -> TlsAcceptor {
    TlsAcceptor::with_context(builder.build().expect("a context")).expect("a server's context")
}

/// A connection of TCP, both ends of which are of fend. The first has connected.
pub(crate) async fn tcp() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (client, server) =
        futures::future::join(TcpStream::connect(listener.local_addr()?), listener.accept()).await;
    Ok((client?, server?.0))
}

/// What is set in a context, beside the rest.
pub(crate) type Setting = fn(ContextBuilder) -> ContextBuilder;

/// The two ends of a session: the client's and the server's.
pub(crate) type Pair = (TlsStream<TcpStream>, TlsStream<TcpStream>);

/// What became of a handshake at both ends.
pub(crate) type Outcome =
    (Result<TlsStream<TcpStream>, fend::tls::TlsError>, Result<TlsStream<TcpStream>, fend::tls::TlsError>);

/// A handshake for `host`. The client goes away when it fails, so that the server does not wait for it.
pub(crate) async fn handshake(
    connector: &TlsConnector,
    acceptor: &TlsAcceptor,
    host: &str,
) -> io::Result<Outcome> {
    let (client, server) = tcp().await?;
    Ok(futures::future::join(connector.handshake(host, client), acceptor.handshake(server)).await)
}

/// A session between two of ours.
pub(crate) async fn pair_of(connector: &TlsConnector, acceptor: &TlsAcceptor) -> io::Result<Pair> {
    let (client, server) = handshake(connector, acceptor, "localhost").await?;
    Ok((client?, server?))
}

pub(crate) async fn pair(protocol: Protocol) -> io::Result<Pair> {
    pair_of(&connector(), &acceptor_of(server().protocol(protocol))).await
}

/// How OpenSSL's programs are told to use this version alone.
pub(crate) fn flag(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tls1_2 => "-tls1_2",
        Protocol::Tls1_3 => "-tls1_3",
        other => panic!("{other} is not tested"),
    }
}

/// The first message of a client, in a record.
pub(crate) async fn hello() -> io::Result<Vec<u8>> {
    let (stream, mut peer) = crate::peer::connected().await?;
    let mut hello = vec![0; 4096];
    let connecting = connector().handshake("localhost", stream).timeout(None);
    let mut connecting = Box::pin(connecting);
    assert!(futures_lite::future::poll_once(&mut connecting).await.is_none());
    let n = peer.read(&mut hello)?;
    hello.truncate(n);
    Ok(hello)
}
