//! Peers that are not OpenSSL: rustls, over sockets of fend.

use std::sync::Arc;

use fend::net::TcpStream;
use futures_rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use futures_rustls::rustls::crypto::ring::default_provider;
use futures_rustls::rustls::server::WebPkiClientVerifier;
use futures_rustls::rustls::{
    ClientConfig, ConfigBuilder, ConfigSide, RootCertStore, ServerConfig, SupportedProtocolVersion,
    WantsVerifier,
};
use futures_rustls::{TlsAcceptor, TlsConnector, client, server};

use crate::pki::{Credentials, pki};

pub(crate) use futures_rustls::rustls::version::{TLS12, TLS13};

/// Connects to "localhost".
pub(crate) async fn connect(
    stream: TcpStream,
    version: &'static SupportedProtocolVersion,
    credentials: Option<&Credentials>,
    tune: impl FnOnce(&mut ClientConfig),
) -> std::io::Result<client::TlsStream<TcpStream>> {
    let provider = Arc::new(default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]);
    let builder = builder.expect("a version").with_root_certificates(roots());
    let mut config = match credentials {
        Some(credentials) => {
            builder.with_client_auth_cert(chain(credentials), key(credentials)).expect("a pair")
        }
        None => builder.with_no_client_auth(),
    };
    tune(&mut config);
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// Accepts; with `wants_client` only clients that have a certificate of the test's root.
pub(crate) async fn accept(
    stream: TcpStream,
    version: &'static SupportedProtocolVersion,
    wants_client: bool,
    tune: impl FnOnce(&mut ServerConfig),
) -> std::io::Result<server::TlsStream<TcpStream>> {
    let provider = Arc::new(default_provider());
    let builder: ConfigBuilder<ServerConfig, WantsVerifier> = versions(
        ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[version])
            .expect("a version"),
    );
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

fn versions<S: ConfigSide>(builder: ConfigBuilder<S, WantsVerifier>) -> ConfigBuilder<S, WantsVerifier> {
    builder
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
