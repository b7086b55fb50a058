//! Peers that are not OpenSSL: rustls, over sockets of fend.

use std::sync::Arc;

use fend::net::TcpStream;
use futures_rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use futures_rustls::rustls::crypto::ring::default_provider;
use futures_rustls::rustls::server::WebPkiClientVerifier;
use futures_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion};
use futures_rustls::{TlsAcceptor, TlsConnector, client, server};

use crate::pki::{Credentials, pki};

pub(crate) use futures_rustls::rustls::version::{TLS12, TLS13};

/// Connects to "localhost".
pub(crate) async fn connect(
    stream: TcpStream,
    config: Arc<ClientConfig>,
) -> std::io::Result<client::TlsStream<TcpStream>> {
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(config).connect(name, stream).await
}

/// A client that trusts the test's root. It keeps its sessions.
pub(crate) fn client(
    version: &'static SupportedProtocolVersion,
    credentials: Option<&Credentials>,
) -> Arc<ClientConfig> {
    let provider = Arc::new(default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]);
    let builder = builder.expect("a version").with_root_certificates(roots());
    Arc::new(match credentials {
        Some(credentials) => {
            builder.with_client_auth_cert(chain(credentials), key(credentials)).expect("a pair")
        }
        None => builder.with_no_client_auth(),
    })
}

/// Accepts; with `wants_client` only clients that have a certificate of the test's root.
pub(crate) async fn accept(
    stream: TcpStream,
    version: &'static SupportedProtocolVersion,
    wants_client: bool,
    tune: impl FnOnce(&mut ServerConfig),
) -> std::io::Result<server::TlsStream<TcpStream>> {
    let provider = Arc::new(default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(&[version]);
    let builder = builder.expect("a version");
    let builder = if wants_client {
        let verifier = WebPkiClientVerifier::builder_with_provider(roots(), provider).build().expect("roots");
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    let localhost = &pki().localhost;
    let mut config = builder.with_single_cert(chain(localhost), key(localhost)).expect("a pair");
    tune(&mut config);
    TlsAcceptor::from(Arc::new(config)).accept(stream).await
}

fn roots() -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add(pki().root.certificate.to_der().expect("DER").into()).expect("a root");
    Arc::new(roots)
}

fn chain(credentials: &Credentials) -> Vec<CertificateDer<'static>> {
    let all = std::iter::once(&credentials.certificate).chain(&credentials.chain);
    all.map(|certificate| certificate.to_der().expect("DER").into()).collect()
}

fn key(credentials: &Credentials) -> PrivateKeyDer<'static> {
    PrivateKeyDer::Pkcs8(credentials.key.private_key_to_pkcs8().expect("DER").into())
}
