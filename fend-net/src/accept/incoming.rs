//! The connections of a listener as a [`Stream`].

use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use super::{Accept, poll_accept};
use crate::tcp::TcpListener;

/// The connections of a borrowed listener; made by [`TcpListener::incoming`] and its like. Never ends.
///
/// Dropping it loses no connection.
#[derive(Debug, Clone)]
#[must_use = "streams do nothing unless polled"]
pub struct Incoming<'a, L = TcpListener> {
    listener: &'a L,
}

impl<'a, L: Accept> Incoming<'a, L> {
    pub(crate) fn of(listener: &'a L) -> Self {
        Incoming { listener }
    }
}

impl<L: Accept> Stream for Incoming<'_, L> {
    type Item = io::Result<L::Stream>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        poll_next(self.listener, cx)
    }
}

impl<L: Accept> FusedStream for Incoming<'_, L> {
    fn is_terminated(&self) -> bool {
        false
    }
}

/// The connections of a listener that it owns; made by [`TcpListener::into_incoming`] and its like. Never ends.
///
/// Dropping it drops the listener: without other clones, connections that nobody has taken are reset.
#[derive(Debug, Clone)]
#[must_use = "streams do nothing unless polled"]
pub struct IntoIncoming<L = TcpListener> {
    listener: L,
}

impl<L: Accept> IntoIncoming<L> {
    pub(crate) fn of(listener: L) -> Self {
        IntoIncoming { listener }
    }

    /// The listener.
    pub fn into_inner(self) -> L {
        self.listener
    }
}

impl<L> AsRef<L> for IntoIncoming<L> {
    fn as_ref(&self) -> &L {
        &self.listener
    }
}

impl<L: Accept> Stream for IntoIncoming<L> {
    type Item = io::Result<L::Stream>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        poll_next(&self.listener, cx)
    }
}

impl<L: Accept> FusedStream for IntoIncoming<L> {
    fn is_terminated(&self) -> bool {
        false
    }
}

fn poll_next<L: Accept>(listener: &L, cx: &mut Context<'_>) -> Poll<Option<io::Result<L::Stream>>> {
    poll_accept(listener, cx).map(|accepted| Some(accepted.map(|(stream, _)| stream)))
}

// As their listeners: see `tcp/unwind.rs`.
impl<L> UnwindSafe for Incoming<'_, L> {}
impl<L> RefUnwindSafe for Incoming<'_, L> {}
impl<L> UnwindSafe for IntoIncoming<L> {}
impl<L> RefUnwindSafe for IntoIncoming<L> {}
