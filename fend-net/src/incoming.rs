//! The connections of a listener as a [`Stream`].

use std::fmt::Debug;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use crate::unix::{UnixListener, UnixSeqpacket, UnixSeqpacketListener, UnixStream};
use crate::vsock::{VsockListener, VsockStream};

/// What [`Incoming`] can take connections from: the listeners of Unix and vsock sockets, and no other types.
pub trait Accepts: Sealed + Debug {
    /// A connection.
    type Connection;

    #[doc(hidden)]
    fn poll_connection(&self, cx: &mut Context<'_>) -> Poll<io::Result<Self::Connection>>;
}

/// Out of reach of other crates.
pub trait Sealed {}

impl Sealed for UnixListener {}

impl Accepts for UnixListener {
    type Connection = UnixStream;

    fn poll_connection(&self, cx: &mut Context<'_>) -> Poll<io::Result<UnixStream>> {
        self.poll_accept(cx).map_ok(|(stream, _)| stream)
    }
}

impl Sealed for UnixSeqpacketListener {}

impl Accepts for UnixSeqpacketListener {
    type Connection = UnixSeqpacket;

    fn poll_connection(&self, cx: &mut Context<'_>) -> Poll<io::Result<UnixSeqpacket>> {
        self.poll_accept(cx).map_ok(|(connection, _)| connection)
    }
}

impl Sealed for VsockListener {}

impl Accepts for VsockListener {
    type Connection = VsockStream;

    fn poll_connection(&self, cx: &mut Context<'_>) -> Poll<io::Result<VsockStream>> {
        self.poll_accept(cx).map_ok(|(stream, _)| stream)
    }
}

/// The connections of a borrowed listener; made by [`UnixListener::incoming`] and its like. Never ends.
///
/// Dropping it loses no connection.
#[derive(Debug, Clone)]
#[must_use = "streams do nothing unless polled"]
pub struct Incoming<'a, L = UnixListener> {
    listener: &'a L,
}

impl<'a, L: Accepts> Incoming<'a, L> {
    pub(crate) fn of(listener: &'a L) -> Self {
        Incoming { listener }
    }
}

impl<L: Accepts> Stream for Incoming<'_, L> {
    type Item = io::Result<L::Connection>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.listener.poll_connection(cx).map(Some)
    }
}

impl<L: Accepts> FusedStream for Incoming<'_, L> {
    fn is_terminated(&self) -> bool {
        false
    }
}

/// The connections of a listener that it owns; made by [`UnixListener::into_incoming`] and its like. Never ends.
///
/// Dropping it drops the listener: without other clones, connections that nobody has taken are reset.
#[derive(Debug, Clone)]
#[must_use = "streams do nothing unless polled"]
pub struct IntoIncoming<L = UnixListener> {
    listener: L,
}

impl<L: Accepts> IntoIncoming<L> {
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

impl<L: Accepts + Unpin> Stream for IntoIncoming<L> {
    type Item = io::Result<L::Connection>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.listener.poll_connection(cx).map(Some)
    }
}

impl<L: Accepts + Unpin> FusedStream for IntoIncoming<L> {
    fn is_terminated(&self) -> bool {
        false
    }
}

// As their listeners: see `tcp/unwind.rs`.
impl<L> UnwindSafe for Incoming<'_, L> {}
impl<L> RefUnwindSafe for Incoming<'_, L> {}
impl<L> UnwindSafe for IntoIncoming<L> {}
impl<L> RefUnwindSafe for IntoIncoming<L> {}
