//! One connection, from accept(2) to its end.

use std::any::Any;
use std::error::Error;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;

use futures_io::{AsyncRead, AsyncWrite};
use hyper::body::{Body, Incoming};
use hyper::rt::{Read, Write};
use hyper::server::conn::{http1, http2};
use hyper::service::Service;
use hyper::{Request, Response};

use super::failure::{ConnectionFailure, ConnectionStep};
use super::first_bytes::Version;
use super::opening::Opening;
use super::peer::{Peer, WithPeer};
use super::stream::ServerStream;
use super::transport::Transport;
use super::{Executor, Report};
use crate::net::TcpStream;
use crate::task::CancellationToken;

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
        let service = WithPeer { service: (self.make)(peer), peer: peer.clone() };
        let drain = &self.opening.drain;
        match version {
            Version::Http1 => {
                let connection = self.http1.serve_connection(stream, service).with_upgrades();
                drive(connection, drain, |connection| connection.graceful_shutdown()).await?;
                // What it was upgraded to is still this connection.
                dropped.cancelled().await;
            }
            Version::Http2 => {
                let connection = self.http2.serve_connection(stream, service);
                drive(connection, drain, |connection| connection.graceful_shutdown()).await?;
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

/// Runs the connection to its end, which it is told to come to when a drain begins. First it looks at what has come: a request that is there
/// is answered.
async fn drive<C>(
    connection: C,
    drain: &CancellationToken,
    shut_down: fn(Pin<&mut C>),
) -> Result<(), hyper::Error>
where
    C: Future<Output = Result<(), hyper::Error>>,
{
    let (mut connection, mut drained) = (pin!(connection), pin!(drain.cancelled()));
    let mut told = false;
    poll_fn(|cx| {
        let polled = connection.as_mut().poll(cx);
        if polled.is_ready() || told || drained.as_mut().poll(cx).is_pending() {
            return polled;
        }
        told = true;
        shut_down(connection.as_mut());
        connection.as_mut().poll(cx)
    })
    .await
}
