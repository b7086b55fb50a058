//! TLS for https: whom to trust, who to be, and what came of it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::SystemTime;

use fend::net::TcpStream;
use fend::tls::{Certificate, Context, Identity, Mode, TlsConnector, TlsError, TlsInfo, TlsStream};

use super::error::Error;
use super::url::Url;

/// What a connector is made of, and the connector when it has been made: whoever fetches nothing with https reads no files.
#[derive(Debug, Default)]
pub(crate) struct Tls {
    /// Takes any certificate, for any host.
    pub(crate) insecure: bool,
    /// Who is trusted in place of whom the system trusts.
    pub(crate) ca: Option<PathBuf>,
    /// Our own certificate, and its key, which may be in the same file.
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
    connector: OnceLock<TlsConnector>,
}

/// What is known of a session.
pub(crate) struct Facts {
    pub(crate) info: TlsInfo,
    pub(crate) certificate: Option<ServerCertificate>,
}

pub(crate) struct ServerCertificate {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    pub(crate) names: Vec<String>,
    pub(crate) not_after: SystemTime,
}

impl Tls {
    /// Shakes hands with the server of `url`.
    pub(super) async fn handshake(
        &self,
        url: &Url,
        stream: TcpStream,
    ) -> Result<(TlsStream<TcpStream>, Facts), Error> {
        let connector = self.connector().await?;
        let handshake = connector.handshake(&url.host().in_certificate(), stream);
        let stream = handshake.await.map_err(Error::Handshake)?;
        let facts = Facts {
            info: stream.info(),
            certificate: stream.peer_certificate().map(|certificate| ServerCertificate::of(&certificate)),
        };
        Ok((stream, facts))
    }

    async fn connector(&self) -> Result<TlsConnector, Error> {
        if let Some(connector) = self.connector.get() {
            return Ok(connector.clone());
        }
        let (insecure, ca, certificate) = (self.insecure, self.ca.clone(), self.certificate.clone());
        let key = self.key.clone().or_else(|| certificate.clone());
        // The system's list of authorities alone is a file of 200 KB.
        let make = move || make(insecure, ca.as_deref(), certificate.as_deref().zip(key.as_deref()));
        let connector = fend::spawn_blocking(make)
            .await
            .map_err(|error| Error::connect("the TLS connector", io::Error::from(error)))??;
        Ok(self.connector.get_or_init(|| connector).clone())
    }
}

fn make(insecure: bool, ca: Option<&Path>, identity: Option<(&Path, &Path)>) -> Result<TlsConnector, Error> {
    let mut builder = Context::builder(Mode::Client).alpn(["http/1.1"]);
    if let Some(ca) = ca {
        for certificate in Certificate::chain_from_file(ca).map_err(Error::Authority)? {
            builder = builder.ca(certificate);
        }
    }
    if let Some((certificate, key)) = identity {
        builder = builder.identity(Identity::from_files(certificate, key).map_err(Error::Identity)?);
    }
    if insecure {
        builder = builder.danger_accept_invalid_certs().danger_accept_invalid_hostnames();
    }
    let context: Result<Context, TlsError> = builder.build();
    context.and_then(TlsConnector::with_context).map_err(Error::Handshake)
}

impl ServerCertificate {
    fn of(certificate: &Certificate) -> ServerCertificate {
        ServerCertificate {
            subject: certificate.subject(),
            issuer: certificate.issuer(),
            names: certificate.names(),
            not_after: certificate.not_after(),
        }
    }
}
