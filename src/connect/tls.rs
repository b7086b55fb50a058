//! [`connect_tls`]: the same, and a TLS handshake with the host that was named.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};
use std::time::Duration;

use fend_dns::Resolver;
use fend_net::TcpStream;
use fend_tls::{TlsConnector, TlsStream};

use super::budget::Budget;
use super::error::{Cause, Step};
use super::steps::{Options, Way};
use super::{IntoTarget, State};

/// [Connects](crate::connect) to a host and port, and shakes hands with the server there, which must prove to be that host.
///
/// The target is as [`connect`](crate::connect) takes it. A host that is an IP address is compared with the addresses of the certificate.
///
/// The result is a future with settings: put them in front of the `.await`. Without a [`connector`](ConnectTls::connector) of your own one
/// with the defaults of [`TlsConnector::new`] is used. It is made once in a process, on the blocking pool since it reads the system's
/// authorities, and remembers sessions, so that a later connection to the same server goes on with them. What is trusted is what was in
/// those files at that time.
///
/// # Errors
///
/// As [`connect`](crate::connect), and what the handshake says: "connect example.org:443: TLS handshake with example.org: certificate has
/// expired (depth 0, ..)", with a [`TlsError`](crate::tls::TlsError) as the [`source`](std::error::Error::source).
///
/// # Cancel safety
///
/// Cancel safe, in that nothing is lost but the work: dropping the future closes every socket of it at once.
///
/// # Examples
///
/// ```no_run
/// use std::time::Duration;
///
/// # fend::block_on(async {
/// let stream = fend::connect_tls("example.org:https").timeout(Duration::from_secs(10)).await?;
/// stream.send_all(b"GET / HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n").await?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub fn connect_tls(target: impl IntoTarget) -> ConnectTls {
    // A handshake's last message and the first data are separate writes.
    let options = Options { nodelay: true, ..Options::new(target.into_target()) };
    ConnectTls {
        state: State::Begins(TlsOptions { options, connector: None, server_name: None, offered: &[] }),
    }
}

/// Future of [`connect_tls`]; its methods set how. They do nothing once it was polled.
#[must_use = "nothing is connected unless this is awaited"]
pub struct ConnectTls {
    state: State<TlsOptions, TlsStream<TcpStream>>,
}

struct TlsOptions {
    options: Options,
    connector: Option<TlsConnector>,
    server_name: Option<String>,
    /// Application protocols to offer when the connector's context names none.
    offered: &'static [&'static str],
}

impl ConnectTls {
    /// How long all of it may take: the lookup, the attempts and the handshake together, from the first poll on. Without it there is no limit
    /// but the [30 s of the handshake](crate::tls::ContextBuilder::handshake_timeout).
    pub fn timeout(self, timeout: Duration) -> Self {
        self.set(|tls| tls.options.timeout = Some(timeout))
    }

    /// How long an attempt has before the next address is tried beside it: 250 ms unless it is set here. See
    /// [`TcpConnector::attempt_delay`](crate::net::TcpConnector::attempt_delay).
    pub fn attempt_delay(self, delay: Duration) -> Self {
        self.set(|tls| tls.options.attempt_delay = Some(delay))
    }

    /// Who looks the name up, in place of the process's [default](crate::dns::lookup).
    pub fn resolver(self, resolver: &Resolver) -> Self {
        self.set(|tls| tls.options.resolver = Some(resolver.clone()))
    }

    /// Whether what is sent goes out at once, however little it is (`TCP_NODELAY`): it does unless it is set here, since the end of a
    /// handshake and the first data are separate writes.
    pub fn nodelay(self, nodelay: bool) -> Self {
        self.set(|tls| tls.options.nodelay = nodelay)
    }

    /// What shakes hands, for a context of one's own.
    pub fn connector(self, connector: &TlsConnector) -> Self {
        self.set(|tls| tls.connector = Some(connector.clone()))
    }

    /// Who the server must prove to be, and is told that it is wanted as (SNI), when it is not the target's host: for a connection to an
    /// address of a server that is known by a name.
    pub fn server_name(self, name: &str) -> Self {
        self.set(|tls| tls.server_name = Some(name.to_owned()))
    }

    /// What the target is called in errors: the URI that it comes from.
    #[cfg(feature = "hyper")]
    pub(crate) fn called(self, name: &str) -> Self {
        self.set(|tls| tls.options.called = Some(name.to_owned()))
    }

    /// Application protocols to offer, the best first, unless the connector's context names some itself.
    #[cfg(feature = "hyper")]
    pub(crate) fn offer(self, protocols: &'static [&'static str]) -> Self {
        self.set(|tls| tls.offered = protocols)
    }

    fn set(mut self, change: impl FnOnce(&mut TlsOptions)) -> Self {
        if let State::Begins(options) = &mut self.state {
            change(options);
        }
        self
    }
}

async fn connect(tls: TlsOptions) -> io::Result<TlsStream<TcpStream>> {
    let TlsOptions { options, connector, server_name, offered } = tls;
    let way = Way::of(&options, Budget::new(options.timeout));
    let target = options.target?;
    let host = server_name.unwrap_or_else(|| target.host());
    let result = async {
        // The same in ASCII, or the lookup's own error.
        let ascii = fend_dns::in_ascii(&host).map_err(Cause::Lookup)?;
        let connector = match connector {
            Some(connector) => connector,
            None => way.budget.within(Step::Authorities, default_connector()).await?,
        };
        let stream = way.to(&target).await?;
        let mut handshake = connector.handshake(&ascii, stream);
        if connector.context().alpn().len() == 0 && !offered.is_empty() {
            handshake = handshake.alpn(offered);
        }
        if way.budget.limit().is_some() {
            // What is left of it is counted here.
            handshake = handshake.timeout(None);
        }
        let handshake = async { handshake.await.map_err(Cause::Tls) };
        way.budget.within(Step::Handshake(host), handshake).await
    };
    result.await.map_err(|cause: Cause| cause.wrap(options.called.unwrap_or_else(|| target.to_string())))
}

/// The process's own.
static DEFAULT: OnceLock<TlsConnector> = OnceLock::new();

/// An error is not kept: the next connection tries anew. Several that begin at once may each read the files, and one connector stays.
async fn default_connector() -> Result<TlsConnector, Cause> {
    if let Some(connector) = DEFAULT.get() {
        return Ok(connector.clone());
    }
    // The system's list of authorities alone is a file of 200 KB.
    let made = fend_reactor::spawn_blocking(TlsConnector::new).await;
    let connector = made.map_err(|error| Cause::Io(error.into()))?.map_err(Cause::Tls)?;
    Ok(DEFAULT.get_or_init(|| connector).clone())
}

impl Future for ConnectTls {
    type Output = io::Result<TlsStream<TcpStream>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.state.poll(cx, |options| Box::pin(connect(options)))
    }
}

impl fmt::Debug for ConnectTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state.describe(&mut f.debug_struct("ConnectTls"), |tls| &tls.options)
    }
}
