//! From a URI to a connection: for hyper-util's client, and whatever else takes a `tower_service::Service<Uri>`.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::Uri;
use tower_service::Service;

use super::Stream;
use super::origin::{Origin, Scheme};
use crate::connect::Connect;
#[cfg(feature = "tls")]
use crate::connect::ConnectTls;
use crate::dns::Resolver;
#[cfg(feature = "tls")]
use crate::tls::TlsConnector;

/// What HTTP offers over TLS (ALPN), the best first.
#[cfg(feature = "tls")]
const PROTOCOLS: &[&str] = &["h2", "http/1.1"];

/// Connects to the server that a URI names, as [`fend::connect`](crate::connect()) and [`fend::connect_tls`](crate::connect_tls) do.
///
/// The host is looked up and its addresses raced (RFC 8305, "Happy Eyeballs"). `http` is TCP, on port 80 unless the URI has another; `https` is TLS over it, on
/// port 443, and offers HTTP/2 and HTTP/1.1 (ALPN), so that a client knows which of them the server has chosen. A user name and a password in
/// the URI are not looked at.
///
/// A clone has the same settings. It is always ready.
///
/// # Errors
///
/// The text names scheme, host and port of the URI, and whichever step has failed: `connect https://example.org: TLS handshake with
/// example.org: certificate has expired (depth 0, ..)`. Kinds and sources are those of [`fend::connect`](crate::connect()). A URI that names no server
/// is [`InvalidInput`](io::ErrorKind::InvalidInput).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use hyper::body::Bytes;
/// use fend::hyper::Connector;
/// use http_body_util::Empty;
///
/// let connector = Connector::new().timeout(Duration::from_secs(10));
/// let client = fend::hyper::client_builder().build::<_, Empty<Bytes>>(connector);
/// # fend::block_on(async {
/// let error = client.get("gopher://example.org".parse().unwrap()).await.unwrap_err();
/// # assert_eq!(
/// #     std::error::Error::source(&error).unwrap().to_string(),
/// #     "connect gopher://example.org: the scheme is neither http nor https"
/// # );
/// # });
/// ```
///
/// A private authority, with HTTP/2 all the same:
///
/// ```
/// use fend::hyper::Connector;
/// use fend::tls::{Context, Identity, Mode, TlsConnector};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let authority = Identity::self_signed(["localhost"])?.certificate().clone();
/// let context = Context::builder(Mode::Client).ca(authority).build()?;
/// let connector = Connector::new().tls_connector(&TlsConnector::with_context(context)?);
/// # let _ = connector;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Connector {
    timeout: Option<Duration>,
    attempt_delay: Option<Duration>,
    resolver: Option<Resolver>,
    nodelay: bool,
    #[cfg(feature = "tls")]
    tls: Option<TlsConnector>,
}

