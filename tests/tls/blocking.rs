//! The other end: OpenSSL on a blocking stream of std, which takes no part in what is tested.

use std::fmt::Debug;
use std::io;
use std::net;
use std::os::raw::c_int;

use fend::net::{TcpListener, TcpStream};
use fend::tls::{TlsAcceptor, TlsConnector, TlsStream};
use foreign_types::ForeignTypeRef;
use openssl::ssl::{
    ShutdownResult, Ssl, SslContext, SslContextBuilder, SslMethod, SslRef, SslStream, SslVerifyMode,
    SslVersion,
};

use crate::peer;
use crate::pki::pki;

pub(crate) type Blocking = SslStream<net::TcpStream>;

/// Both versions that are on by default.
pub(crate) const VERSIONS: [SslVersion; 2] = [SslVersion::TLS1_2, SslVersion::TLS1_3];

/// A context of OpenSSL for a client that trusts the test's root.
pub(crate) fn client_context(tune: impl FnOnce(&mut SslContextBuilder)) -> SslContext {
    let mut context = SslContext::builder(SslMethod::tls_client()).expect("a context");
    context.set_verify(SslVerifyMode::PEER);
    context.cert_store_mut().add_cert(pki().root.certificate.clone()).expect("a root");
    tune(&mut context);
    context.build()
}

/// A context of OpenSSL for a server that is "localhost".
pub(crate) fn server_context(tune: impl FnOnce(&mut SslContextBuilder)) -> SslContext {
    let mut context = SslContext::builder(SslMethod::tls_server()).expect("a context");
    pki().localhost.install(&mut context);
    context.set_session_id_context(b"blocking").expect("a name");
    context.cert_store_mut().add_cert(pki().root.certificate.clone()).expect("a root");
    tune(&mut context);
    context.build()
}

/// Allows one version alone.
pub(crate) fn only(version: SslVersion) -> impl FnOnce(&mut SslContextBuilder) {
    move |context| {
        context.set_min_proto_version(Some(version)).expect("a version");
        context.set_max_proto_version(Some(version)).expect("a version");
    }
}

pub(crate) fn connect<S: io::Read + io::Write + Debug>(
    context: &SslContext,
    stream: S,
) -> io::Result<SslStream<S>> {
    let mut ssl = Ssl::new(context)?;
    ssl.set_hostname("localhost")?;
    ssl.connect(stream).map_err(|error| io::Error::other(format!("{error:?}")))
}

pub(crate) fn accept<S: io::Read + io::Write + Debug>(
    context: &SslContext,
    stream: S,
) -> io::Result<SslStream<S>> {
    Ssl::new(context)?.accept(stream).map_err(|error| io::Error::other(format!("{error:?}")))
}

/// Our server, and a client that is OpenSSL.
pub(crate) async fn accepted_by(
    acceptor: &TlsAcceptor,
    context: SslContext,
) -> io::Result<(TlsStream<TcpStream>, Blocking)> {
    let (stream, peer) = peer::accepted().await?;
    let peer = fend::spawn_blocking(move || connect(&context, peer));
    let stream = acceptor.handshake(stream).await?;
    Ok((stream, peer.await??))
}

/// Our client, and a server that is OpenSSL.
pub(crate) async fn connected_by(
    connector: &TlsConnector,
    context: SslContext,
) -> io::Result<(TlsStream<TcpStream>, Blocking)> {
    let (stream, peer) = peer::connected().await?;
    let peer = fend::spawn_blocking(move || accept(&context, peer));
    let stream = connector.handshake("localhost", stream).await?;
    Ok((stream, peer.await??))
}

/// Our server of this version, and a client that is OpenSSL.
pub(crate) async fn accepted(version: SslVersion) -> io::Result<(TlsStream<TcpStream>, Blocking)> {
    accepted_by(&crate::ours::acceptor(), client_context(only(version))).await
}

/// Our client, and a server that is OpenSSL and has this version.
pub(crate) async fn connected(version: SslVersion) -> io::Result<(TlsStream<TcpStream>, Blocking)> {
    connected_by(&crate::ours::connector(), server_context(only(version))).await
}

/// Sends a close_notify. The first of the two says so.
pub(crate) fn close_notify<S: io::Read + io::Write>(stream: &mut SslStream<S>) -> io::Result<ShutdownResult> {
    stream.shutdown().map_err(|error| io::Error::other(error.to_string()))
}

/// Asks for a renegotiation (TLS 1.2): a client begins with the next read or write, a server asks the client for it.
#[expect(unsafe_code, reason = "the openssl crate has no renegotiation")]
pub(crate) fn renegotiate<S>(stream: &mut SslStream<S>) {
    unsafe extern "C" {
        fn SSL_renegotiate(ssl: *mut openssl_sys::SSL) -> c_int;
    }
    // SAFETY: the session is ours alone.
    let result = unsafe { SSL_renegotiate(stream.ssl().as_ptr()) };
    assert_eq!(result, 1, "a session of TLS 1.2");
}

/// Sends a KeyUpdate with the next write (TLS 1.3), and asks the peer for one when `requested`.
#[expect(unsafe_code, reason = "the openssl crate has no key updates")]
pub(crate) fn update_keys<S>(stream: &mut SslStream<S>, requested: bool) {
    unsafe extern "C" {
        fn SSL_key_update(ssl: *mut openssl_sys::SSL, kind: c_int) -> c_int;
    }
    // SAFETY: the session is ours alone.
    let result = unsafe { SSL_key_update(stream.ssl().as_ptr(), c_int::from(requested)) };
    assert_eq!(result, 1, "a session of TLS 1.3");
}
