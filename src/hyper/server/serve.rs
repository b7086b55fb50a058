//! The ways to serve.

use std::error::Error;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use futures_io::{AsyncRead, AsyncWrite};
use hyper::body::{Body, Incoming};
use hyper::rt::{Read, Write};
use hyper::service::Service;
use hyper::{Request, Response};
use hyper_util::service::TowerToHyperService;

use super::connection::Connections;
use super::opening::Opening;
#[cfg(feature = "tls")]
use super::opening::Tls;
use super::peer::Peer;
use super::termination::until_told;
use super::{Server, Settings};
use crate::net::{Accept, DrainReport};
use crate::task::CancellationToken;

type BoxError = Box<dyn Error + Send + Sync>;

impl<L> Server<L>
where
    L: Accept,
    L::Stream: Read + Write + AsyncRead + AsyncWrite,
    L::Addr: Sync,
{
    /// Serves until it is [stopped](crate::net::ListenerHandle::stop) and the last connection has ended, and says what became of
    /// the connections since then. Each connection has a clone of `service`.
    ///
    /// Where the compiler does not take a service:
    ///
    /// | it says | do |
    /// |---|---|
    /// | `Service<Request<Incoming>>` is not implemented for a closure or a function | wrap it in [`hyper::service::service_fn`] |
    /// | the same of axum's `Router`, which implements a "similarly named trait" | [`serve_tower`](Self::serve_tower) |
    /// | `dyn Error` cannot be sent between threads safely | let the service's errors be `Box<dyn Error + Send + Sync>`, or [`Infallible`](std::convert::Infallible) |
    /// | `&str: Body` is not satisfied | let the body be a `String`, or `Full` or another of `http-body-util` |
    ///
    /// # Errors
    ///
    /// - What no further accept can survive: see [`Listener::accept`](crate::net::Listener::accept). The connections go on.
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) at once when the context of the [TLS acceptor](Self::tls) names application
    ///   protocols, and the server speaks none of them.
    /// - With [`graceful`](Self::graceful), when the signals cannot be listened for.
    ///
    /// # Panics
    ///
    /// When the closure given to the listener's [`prepare`](crate::net::Listener::prepare) or
    /// [`on_error`](crate::net::Listener::on_error) does.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the listening socket: connections that are queued are reset. Those that are being served go on, and
    /// can be ended by a [handle](Self::handle).
    pub async fn serve<S, B>(self, service: S) -> io::Result<DrainReport>
    where
        S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError>,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        // Not every service can be cloned by two tasks at once.
        let service = Mutex::new(service);
        self.serve_with(move |_| service.lock().unwrap_or_else(PoisonError::into_inner).clone()).await
    }

    /// [`serve`](Self::serve) for a tower service, such as axum's `Router`. Each request has a clone of `service`, which is waited for to be
    /// ready.
    ///
    /// Of axum it is the `Router` itself, once it has its state, not what its `into_make_service` makes: [an example](crate::guide::cookbook#axum). Who asks is
    /// told by each request's [`Peer`].
    ///
    /// # Errors
    ///
    /// As [`serve`](Self::serve).
    ///
    /// # Panics
    ///
    /// As [`serve`](Self::serve).
    ///
    /// # Cancel safety
    ///
    /// As [`serve`](Self::serve).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use fend::hyper::Server;
    /// use hyper::body::Incoming;
    /// use hyper::{Request, Response};
    /// use tower::ServiceExt;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// fend::block_on(async {
    ///     // Or an axum `Router`, whose handlers have the client as `Extension<fend::hyper::server::Peer>`.
    ///     let service = tower::service_fn(|request: Request<Incoming>| async move {
    ///         Ok::<_, Infallible>(Response::new(request.uri().path().to_owned()))
    ///     });
    ///     let service = service.map_response(|mut response| {
    ///         response.headers_mut().insert("x-powered-by", http::HeaderValue::from_static("tower"));
    ///         response
    ///     });
    ///     let server = Server::bind("127.0.0.1:0").await?;
    ///     let (address, handle) = (server.local_addr()?, server.handle());
    ///     let served = fend::spawn(server.serve_tower(service));
    /// #   let client = fend::net::TcpStream::connect(address).await?;
    /// #   client.send_all(b"GET /here HTTP/1.0\r\n\r\n").await?;
    /// #   let mut answer = String::new();
    /// #   futures_lite::AsyncReadExt::read_to_string(&mut &client, &mut answer).await?;
    /// #   assert!(answer.contains("x-powered-by: tower\r\n") && answer.ends_with("/here"), "{answer}");
    ///     handle.stop();
    ///     served.await??;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn serve_tower<S, B>(self, service: S) -> io::Result<DrainReport>
    where
        S: tower_service::Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError>,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        self.serve(TowerToHyperService::new(service)).await
    }

    /// [`serve`](Self::serve) with a service of its own for each connection. `make` is called once the client has shaken hands and begun to send.
    ///
    /// # Errors
    ///
    /// As [`serve`](Self::serve).
    ///
    /// # Panics
    ///
    /// As [`serve`](Self::serve). A panic of `make` ends its connection.
    ///
    /// # Cancel safety
    ///
    /// As [`serve`](Self::serve).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// use fend::hyper::Server;
    /// use fend::hyper::server::Peer;
    /// use hyper::body::Incoming;
    /// use hyper::service::service_fn;
    /// use hyper::{Request, Response};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// fend::block_on(async {
    ///     let server = Server::bind("127.0.0.1:0").await?;
    ///     let (address, handle) = (server.local_addr()?, server.handle());
    ///     let served = fend::spawn(server.serve_with(|peer: &Peer| {
    ///         let peer = *peer.addr();
    ///         let requests = std::sync::Arc::new(AtomicUsize::new(0));
    ///         service_fn(move |_: Request<Incoming>| {
    ///             let number = 1 + requests.fetch_add(1, Ordering::Relaxed);
    ///             async move { Ok::<_, Infallible>(Response::new(format!("request {number} of {peer}\n"))) }
    ///         })
    ///     }));
    /// #   let client = fend::net::TcpStream::connect(address).await?;
    /// #   client.send_all(b"GET / HTTP/1.0\r\n\r\n").await?;
    /// #   let mut answer = String::new();
    /// #   futures_lite::AsyncReadExt::read_to_string(&mut &client, &mut answer).await?;
    /// #   assert!(answer.ends_with(&format!("request 1 of {}\n", client.local_addr()?)), "{answer}");
    ///     handle.stop();
    ///     served.await??;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn serve_with<M, S, B>(self, make: M) -> io::Result<DrainReport>
    where
        M: Fn(&Peer<L::Addr>) -> S + Send + Sync + 'static,
        S: Service<Request<Incoming>, Response = Response<B>> + Send + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError>,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let (handle, graceful) = (self.listener.handle(), self.settings.graceful);
        let connections = Arc::new(self.settings.connections(make, handle.token())?);
        let serving = self.listener.serve(move |stream, peer| {
            let connections = connections.clone();
            async move { connections.serve(stream, peer).await }
        });
        match graceful {
            Some(deadline) => until_told(serving, handle, deadline).await,
            None => serving.await,
        }
    }
}

impl<A> Settings<A> {
    fn connections<M>(self, make: M, drain: CancellationToken) -> io::Result<Connections<M, A>> {
        let opening = Opening {
            #[cfg(feature = "tls")]
            tls: self.tls.map(|acceptor| Tls::new(acceptor, self.protocols)).transpose()?,
            protocols: self.protocols,
            timeout: self.header_read_timeout,
            drain,
        };
        Ok(Connections { opening, http1: self.http1, http2: self.http2, report: self.report, make })
    }
}
