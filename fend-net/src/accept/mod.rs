//! accept(2), in the way that listeners of every family share: connections that died in the queue are passed over.

mod incoming;
pub(crate) mod methods;
mod sources;

use std::fmt::Debug;
use std::io;
use std::task::{Context, Poll, ready};

use fend_reactor::io::Direction;
use socket2::{SockAddr, Socket};

pub use incoming::{Incoming, IntoIncoming};

use crate::socket::Registered;
use crate::tcp::is_of_one_connection;

/// Connections that the kernel keeps ready for `accept`. What comes beyond is dropped, and tried again by the peer of a TCP
/// connection a second later. The kernel lowers it to `net.core.somaxconn`.
pub(crate) const BACKLOG: i32 = 1024;

/// How many connections in a row may turn out dead before `accept` gives up and reports the last one's error: a network
/// that refuses everything must not become an endless loop.
pub(crate) const MAX_DEAD: usize = 64;

/// A listening socket of this crate: what [`Incoming`] and [`Listener`](crate::Listener) take connections from.
///
/// It is implemented by this crate's listeners alone, and is here so that code can name it.
///
/// # Examples
///
/// ```
/// use fend::net::{Accept, Listener, TcpListener, UnixListener};
///
/// fn gently<L: Accept>(listener: L) -> Listener<L> {
///     Listener::new(listener).max_connections(10)
/// }
/// # let _ = (gently::<TcpListener>, gently::<UnixListener>);
/// ```
///
/// Its means are out of reach of other crates:
///
/// ```compile_fail,E0599
/// fn take_apart<L: fend::net::Accept>(listener: &L) {
///     let _ = listener.listening();
/// }
/// ```
#[expect(private_bounds, reason = "so that no other crate can implement it, or call what it is made of")]
pub trait Accept: Source + Debug + Send + Sync + Unpin + 'static {
    /// A connection.
    type Stream: Debug + Send + Sync + Unpin + 'static;
    /// The address of a peer, and that of the listener.
    type Addr: Debug + Send + 'static;
}

/// What the families differ in.
pub(crate) trait Source {
    /// The listening socket.
    fn listening(&self) -> &Registered;

    /// One accept(2): a connection that is non-blocking and close-on-exec from birth. Every error is told, that of a connection that
    /// has died in the queue too.
    fn accept_now(socket: &Socket) -> io::Result<(Socket, SockAddr)> {
        socket.accept4(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC)
    }

    /// A connection that was just accepted, and its peer.
    fn stream(accepted: Socket, peer: &SockAddr) -> io::Result<(Self::Stream, Self::Addr)>
    where
        Self: Accept;

    /// What a [`Listener`](crate::Listener) may still hold after it has given the stream away.
    fn registered(stream: &Self::Stream) -> &Registered
    where
        Self: Accept;

    /// Ends a connection that others still hold, so that whoever waits for it fails, and the peer can tell that from an
    /// orderly end where the family knows the difference.
    fn abort(socket: &Socket);

    fn local_addr(&self) -> io::Result<Self::Addr>
    where
        Self: Accept;

    /// Names the operation and the address in an error of [`accept_now`](Self::accept_now).
    fn explain(&self, error: io::Error) -> io::Error;
}

/// The next connection and its peer.
pub(crate) async fn accept<L: Accept>(listener: &L) -> io::Result<(L::Stream, L::Addr)> {
    let mut dead = 0;
    loop {
        let result = listener.listening().with(Direction::Read, L::accept_now).await;
        if !is_to_be_passed_over(&result, &mut dead) {
            return told(listener, result);
        }
    }
}

/// [`accept`], polled.
pub(crate) fn poll_accept<L: Accept>(
    listener: &L,
    cx: &mut Context<'_>,
) -> Poll<io::Result<(L::Stream, L::Addr)>> {
    let mut dead = 0;
    loop {
        let result = ready!(listener.listening().poll_with(cx, Direction::Read, L::accept_now));
        if !is_to_be_passed_over(&result, &mut dead) {
            return Poll::Ready(told(listener, result));
        }
    }
}

fn told<L: Accept>(
    listener: &L,
    accepted: io::Result<(Socket, SockAddr)>,
) -> io::Result<(L::Stream, L::Addr)> {
    let (socket, peer) = accepted.map_err(|error| listener.explain(error))?;
    L::stream(socket, &peer)
}

fn is_to_be_passed_over<T>(result: &io::Result<T>, dead: &mut usize) -> bool {
    match result {
        Err(error) if is_of_one_connection(error) => {
            *dead += 1;
            *dead <= MAX_DEAD
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tcp::TcpListener;

    #[test]
    fn a_network_that_refuses_everything_is_given_up() {
        let refused = Err::<(), _>(io::Error::from_raw_os_error(libc::ECONNABORTED));
        let mut dead = 0;
        for _ in 0..MAX_DEAD {
            assert!(is_to_be_passed_over(&refused, &mut dead));
        }
        assert!(!is_to_be_passed_over(&refused, &mut dead));
        let exhausted = Err::<(), _>(io::Error::from_raw_os_error(libc::EMFILE));
        assert!(!is_to_be_passed_over(&exhausted, &mut 0));
        assert!(!is_to_be_passed_over(&Ok(()), &mut 0));
    }

    #[test]
    fn an_error_names_the_address_and_the_limit() {
        let listener = TcpListener::try_from(std::net::TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
        let failed = Err(io::Error::from_raw_os_error(libc::EMFILE));
        let error = told(&listener, failed).unwrap_err().to_string();
        assert!(error.starts_with(&format!("accept on {}: ", listener.local_addr().unwrap())), "{error}");
        assert!(error.contains("RLIMIT_NOFILE"), "{error}");
    }
}
