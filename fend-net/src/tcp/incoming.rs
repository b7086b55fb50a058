//! The connections of a listener as a [`Stream`].

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use super::{TcpListener, TcpStream};

/// The connections of a borrowed listener; made by [`TcpListener::incoming`]. Never ends.
///
/// Dropping it loses no connection.
#[derive(Debug, Clone)]
#[must_use = "streams do nothing unless polled"]
pub struct Incoming<'a> {
    listener: &'a TcpListener,
}

impl<'a> Incoming<'a> {
    pub(super) fn of(listener: &'a TcpListener) -> Self {
        Incoming { listener }
    }
}

impl Stream for Incoming<'_> {
    type Item = io::Result<TcpStream>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        poll_incoming(self.listener, cx)
    }
}

impl FusedStream for Incoming<'_> {
    fn is_terminated(&self) -> bool {
        false
    }
}

/// The connections of a listener that it owns; made by [`TcpListener::into_incoming`]. Never ends.
///
/// Dropping it drops the listener: without other clones, connections that nobody has taken are reset.
#[derive(Debug, Clone)]
#[must_use = "streams do nothing unless polled"]
pub struct IntoIncoming {
    listener: TcpListener,
}

impl IntoIncoming {
    pub(super) fn of(listener: TcpListener) -> Self {
        IntoIncoming { listener }
    }

    /// The listener.
    pub fn into_inner(self) -> TcpListener {
        self.listener
    }
}

impl AsRef<TcpListener> for IntoIncoming {
    fn as_ref(&self) -> &TcpListener {
        &self.listener
    }
}

impl Stream for IntoIncoming {
    type Item = io::Result<TcpStream>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        poll_incoming(&self.listener, cx)
    }
}

impl FusedStream for IntoIncoming {
    fn is_terminated(&self) -> bool {
        false
    }
}

fn poll_incoming(listener: &TcpListener, cx: &mut Context<'_>) -> Poll<Option<io::Result<TcpStream>>> {
    listener.poll_accept(cx).map(|accepted| Some(accepted.map(|(stream, _)| stream)))
}
