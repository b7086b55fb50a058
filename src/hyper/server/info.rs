//! [`ConnectionInfo`]: what is known of a request's connection.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::Request;
use hyper::service::Service;

#[cfg(feature = "tls")]
use crate::tls::{Certificate, TlsInfo};

/// What is known of a connection. Each request has one in its [extensions](http::Extensions), and
/// [`serve_with`](super::Server::serve_with) makes services by it. Clones are cheap.
///
/// `A` is the listener's type of addresses.
///
/// # Examples
///
/// ```
/// use std::convert::Infallible;
///
/// use fend::hyper::server::ConnectionInfo;
/// use hyper::body::Incoming;
/// use hyper::{Request, Response};
///
/// async fn whoami(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
///     let connection: &ConnectionInfo = request.extensions().get().expect("fend::hyper::Server has put it there");
///     Ok(Response::new(format!("{}\n", connection.peer_addr())))
/// }
/// ```
///
/// With axum it is the extractor `Extension<ConnectionInfo>`.
pub struct ConnectionInfo<A = SocketAddr>(Arc<Facts<A>>);

struct Facts<A> {
    peer: A,
    #[cfg(feature = "tls")]
    tls: Option<TlsFacts>,
}

/// Read once: the session is hyper's afterwards.
#[cfg(feature = "tls")]
#[derive(Debug)]
pub(super) struct TlsFacts {
    pub(super) info: TlsInfo,
    pub(super) certificate: Option<Certificate>,
}

impl<A> ConnectionInfo<A> {
    pub(super) fn new(peer: A, #[cfg(feature = "tls")] tls: Option<TlsFacts>) -> ConnectionInfo<A> {
        ConnectionInfo(Arc::new(Facts {
            peer,
            #[cfg(feature = "tls")]
            tls,
        }))
    }

    /// The peer's address.
    pub fn peer_addr(&self) -> &A {
        &self.0.peer
    }

    /// What the handshake has agreed on. `None` without TLS.
    #[cfg(feature = "tls")]
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.0.tls.as_ref().map(|tls| &tls.info)
    }

    /// The client's certificate. `None` when it has none, or was not [asked](crate::tls::ContextBuilder::verify) for one.
    #[cfg(feature = "tls")]
    pub fn peer_certificate(&self) -> Option<&Certificate> {
        self.0.tls.as_ref()?.certificate.as_ref()
    }
}

impl<A> Clone for ConnectionInfo<A> {
    fn clone(&self) -> Self {
        ConnectionInfo(self.0.clone())
    }
}

impl<A: fmt::Debug> fmt::Debug for ConnectionInfo<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut this = f.debug_struct("ConnectionInfo");
        this.field("peer_addr", &self.0.peer);
        #[cfg(feature = "tls")]
        this.field("tls", &self.0.tls.as_ref().map(|tls| &tls.info));
        this.finish_non_exhaustive()
    }
}

/// Puts the facts into each request.
#[derive(Debug)]
pub(super) struct Informed<S, A> {
    pub(super) service: S,
    pub(super) info: ConnectionInfo<A>,
}

impl<S, B, A> Service<Request<B>> for Informed<S, A>
where
    S: Service<Request<B>>,
    A: Send + Sync + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn call(&self, mut request: Request<B>) -> S::Future {
        request.extensions_mut().insert(self.info.clone());
        self.service.call(request)
    }
}
