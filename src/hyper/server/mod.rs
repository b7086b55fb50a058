//! A server for HTTP/1 and HTTP/2 over a [`Listener`]: [`Server`].
//!
//! ```text
//!  Listener ──▶ handshake ──▶ first bytes ──▶ HTTP/1 or HTTP/2 ──▶ an upgraded stream, until it is dropped
//!               (with TLS)    or ALPN tell
//!                             which HTTP
//! ```
//!
//! All of it happens in the connection's own task, in which the listener counts it. A drain reaches each connection where it is:
//!
//! | a connection that | when the listener is [drained](ListenerHandle::drain) or [stopped](ListenerHandle::stop) |
//! |---|---|
//! | answers a request | finishes it; HTTP/1 says `connection: close`, HTTP/2 sends GOAWAY and takes no further streams |
//! | waits for its next request, or for the first byte of its first | ends at once; with HTTP/2, when the client has answered a PING: it may just have asked |
//! | has begun with its first request | has one more second for the rest of the head |
//! | shakes hands, or has just been taken | has one more second for that, and one for the first bytes of its request |
//! | was [upgraded](hyper::upgrade) | goes on until its stream is dropped |
//!
//! When the drain's deadline has passed, whatever is left is aborted.

mod connection;
mod failure;
mod first_bytes;
mod opening;
mod peer;
mod serve;
mod stream;
mod termination;
mod transport;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::{http1, http2};

pub use failure::{ConnectionFailure, ConnectionStep};
pub use peer::Peer;

use super::{Executor, Timer};
use crate::net::{Accept, IntoAddrs, Listener, ListenerHandle, TcpListener};
#[cfg(feature = "tls")]
use crate::tls::TlsAcceptor;

/// How long a client may take for the head of a request.
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(30);

/// How often a client of HTTP/2 is asked whether it is still there, and how long it may take to answer.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Serves HTTP/1 and HTTP/2 over a [`Listener`], with TLS where it is given an [acceptor](Server::tls).
///
/// The listener's limit of connections, its pauses when descriptors have run out, its metrics and its drain are the server's. Each connection
/// is served in a task of its own; with HTTP/2, each request in one more. Which HTTP a client speaks is found out: by ALPN where there is TLS,
/// else by its first bytes (HTTP/2 "with prior knowledge", RFC 9113, section 3.3).
///
/// Unless said otherwise,
///
/// - a client has 30 s for the [head of a request](Server::header_read_timeout), which is also how long a connection of HTTP/1 may
///   idle between two requests;
/// - a client of HTTP/2 is pinged every 20 s, and its connection ends when it does not answer within 20 s;
/// - a connection of HTTP/2 has at most 200 requests at once, and the rest is as hyper has it;
/// - TCP connections have `TCP_NODELAY`.
///
/// A request has a [`Peer`] in its extensions. A panic of the service ends its connection of HTTP/1, or its request of HTTP/2, and
/// is told as that of any task.
///
/// A service answers HEAD without a body, and says the length itself: with HTTP/2 hyper sends what it is given. (axum sees to it.)
///
/// # Examples
///
/// ```
/// use std::convert::Infallible;
/// use std::time::Duration;
///
/// use fend::hyper::Server;
/// use http_body_util::Full;
/// use hyper::body::{Bytes, Incoming};
/// use hyper::service::service_fn;
/// use hyper::{Request, Response};
///
/// async fn hello(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
///     Ok(Response::new(format!("hello from {}\n", request.uri().path()).into()))
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// fend::block_on(async {
///     let server = Server::bind("127.0.0.1:0").await?.max_connections(1000);
///     let (address, handle) = (server.local_addr()?, server.handle());
///     let served = fend::spawn(server.serve(service_fn(hello)));
///
///     let client = fend::net::TcpStream::connect(address).await?;
///     client.send_all(b"GET /here HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
///     let mut answer = [0; 15];
///     client.recv_exact(&mut answer).await?;
///     assert_eq!(&answer, b"HTTP/1.1 200 OK");
///
///     // The client keeps its connection, which is idle: it ends now.
///     assert!(handle.drain(Duration::from_secs(10)).await.is_clean());
///     served.await??;
///     Ok(())
/// })
/// # }
/// ```
///
/// A tower service, such as axum's `Router`, goes to [`serve_tower`](Server::serve_tower). Over TLS, until the program is told to end:
///
/// ```no_run
/// use std::time::Duration;
///
/// use fend::hyper::Server;
/// # #[cfg(feature = "tls")]
/// use fend::tls::TlsAcceptor;
/// # use hyper::body::Incoming;
/// # async fn hello(_: hyper::Request<Incoming>) -> Result<hyper::Response<String>, std::convert::Infallible> {
/// #     Ok(hyper::Response::new(String::new()))
/// # }
///
/// # #[cfg(feature = "tls")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// fend::block_on(async {
///     let report = Server::bind("[::]:443")
///         .await?
///         .tls(TlsAcceptor::from_files("/etc/server/cert.pem", "/etc/server/key.pem")?)
///         .on_error(|failure| {
///             if !failure.is_everyday() {
///                 eprintln!("{failure}");
///             }
///         })
///         .graceful(Duration::from_secs(10))
///         .serve(hyper::service::service_fn(hello))
///         .await?;
///     println!("{} connections did not end in time", report.aborted);
///     Ok(())
/// })
/// # }
/// # #[cfg(not(feature = "tls"))]
/// # fn main() {}
/// ```
///
/// Any other listener, with options of its own:
///
/// ```
/// use fend::hyper::Server;
/// use fend::net::{Listener, UnixListener};
///
/// # fend::block_on(async {
/// # let path = std::env::temp_dir().join(format!("fend-http-{}", std::process::id()));
/// let listener = Listener::new(UnixListener::bind(&path).await?).max_connections(100).on_error(|failure| eprintln!("{}", failure.error()));
/// let server = Server::new(listener);
/// # drop(server);
/// # std::fs::remove_file(path)?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub struct Server<L = TcpListener>
where
    L: Accept,
{
    listener: Listener<L>,
    settings: Settings<L::Addr>,
}

