//! [`Peer`]: who has sent a request.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hyper::Request;
use hyper::service::Service;

#[cfg(feature = "tls")]
use crate::tls::{Certificate, TlsInfo};

/// The client at the other end of a connection. Each request has one in its [extensions](http::Extensions), and
/// [`serve_with`](super::Server::serve_with) makes services by it. Clones are cheap.
///
/// `A` is the listener's type of addresses.
///
/// # Examples
///
/// ```
/// use std::convert::Infallible;
///
/// use fend::hyper::server::Peer;
/// use hyper::body::Incoming;
/// use hyper::{Request, Response};
///
/// async fn whoami(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
///     let peer: &Peer = request.extensions().get().expect("fend::hyper::Server has put it there");
///     Ok(Response::new(format!("{}\n", peer.addr())))
/// }
/// ```
///
/// With axum it is the extractor `Extension<Peer>`.
pub struct Peer<A = SocketAddr>(Arc<Facts<A>>);

struct Facts<A> {
    addr: A,
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

impl<A> Peer<A> {
    pub(super) fn new(addr: A, #[cfg(feature = "tls")] tls: Option<TlsFacts>) -> Peer<A> {
        Peer(Arc::new(Facts {
            addr,
            #[cfg(feature = "tls")]
            tls,
        }))
    }

    /// Its address.
    pub fn addr(&self) -> &A {
        &self.0.addr
    }

    /// What the handshake has agreed on. `None` without TLS.
    #[cfg(feature = "tls")]
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.0.tls.as_ref().map(|tls| &tls.info)
    }

    /// The client's certificate. `None` when it has none, or was not [asked](crate::tls::ContextBuilder::verify) for one.
    #[cfg(feature = "tls")]
    pub fn certificate(&self) -> Option<&Certificate> {
        self.0.tls.as_ref()?.certificate.as_ref()
    }
}

impl<A> Clone for Peer<A> {
    fn clone(&self) -> Self {
        Peer(self.0.clone())
    }
}

impl<A: fmt::Debug> fmt::Debug for Peer<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut this = f.debug_struct("Peer");
        this.field("addr", &self.0.addr);
        #[cfg(feature = "tls")]
        this.field("tls", &self.0.tls.as_ref().map(|tls| &tls.info));
        this.finish_non_exhaustive()
    }
}

/// Puts the peer into each request, and tells that there was one.
#[derive(Debug)]
pub(super) struct WithPeer<S, A> {
    pub(super) service: S,
    pub(super) peer: Peer<A>,
    pub(super) asked: Arc<AtomicBool>,
}

impl<S, B, A> Service<Request<B>> for WithPeer<S, A>
where
    S: Service<Request<B>>,
    A: Send + Sync + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn call(&self, mut request: Request<B>) -> S::Future {
        self.asked.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(self.peer.clone());
        self.service.call(request)
    }
}
