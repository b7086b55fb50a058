//! The other end: OpenSSL on a blocking stream of std, which takes no part in what is tested.

use std::fmt::Debug;
use std::io;
use std::net;
use std::os::raw::c_int;
use std::os::unix::net as unix;

use fend::net::{TcpStream, UnixStream};
use fend::tls::{TlsAcceptor, TlsConnector, TlsStream};
use foreign_types::ForeignTypeRef;
use openssl::ssl::{
    ErrorCode, ShutdownResult, Ssl, SslContext, SslContextBuilder, SslMethod, SslStream, SslVerifyMode,
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

/// Sessions of each version whose way to the peer is narrow, with our end as server and as client. Over sockets of Unix, since TCP does
/// not get along with small buffers on loopback.
pub(crate) async fn narrow() -> io::Result<Vec<(TlsStream<UnixStream>, SslStream<unix::UnixStream>)>> {
    let mut all = Vec::new();
    for version in VERSIONS {
        for as_server in [true, false] {
            let (ours, peer) = unix::UnixStream::pair()?;
            for socket in [&ours, &peer] {
                socket2::SockRef::from(socket).set_send_buffer_size(4096)?;
            }
            let ours = UnixStream::try_from(ours)?;
            all.push(if as_server {
                let context = client_context(only(version));
                let peer = fend::spawn_blocking(move || connect(&context, peer));
                (crate::ours::acceptor().handshake(ours).await?, peer.await??)
            } else {
                let context = server_context(only(version));
                let peer = fend::spawn_blocking(move || accept(&context, peer));
                (crate::ours::connector().handshake("localhost", ours).await?, peer.await??)
            });
        }
    }
    Ok(all)
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

/// Reads to the end, and says whether there was a close_notify. The crate's own `read` has an end without one for a clean one.
pub(crate) fn read_to_close<S: io::Read + io::Write>(stream: &mut SslStream<S>) -> (Vec<u8>, bool) {
    let (mut all, mut buf) = (Vec::new(), [0; 16 << 10]);
    loop {
        match stream.ssl_read(&mut buf) {
            Ok(n) => all.extend_from_slice(&buf[..n]),
            Err(error) => return (all, error.code() == ErrorCode::ZERO_RETURN),
        }
    }
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

/// The last Finished messages of both sides: others after a renegotiation. While one is going on, nothing.
pub(crate) fn finished<S>(stream: &SslStream<S>) -> Option<[[u8; 12]; 2]> {
    let mut both = [[0; 12]; 2];
    stream.ssl().finished(&mut both[0]);
    stream.ssl().peer_finished(&mut both[1]);
    stream.ssl().is_init_finished().then_some(both)
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
