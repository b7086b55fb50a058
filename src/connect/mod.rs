//! Connecting by name: the lookup, the race of the addresses that it finds, and the TLS handshake, as one future.
//!
//! ```text
//!  target ──lookup──▶ addresses ──race (RFC 8305)──▶ TcpStream ──handshake──▶ TlsStream
//!     └─────────── one timeout, when there is one, for all of it ───────────────┘
//! ```

mod budget;
mod error;
mod steps;
mod target;
#[cfg(feature = "tls")]
mod tls;

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use fend_dns::Resolver;
use fend_net::TcpStream;

pub use target::IntoTarget;
#[cfg(feature = "tls")]
pub use tls::{ConnectTls, connect_tls};

use steps::{Options, connect_tcp};

/// Connects to a host and port, as RFC 8305 ("Happy Eyeballs") says.
///
/// The host is a name or an IP address, the port a number or a service of services(5): `"example.org:443"`, `"example.org:https"`,
/// `"[::1]:443"`, `("example.org", 443)`, or a [`SocketAddr`](std::net::SocketAddr). Its addresses of both families are
/// [looked up](crate::dns::lookup) and tried by turns: when an attempt fails, the next starts at once; when one has had no answer for
/// 250 ms, the next starts beside it. The first connection made is taken, and the sockets of the other attempts are closed at once.
///
/// The result is a future with settings: put them in front of the `.await`. There is no time limit unless a [`timeout`](Connect::timeout)
/// sets one.
///
/// # Errors
///
/// The text names the target, and whichever of its steps has failed: "connect example.org:443: lookup example.org: no such name (server
/// 127.0.0.1:53)", or each address with its own error and time: "connect example.org:443: no connection to 192.0.2.1:443: Connection
/// refused (os error 111) after 0.1 ms; \[2001:db8::1\]:443: Network is unreachable (os error 101) after 0.0 ms". The kind is that of
/// the step: [`InvalidInput`](io::ErrorKind::InvalidInput) for a target that is none, such as one without a port,
/// [`TimedOut`](io::ErrorKind::TimedOut) when the time is over.
///
/// The error of the step itself is the [`source`](std::error::Error::source) of the [`io::Error`]: a
/// [`LookupError`](crate::dns::LookupError), a [`ConnectError`](crate::net::ConnectError) (of a single address too), and of
/// [`connect_tls`] a [`TlsError`](crate::tls::TlsError). The text tells it already.
///
/// # Cancel safety
///
/// Cancel safe: dropping the future ends the lookup and gives the attempts up. Every socket of theirs is closed at once.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// # fend::block_on(async {
/// # let listener = fend::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let port = listener.local_addr()?.port();
/// let stream = fend::connect(("localhost", port)).timeout(Duration::from_secs(10)).nodelay(true).await?;
/// stream.send_all(b"hello").await?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
///
/// What has failed, for a program:
///
/// ```
/// use std::error::Error;
///
/// use fend::net::ConnectError;
///
/// # fend::block_on(async {
/// # let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
/// let error = fend::connect(("127.0.0.1", port)).await.unwrap_err();
/// let detail = error.source().and_then(|source| source.downcast_ref::<ConnectError>()).unwrap();
/// for attempt in detail.attempts() {
///     println!("{}: {} after {:?}", attempt.address(), attempt.error(), attempt.elapsed());
/// }
/// # assert_eq!(detail.attempts().len(), 1);
/// # });
/// ```
pub fn connect(target: impl IntoTarget) -> Connect {
    Connect { state: State::Begins(Options::new(target.into_target())) }
}

/// Future of [`connect`]; its methods set how. They do nothing once it was polled.
#[must_use = "nothing is connected unless this is awaited"]
pub struct Connect {
    state: State<Options, TcpStream>,
}

/// Owns all that it needs.
type Running<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;

enum State<O, T> {
    Begins(O),
    Runs(Running<T>),
    Over,
}

impl Connect {
    /// How long all of it may take: the lookup and the attempts together, from the first poll on. No limit unless it is set here.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.set(|options| options.timeout = Some(timeout))
    }

    /// How long an attempt has before the next address is tried beside it: 250 ms unless it is set here. See
    /// [`TcpConnector::attempt_delay`](crate::net::TcpConnector::attempt_delay).
    pub fn attempt_delay(self, delay: Duration) -> Self {
        self.set(|options| options.attempt_delay = Some(delay))
    }

    /// Who looks the name up, in place of the process's [default](crate::dns::lookup).
    pub fn resolver(self, resolver: &Resolver) -> Self {
        self.set(|options| options.resolver = Some(resolver.clone()))
    }

    /// Whether what is sent goes out at once, however little it is (`TCP_NODELAY`): not unless it is set here.
    pub fn nodelay(self, nodelay: bool) -> Self {
        self.set(|options| options.nodelay = nodelay)
    }

    /// What the target is called in errors: the URI that it comes from.
    #[cfg(feature = "hyper")]
    pub(crate) fn called(self, name: &str) -> Self {
        self.set(|options| options.called = Some(name.to_owned()))
    }

    fn set(mut self, change: impl FnOnce(&mut Options)) -> Self {
        if let State::Begins(options) = &mut self.state {
            change(options);
        }
        self
    }
}

impl Future for Connect {
    type Output = io::Result<TcpStream>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.state.poll(cx, |options| Box::pin(connect_tcp(options)))
    }
}

impl<O, T> State<O, T> {
    fn poll(&mut self, cx: &mut Context<'_>, begin: impl FnOnce(O) -> Running<T>) -> Poll<io::Result<T>> {
        if let State::Begins(_) = self {
            let State::Begins(options) = std::mem::replace(self, State::Over) else {
                unreachable!("it was looked at")
            };
            *self = State::Runs(begin(options));
        }
        let State::Runs(running) = self else { panic!("a connect was polled after its end") };
        let result = running.as_mut().poll(cx);
        if result.is_ready() {
            *self = State::Over;
        }
        result
    }
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state.describe(&mut f.debug_struct("Connect"), |options| options)
    }
}

impl<O, T> State<O, T> {
    /// For `Debug`: what is to be done, or how far it is.
    fn describe<'a>(
        &'a self,
        f: &mut fmt::DebugStruct<'_, '_>,
        options: impl FnOnce(&'a O) -> &'a Options,
    ) -> fmt::Result {
        match self {
            State::Begins(begins) => f.field("options", options(begins)),
            State::Runs(_) => f.field("state", &"runs"),
            State::Over => f.field("state", &"over"),
        }
        .finish_non_exhaustive()
    }
}
