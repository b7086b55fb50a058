//! Makes connections.

use std::error::Error;
use std::io;
use std::time::Duration;

use fend::hyper::{Connector, Stream};
use fend::tls::{Certificate, Context, Mode, TlsConnector};
use hyper::Uri;
use tower_service::Service;

use crate::command_line::{Command, Trust};
use crate::failure::{Failure, Kind};

/// How long a client waits when it got no connection. A server that is gone need not be asked as fast as we can.
pub(crate) const PAUSE: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(crate) struct Dialer {
    connector: Connector,
    url: Uri,
    http2: bool,
}

impl Dialer {
    /// Reads the files that the command names.
    pub(crate) fn new(command: &Command) -> Result<Dialer, Box<dyn Error>> {
        let mut connector = Connector::new().timeout(command.load.timeout);
        if command.target.tls {
            connector = connector.tls_connector(&tls_connector(&command.trust, command.load.http2)?);
        }
        Ok(Dialer { connector, url: command.target.url(), http2: command.load.http2 })
    }

    pub(crate) async fn dial(&self) -> Result<Stream, Failure> {
        let stream = self.connector.clone().call(self.url.clone()).await.map_err(|error| {
            let kind = if error.kind() == io::ErrorKind::TimedOut { Kind::TimedOut } else { Kind::Connect };
            Failure::new(kind, error)
        })?;
        let chosen = stream.tls_info().map(|info| info.alpn);
        // Without ALPN a server speaks HTTP/1.1; over TCP nobody asks.
        if self.http2 && chosen.is_some_and(|chosen| chosen.as_deref() != Some(b"h2")) {
            return Err(Failure::new(Kind::Connect, "the server does not speak HTTP/2"));
        }
        Ok(stream)
    }
}

fn tls_connector(trust: &Trust, http2: bool) -> Result<TlsConnector, Box<dyn Error>> {
    let mut builder = Context::builder(Mode::Client).alpn([if http2 { "h2" } else { "http/1.1" }]);
    if let Some(path) = &trust.authorities {
        let chain =
            Certificate::chain_from_file(path).map_err(|error| format!("{}: {error}", path.display()))?;
        builder = chain.into_iter().fold(builder, |builder, certificate| builder.ca(certificate));
    }
    if trust.insecure {
        builder = builder.danger_accept_invalid_certs().danger_accept_invalid_hostnames();
    }
    Ok(TlsConnector::with_context(builder.build()?)?)
}
