//! One connection, from accept(2) to its end.

use std::any::Any;
use std::error::Error;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::ready;

use futures_io::{AsyncRead, AsyncWrite};
use hyper::body::{Body, Incoming};
use hyper::rt::{Read, Write};
use hyper::server::conn::{http1, http2};
use hyper::service::Service;
use hyper::{Request, Response};

use super::failure::{ConnectionFailure, ConnectionStep};
use super::first_bytes::Version;
use super::opening::{GRACE, Opening};
use super::peer::{Peer, WithPeer};
use super::stream::ServerStream;
use super::transport::Transport;
use super::{Executor, Report};
use crate::net::TcpStream;
use crate::task::CancellationToken;
use crate::time::sleep;

type BoxError = Box<dyn Error + Send + Sync>;

/// What the connections of a server share.
pub(super) struct Connections<M, A> {
    pub(super) opening: Opening,
    pub(super) http1: http1::Builder,
    pub(super) http2: http2::Builder<Executor>,
    pub(super) report: Option<Arc<Report<A>>>,
    /// Makes the service of a connection.
    pub(super) make: M,
}

impl<M, A> Connections<M, A>
where
    A: Send + Sync + 'static,
{
    pub(super) async fn serve<I, S, B>(&self, stream: I, peer: A)
    where
        I: Read + Write + AsyncRead + AsyncWrite + Unpin + Send + 'static,
        M: Fn(&Peer<A>) -> S,
        S: Service<Request<Incoming>, Response = Response<B>>,
        S::Future: Send + 'static,
        S::Error: Into<BoxError>,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        set_nodelay(&stream);
        #[cfg(feature = "tls")]
        let transport = match self.opening.secure(stream).await {
            Ok(Some(transport)) => transport,
            Ok(None) => return,
            Err(error) => return self.tell(&peer, ConnectionStep::Handshake, &error),
        };
        #[cfg(not(feature = "tls"))]
        let transport = Transport::Plain(stream);
        let peer = Peer::new(
            peer,
            #[cfg(feature = "tls")]
            transport.facts(),
        );
        if let Err(error) = self.serve_http(transport, &peer).await {
            self.tell(peer.addr(), ConnectionStep::Http, &*error);
        }
    }

    async fn serve_http<I, S, B>(&self, transport: Transport<I>, peer: &Peer<A>) -> Result<(), BoxError>
    where
        I: Read + Write + AsyncRead + AsyncWrite + Unpin + Send + 'static,
        M: Fn(&Peer<A>) -> S,
        S: Service<Request<Incoming>, Response = Response<B>>,
        S::Future: Send + 'static,
        S::Error: Into<BoxError>,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let (expected, early) = (self.opening.expected(&transport), transport.early_data());
        let (mut stream, dropped) = ServerStream::new(transport, early);
        let Some(version) = self.opening.version(&mut stream, expected).await? else { return Ok(()) };
        let asked = Arc::new(AtomicBool::new(false));
        let service = WithPeer { service: (self.make)(peer), peer: peer.clone(), asked: asked.clone() };
        let ending = Ending { drain: &self.opening.drain, asked: &asked };
        match version {
            Version::Http1 => {
                let connection = self.http1.serve_connection(stream, service).with_upgrades();
                ending.drive(connection, |connection| connection.graceful_shutdown()).await?;
                // What it was upgraded to is still this connection.
                dropped.cancelled().await;
            }
            Version::Http2 => {
                let connection = self.http2.serve_connection(stream, service);
                ending.drive(connection, |connection| connection.graceful_shutdown()).await?;
            }
        }
        Ok(())
    }

    fn tell(&self, peer: &A, step: ConnectionStep, error: &(dyn Error + Send + Sync + 'static)) {
        if let Some(report) = &self.report {
            report(&ConnectionFailure::new(peer, step, error));
        }
    }
}

/// Answers go out at once. A connection that cannot be told so has ended, and its next operation tells.
fn set_nodelay<I: 'static>(stream: &I) {
    if let Some(stream) = (stream as &dyn Any).downcast_ref::<TcpStream>() {
        let _ = stream.set_nodelay(true);
    }
}

/// What ends a connection beside its client.
struct Ending<'a> {
    drain: &'a CancellationToken,
    /// Whether there was a request.
    asked: &'a AtomicBool,
}

impl Ending<'_> {
    /// Runs the connection to its end, which it is told to come to when a drain begins. First it looks at what has come: a request that is
    /// there is answered.
    ///
    /// hyper ends a connection between two requests at once. One on which the first is still to come it leaves its time, as long as it would
    /// have without a drain: that is cut short here.
    async fn drive<C>(&self, connection: C, shut_down: fn(Pin<&mut C>)) -> Result<(), hyper::Error>
    where
        C: Future<Output = Result<(), hyper::Error>>,
    {
        let (mut connection, mut drained) = (pin!(connection), pin!(self.drain.cancelled()));
        let mut grace = None;
        poll_fn(|cx| {
            let mut polled = connection.as_mut().poll(cx);
            if polled.is_pending() && grace.is_none() {
                ready!(drained.as_mut().poll(cx));
                grace = Some(sleep(GRACE));
                shut_down(connection.as_mut());
                polled = connection.as_mut().poll(cx);
            }
            match &mut grace {
                Some(grace) if polled.is_pending() && !self.asked.load(Ordering::Relaxed) => {
                    Pin::new(grace).poll(cx).map(Ok)
                }
                _ => polled,
            }
        })
        .await
    }
}