impl Connector {
    /// With the defaults: no limit of time but the [30 s of a TLS handshake](crate::tls::ContextBuilder::handshake_timeout), the process's
    /// resolver and authorities, `TCP_NODELAY`.
    pub fn new() -> Connector {
        Connector {
            timeout: None,
            attempt_delay: None,
            resolver: None,
            nodelay: true,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// How long a connection may take to be made, all of it: the lookup, the attempts and the handshake.
    pub fn timeout(self, timeout: Duration) -> Self {
        Connector { timeout: Some(timeout), ..self }
    }

    /// How long an attempt has before the next address is tried beside it: 250 ms unless it is set here. See
    /// [`TcpConnector::attempt_delay`](crate::net::TcpConnector::attempt_delay).
    pub fn attempt_delay(self, delay: Duration) -> Self {
        Connector { attempt_delay: Some(delay), ..self }
    }

    /// Who looks names up, in place of the process's [default](crate::dns::lookup).
    pub fn resolver(self, resolver: &Resolver) -> Self {
        Connector { resolver: Some(resolver.clone()), ..self }
    }

    /// Whether what is sent goes out at once, however little it is (`TCP_NODELAY`): it does unless it is set here.
    pub fn nodelay(self, nodelay: bool) -> Self {
        Connector { nodelay, ..self }
    }

    /// What shakes hands for `https`, for a context of one's own. Unless that one names [protocols](crate::tls::ContextBuilder::alpn), `h2` and `http/1.1`
    /// are offered. Without it, the one of [`connect_tls`](crate::connect_tls) does.
    ///
    /// A context that names `http/1.1` alone is for what HTTP/2 does not have, such as an upgrade to a WebSocket: a server that offers both
    /// would choose HTTP/2.
    #[cfg(feature = "tls")]
    pub fn tls_connector(self, connector: &TlsConnector) -> Self {
        Connector { tls: Some(connector.clone()), ..self }
    }

    fn connect(&self, origin: &Origin) -> Attempt {
        match origin.scheme {
            Scheme::Http => Attempt::Tcp(self.connect_tcp(origin)),
            #[cfg(feature = "tls")]
            Scheme::Https => Attempt::Tls(self.connect_tls(origin)),
        }
    }

    fn connect_tcp(&self, origin: &Origin) -> Connect {
        let mut connect =
            crate::connect((origin.host.as_str(), origin.port)).nodelay(self.nodelay).called(&origin.text);
        if let Some(timeout) = self.timeout {
            connect = connect.timeout(timeout);
        }
        if let Some(delay) = self.attempt_delay {
            connect = connect.attempt_delay(delay);
        }
        match &self.resolver {
            Some(resolver) => connect.resolver(resolver),
            None => connect,
        }
    }

    #[cfg(feature = "tls")]
    fn connect_tls(&self, origin: &Origin) -> ConnectTls {
        let mut connect = crate::connect_tls((origin.host.as_str(), origin.port))
            .nodelay(self.nodelay)
            .called(&origin.text)
            .offer(PROTOCOLS);
        if let Some(timeout) = self.timeout {
            connect = connect.timeout(timeout);
        }
        if let Some(delay) = self.attempt_delay {
            connect = connect.attempt_delay(delay);
        }
        if let Some(resolver) = &self.resolver {
            connect = connect.resolver(resolver);
        }
        match &self.tls {
            Some(connector) => connect.connector(connector),
            None => connect,
        }
    }
}

impl Default for Connector {
    fn default() -> Connector {
        Connector::new()
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = io::Error;
    type Future = Connecting;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Connecting {
        Connecting(match Origin::of(&uri) {
            Ok(origin) => self.connect(&origin),
            Err(error) => Attempt::Refused(Some(error)),
        })
    }
}

/// Future of a [`Connector`]. Dropping it gives the connection up.
#[must_use = "nothing is connected unless this is awaited"]
pub struct Connecting(Attempt);

enum Attempt {
    /// The URI names no server.
    Refused(Option<io::Error>),
    Tcp(Connect),
    #[cfg(feature = "tls")]
    Tls(ConnectTls),
}

impl Future for Connecting {
    type Output = io::Result<Stream>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        Poll::Ready(match &mut self.0 {
            Attempt::Refused(error) => Err(error.take().expect("a connect was polled after its end")),
            Attempt::Tcp(connect) => ready!(Pin::new(connect).poll(cx)).map(Stream::from),
            #[cfg(feature = "tls")]
            Attempt::Tls(connect) => ready!(Pin::new(connect).poll(cx)).map(Stream::from),
        })
    }
}

impl fmt::Debug for Connecting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut connecting = f.debug_tuple("Connecting");
        match &self.0 {
            Attempt::Refused(error) => connecting.field(error),
            Attempt::Tcp(connect) => connecting.field(connect),
            #[cfg(feature = "tls")]
            Attempt::Tls(connect) => connecting.field(connect),
        };
        connecting.finish()
    }
}
