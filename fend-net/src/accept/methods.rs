//! The methods that the listeners of every family but TCP have, whose own say more, documented once.

/// Taking connections: `accept` and its forms, in an `impl` block of a type that is [`Accept`](super::Accept). `$peer` says what is to be
/// known of a peer's address.
macro_rules! accept_methods {
    ($listener:ty, $stream:ty, $addr:ty, $peer:literal) => {
        /// Takes the next connection: the connection and the peer's address.
        #[doc = $peer]
        ///
        /// # Errors
        ///
        /// What accept(2) says, and when the runtime has shut down. [`AcceptErrorKind`](crate::AcceptErrorKind) tells what to do
        /// about it. When the process or the system has no file descriptors left, the message names the limit; the connection
        /// stays queued, and a later `accept` gets it, but an `accept` at once would fail at once. [`Listener`](crate::Listener)
        /// goes on for as long as that can work.
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: a connection is either returned or still queued.
        pub async fn accept(&self) -> ::std::io::Result<($stream, $addr)> {
            $crate::accept::accept(self).await
        }

        /// [`accept`](Self::accept), polled. A call that says `Pending` leaves its waker, which is woken when a connection is
        /// there. Up to 32 different ones are kept; one more wakes the oldest and forgets it, so that its task polls again.
        ///
        /// # Errors
        ///
        /// As [`accept`](Self::accept).
        pub fn poll_accept(
            &self,
            cx: &mut ::std::task::Context<'_>,
        ) -> ::std::task::Poll<::std::io::Result<($stream, $addr)>> {
            $crate::accept::poll_accept(self, cx)
        }

        /// The connections, as a stream that never ends. It gives them without their peers' addresses.
        pub fn incoming(&self) -> $crate::accept::Incoming<'_, $listener> {
            $crate::accept::Incoming::of(self)
        }

        /// [`incoming`](Self::incoming) that owns the listener, so that it can move into a task.
        pub fn into_incoming(self) -> $crate::accept::IntoIncoming<$listener> {
            $crate::accept::IntoIncoming::of(self)
        }
    };
}

pub(crate) use accept_methods;
