//! TLS to servers (RFC 7858).
//!
//! A certificate that is not valid for the server's host is an error and nothing else: the question never goes out unencrypted instead ("strict
//! privacy" of RFC 8310).

use std::sync::OnceLock;

use fend_net::TcpStream;
use fend_tls::{TlsConnector, TlsError};

use super::failure::Failure;
use super::stream::Connection;

/// RFC 7858 has no name of its own for ALPN; this is the one that IANA has registered.
const ALPN: [&str; 1] = ["dot"];

/// What connects to servers over TLS.
#[derive(Debug)]
pub(super) struct Tls {
    /// The settings' own, or one with the system's authorities, made when the first question needs it.
    connector: OnceLock<TlsConnector>,
}

impl Tls {
    pub(super) fn new(connector: Option<TlsConnector>) -> Tls {
        Tls { connector: connector.map_or_else(OnceLock::new, OnceLock::from) }
    }

    /// Shakes hands for as long as it takes: the caller has the clock.
    pub(super) async fn handshake(&self, host: &str, stream: TcpStream) -> Result<Connection, Failure> {
        let connector = self.connector().await?;
        let stream = connector.handshake(host, stream).alpn(ALPN).timeout(None).await.map_err(failure)?;
        Ok(Connection::Tls(Box::new(stream)))
    }

    /// The authorities are read from files, which may take time: on the blocking pool. Of several that are made at once one stays.
    async fn connector(&self) -> Result<TlsConnector, Failure> {
        if let Some(connector) = self.connector.get() {
            return Ok(connector.clone());
        }
        let made = fend_reactor::spawn_blocking(TlsConnector::new).await;
        let made = made.map_err(|error| Failure::RuntimeGone(error.into()))?.map_err(failure)?;
        Ok(self.connector.get_or_init(|| made).clone())
    }
}

/// The stream's errors say what they say without TLS.
fn failure(error: TlsError) -> Failure {
    match error.is_io() {
        true => Failure::from(std::io::Error::from(error)),
        false => Failure::Tls(error.into()),
    }
}