/// What all connections have in common.
struct Settings<A> {
    #[cfg(feature = "tls")]
    tls: Option<TlsAcceptor>,
    protocols: Protocols,
    http1: http1::Builder,
    http2: http2::Builder<Executor>,
    header_read_timeout: Duration,
    report: Option<Arc<Report<A>>>,
    graceful: Option<Duration>,
}

type Report<A> = dyn Fn(&ConnectionFailure<'_, A>) + Send + Sync;

/// What a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocols {
    Both,
    Http1,
    Http2,
}

impl Server {
    /// Listens on a TCP address: [`TcpListener::bind`]. For a socket with options, or of another family, see [`new`](Self::new).
    ///
    /// # Errors
    ///
    /// As [`TcpListener::bind`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it never waits.
    pub async fn bind(addrs: impl IntoAddrs) -> io::Result<Server> {
        Listener::bind(addrs).await.map(Server::new)
    }
}

impl<L: Accept> Server<L> {
    /// Serves the connections of `listener`, whose limit and hooks are kept.
    pub fn new(listener: impl Into<Listener<L>>) -> Server<L> {
        let mut http1 = http1::Builder::new();
        http1.timer(Timer).header_read_timeout(HEADER_READ_TIMEOUT);
        let mut http2 = http2::Builder::new(Executor);
        http2.timer(Timer).keep_alive_interval(KEEP_ALIVE).keep_alive_timeout(KEEP_ALIVE);
        let settings = Settings {
            #[cfg(feature = "tls")]
            tls: None,
            protocols: Protocols::Both,
            http1,
            http2,
            header_read_timeout: HEADER_READ_TIMEOUT,
            report: None,
            graceful: None,
        };
        Server { listener: listener.into(), settings }
    }

