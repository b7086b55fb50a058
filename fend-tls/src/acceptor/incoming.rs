//! [`TlsIncoming`]: handshakes beside the accept loop.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use fend_reactor::task::TaskGroup;
use futures_core::Stream;
use futures_io::{AsyncRead, AsyncWrite};

use super::TlsAcceptor;
use crate::error::TlsError;
use crate::stream::TlsStream;

/// How many connections are taken in one poll before the handshakes that are over are looked at again.
const IN_A_ROW: usize = 32;

/// Connections after their handshakes; made by [`TlsAcceptor::incoming`]. Dropping it ends the handshakes that run, and closes their
/// connections.
///
/// An item is a session, the failure of one handshake, or an error of the stream of connections ([`TlsError::is_io`]), such as
/// accept(2) without file descriptors. It ends when that stream has ended and all handshakes are over. Connections are taken as they come;
/// how many there may be is for whoever accepts them to limit.
#[must_use = "streams do nothing unless polled"]
pub struct TlsIncoming<I, S> {
    acceptor: TlsAcceptor,
    /// `None` at its end.
    connections: Option<I>,
    handshakes: TaskGroup<Result<TlsStream<S>, TlsError>>,
}

impl<I, S> TlsIncoming<I, S> {
    pub(super) fn new(acceptor: TlsAcceptor, connections: I) -> Self {
        TlsIncoming { acceptor, connections: Some(connections), handshakes: TaskGroup::new() }
    }
}

impl<I, S> Stream for TlsIncoming<I, S>
where
    I: Stream<Item = io::Result<S>> + Unpin,
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Item = Result<TlsStream<S>, TlsError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        for _ in 0..IN_A_ROW {
            let Some(connections) = &mut this.connections else { return this.poll_handshakes(cx) };
            match Pin::new(connections).poll_next(cx) {
                Poll::Pending => return this.poll_handshakes(cx),
                Poll::Ready(Some(Ok(stream))) => {
                    this.handshakes.spawn(this.acceptor.handshake(stream));
                }
                Poll::Ready(Some(Err(error))) => {
                    return Poll::Ready(Some(Err(TlsError::io("accept", error))));
                }
                Poll::Ready(None) => this.connections = None,
            }
        }
        // There may be more connections: come back, unless there is something to return.
        let next = this.poll_handshakes(cx);
        if next.is_pending() {
            cx.waker().wake_by_ref();
        }
        next
    }
}

impl<I, S> TlsIncoming<I, S>
where
    S: Send + 'static,
{
    fn poll_handshakes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<TlsStream<S>, TlsError>>> {
        match self.handshakes.poll_join_next(cx) {
            Poll::Ready(Some(Ok(result))) => Poll::Ready(Some(result)),
            Poll::Ready(Some(Err(error))) => {
                Poll::Ready(Some(Err(TlsError::io("TLS handshake", error.into()))))
            }
            Poll::Ready(None) if self.connections.is_none() => Poll::Ready(None),
            // The group is empty: a connection wakes us.
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

impl<I, S> fmt::Debug for TlsIncoming<I, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsIncoming")
            .field("acceptor", &self.acceptor)
            .field("handshakes", &self.handshakes.len())
            .finish_non_exhaustive()
    }
}
