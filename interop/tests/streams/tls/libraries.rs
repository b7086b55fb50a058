//! The libraries, and what it takes to shake hands with them.

use std::io;
use std::sync::Arc;

use async_native_tls as native;
use fend::tls::{Certificate, Context, Mode, Protocol, TlsAcceptor, TlsConnector};
use futures::{AsyncRead, AsyncWrite};
use futures_rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use futures_rustls::rustls::crypto::ring::default_provider;
use futures_rustls::rustls::version::{TLS12, TLS13};
use futures_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use openssl::pkcs12::Pkcs12;
use openssl::stack::Stack;

use crate::pki::pki;

/// Which one makes the session.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Library {
    Fend,
    Rustls,
    Native,
}

pub(super) const LIBRARIES: [Library; 3] = [Library::Fend, Library::Rustls, Library::Native];
impl Library {
    /// The newest version that its servers speak: native-tls (0.2) switches TLS 1.3 off in servers over OpenSSL, not in clients.
    pub(super) fn newest_of_server(self) -> Protocol {
        if self == Library::Native { Protocol::Tls1_2 } else { Protocol::Tls1_3 }
    }
}

pub(super) const PROTOCOLS: [Protocol; 2] = [Protocol::Tls1_2, Protocol::Tls1_3];

/// The two traits that a session needs of the stream below, and has itself.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

pub(super) type Stream = Box<dyn Duplex>;

/// As a client that speaks `protocol` alone. The server has to be `host`, by the word of the test's root.
pub(super) async fn connect(
    library: Library,
    protocol: Protocol,
    host: &str,
    stream: Stream,
) -> io::Result<Stream> {
    Ok(match library {
        Library::Fend => {
            let root = Certificate::from_pem(&pki().root_pem())?;
            let context = Context::builder(Mode::Client).ca(root).protocol(protocol).build()?;
            let stream = TlsConnector::with_context(context)?.handshake(host, stream).await?;
            assert_eq!(stream.protocol(), protocol);
            Box::new(stream)
        }
        Library::Rustls => {
            let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
            Box::new(
                futures_rustls::TlsConnector::from(client_of_rustls(protocol)).connect(name, stream).await?,
            )
        }
        Library::Native => {
            let protocol = if protocol == Protocol::Tls1_2 {
                native::Protocol::Tlsv12
            } else {
                native::Protocol::Tlsv13
            };
            let root = native::Certificate::from_pem(&pki().root_pem()).map_err(io::Error::other)?;
            let connector = native::TlsConnector::new().add_root_certificate(root);
            let connector =
                connector.min_protocol_version(Some(protocol)).max_protocol_version(Some(protocol));
            Box::new(connector.connect(host, stream).await.map_err(io::Error::other)?)
        }
    })
}

/// As a server that is "localhost", and speaks TLS 1.2 and what is newer.
pub(super) async fn accept(library: Library, stream: Stream) -> io::Result<Stream> {
    Ok(match library {
        Library::Fend => {
            let acceptor = TlsAcceptor::new(pki().localhost.identity())?;
            Box::new(acceptor.handshake(stream).await?)
        }
        Library::Rustls => {
            Box::new(futures_rustls::TlsAcceptor::from(server_of_rustls()).accept(stream).await?)
        }
        Library::Native => {
            let identity = pkcs12()?;
            let acceptor =
                native::TlsAcceptor::new(&identity[..], PASSWORD).await.map_err(io::Error::other)?;
            Box::new(acceptor.accept(stream).await.map_err(io::Error::other)?)
        }
    })
}

fn client_of_rustls(protocol: Protocol) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(pki().root.certificate.to_der().expect("DER").into()).expect("a root");
    let version = if protocol == Protocol::Tls1_2 { &TLS12 } else { &TLS13 };
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_protocol_versions(&[version]).expect("a version");
    Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
}

fn server_of_rustls() -> Arc<ServerConfig> {
    let own = &pki().localhost;
    let all = std::iter::once(&own.certificate).chain(&own.chain);
    let chain: Vec<CertificateDer> = all.map(|one| one.to_der().expect("DER").into()).collect();
    let key = PrivateKeyDer::Pkcs8(own.key.private_key_to_pkcs8().expect("DER").into());
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_protocol_versions(&[&TLS12, &TLS13]).expect("versions").with_no_client_auth();
    Arc::new(builder.with_single_cert(chain, key).expect("a pair"))
}

const PASSWORD: &str = "a password";

/// The key and the chain, as native-tls wants them.
fn pkcs12() -> io::Result<Vec<u8>> {
    let own = &pki().localhost;
    let mut chain = Stack::new()?;
    for certificate in &own.chain {
        chain.push(certificate.clone())?;
    }
    let mut builder = Pkcs12::builder();
    builder.pkey(&own.key).cert(&own.certificate).ca(chain);
    Ok(builder.build2(PASSWORD)?.to_der()?)
}