    /// Shakes hands with each client first. The acceptor's deadline and limit of handshakes hold.
    ///
    /// The application protocols of its context (ALPN) are offered, as far as they are `h2` and `http/1.1` and the server speaks them. Those of
    /// a context that names none, as [`TlsAcceptor::new`](crate::tls::TlsAcceptor::new) makes it, are all that the server speaks, `h2` first. They
    /// count for clients whose [name](crate::tls::ContextBuilder::sni_context) has a context of its own, too.
    ///
    /// [Early data](crate::tls::ContextBuilder::early_data), where the context takes any, is read as the beginning of what the client sends, once the
    /// handshake is over. So what it asks for cannot be a replay (RFC 8470, section 3).
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, acceptor: TlsAcceptor) -> Self {
        self.settings.tls = Some(acceptor);
        self
    }

    /// Speaks HTTP/1.0 and HTTP/1.1, and not HTTP/2.
    #[must_use]
    pub fn http1_only(mut self) -> Self {
        self.settings.protocols = Protocols::Http1;
        self
    }

    /// Speaks HTTP/2, and not HTTP/1.
    #[must_use]
    pub fn http2_only(mut self) -> Self {
        self.settings.protocols = Protocols::Http2;
        self
    }

    /// How long a client may take for the head of a request: from the handshake or the last response to the last byte of the head with
    /// HTTP/1, to the first bytes with HTTP/2. 30 s unless said. Its connection ends then. On a new connection of HTTP/1 the time begins anew
    /// with the first byte.
    #[must_use]
    pub fn header_read_timeout(mut self, timeout: Duration) -> Self {
        self.settings.header_read_timeout = timeout;
        self.settings.http1.header_read_timeout(timeout);
        self
    }

    /// Sets what hyper lets one choose of HTTP/1.
    ///
    /// # Examples
    ///
    /// ```
    /// # fend::block_on(async {
    /// let server = fend::hyper::Server::bind("127.0.0.1:0").await?.http1(|http1| {
    ///     http1.max_headers(50).max_buf_size(64 * 1024);
    /// });
    /// # drop(server);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn http1(mut self, set: impl FnOnce(&mut http1::Builder)) -> Self {
        set(&mut self.settings.http1);
        self
    }

    /// Sets what hyper lets one choose of HTTP/2.
    ///
    /// # Examples
    ///
    /// ```
    /// # fend::block_on(async {
    /// let server = fend::hyper::Server::bind("127.0.0.1:0").await?.http2(|http2| {
    ///     http2.max_concurrent_streams(50).enable_connect_protocol();
    /// });
    /// # drop(server);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn http2(mut self, set: impl FnOnce(&mut http2::Builder<Executor>)) -> Self {
        set(&mut self.settings.http2);
        self
    }

    /// How many connections there may be at once: [`Listener::max_connections`].
    ///
    /// # Panics
    ///
    /// When `max` is 0.
    #[must_use]
    #[track_caller]
    pub fn max_connections(mut self, max: usize) -> Self {
        self.listener = self.listener.max_connections(max);
        self
    }

    /// Has `report` told of each connection that ends by an error, as it happens: for logs. It must not block. Nothing is said otherwise.
    ///
    /// What the listener survives is told to [its own](Listener::on_error).
    #[must_use]
    pub fn on_error(
        mut self,
        report: impl Fn(&ConnectionFailure<'_, L::Addr>) + Send + Sync + 'static,
    ) -> Self {
        self.settings.report = Some(Arc::new(report));
        self
    }

    /// Drains the server when SIGTERM or SIGINT (^C) comes: no more connections are taken, and those that are there have until `deadline`
    /// is over. [`serve`](Self::serve) then gives its report. A second signal ends the program at once.
    ///
    /// The signals are listened for while the server serves. After the first one, and at the end, both do again what they did
    /// before ([`signal::restore`](crate::signal::restore())), also for other listeners of theirs. A program that has more to do when it is told
    /// to end listens itself, and calls [`ListenerHandle::drain`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use fend::hyper::Server;
    /// use hyper::service::service_fn;
    /// # use hyper::body::Incoming;
    /// # async fn hello(_: hyper::Request<Incoming>) -> Result<hyper::Response<String>, std::convert::Infallible> {
    /// #     Ok(hyper::Response::new(String::new()))
    /// # }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// fend::block_on(async {
    ///     let server = Server::bind("127.0.0.1:0").await?.graceful(Duration::from_secs(10));
    /// #   let handle = server.handle();
    /// #   fend::spawn(async move { handle.stop() });
    ///     let report = server.serve(service_fn(hello)).await?;
    ///     assert!(report.is_clean());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn graceful(mut self, deadline: Duration) -> Self {
        self.settings.graceful = Some(deadline);
        self
    }

    /// A handle that watches the server and can end it from elsewhere.
    pub fn handle(&self) -> ListenerHandle {
        self.listener.handle()
    }

    /// The address it listens on.
    ///
    /// # Errors
    ///
    /// What getsockname(2) says.
    pub fn local_addr(&self) -> io::Result<L::Addr> {
        self.listener.local_addr()
    }

    /// The listener.
    pub fn get_ref(&self) -> &Listener<L> {
        &self.listener
    }
}

impl<L: Accept> From<Listener<L>> for Server<L> {
    fn from(listener: Listener<L>) -> Server<L> {
        Server::new(listener)
    }
}

impl<L: Accept> fmt::Debug for Server<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut this = f.debug_struct("Server");
        this.field("listener", &self.listener).field("protocols", &self.settings.protocols);
        #[cfg(feature = "tls")]
        this.field("tls", &self.settings.tls.is_some());
        this.field("graceful", &self.settings.graceful).finish_non_exhaustive()
    }
}
