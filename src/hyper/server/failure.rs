//! [`ConnectionFailure`]: a connection that ended by an error.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;

/// How far a connection had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionStep {
    /// The TLS handshake.
    Handshake,
    /// HTTP, from the first bytes to the last.
    Http,
}

impl fmt::Display for ConnectionStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ConnectionStep::Handshake => "handshake",
            ConnectionStep::Http => "HTTP",
        })
    }
}

/// A connection that has ended by an error; given to [`Server::on_error`](super::Server::on_error). In a line, with its
/// causes: `127.0.0.1:5000: HTTP: invalid HTTP header parsed`.
#[derive(Debug)]
pub struct ConnectionFailure<'a, A = SocketAddr> {
    peer: &'a A,
    step: ConnectionStep,
    error: &'a (dyn Error + Send + Sync + 'static),
}

impl<'a, A> ConnectionFailure<'a, A> {
    pub(super) fn new(
        peer: &'a A,
        step: ConnectionStep,
        error: &'a (dyn Error + Send + Sync + 'static),
    ) -> Self {
        ConnectionFailure { peer, step, error }
    }

    /// The peer's address.
    pub fn peer_addr(&self) -> &'a A {
        self.peer
    }

    /// How far the connection had come.
    pub fn step(&self) -> ConnectionStep {
        self.step
    }

    /// What happened: a [`TlsError`](crate::tls::TlsError) in the handshake; later a [`hyper::Error`], or an [`io::Error`] when
    /// not even the first bytes of a request have come.
    pub fn error(&self) -> &'a (dyn Error + Send + Sync + 'static) {
        self.error
    }

    /// Whether the peer has just gone, or has let its time pass. A public server sees that all day, and it is not worth a line in a log.
    pub fn is_everyday(&self) -> bool {
        causes(self.error).any(is_everyday)
    }
}

impl<A: fmt::Debug> fmt::Display for ConnectionFailure<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An address is shown alike by both; not all of them have this one.
        write!(f, "{:?}: ", self.peer)?;
        match self.step {
            // It names its step and its causes itself.
            ConnectionStep::Handshake => write!(f, "{}", self.error),
            ConnectionStep::Http => {
                f.write_str("HTTP")?;
                causes(self.error).try_for_each(|error| write!(f, ": {error}"))
            }
        }
    }
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn is_everyday(error: &(dyn Error + 'static)) -> bool {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, TimedOut, UnexpectedEof,
    };
    #[cfg(feature = "tls")]
    if let Some(error) = error.downcast_ref::<crate::tls::TlsError>() {
        return error.is_timeout()
            || error.is_unexpected_eof()
            || (error.is_io() && matches!(error.io_kind(), ConnectionReset | BrokenPipe));
    }
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        return error.is_incomplete_message() || error.is_timeout();
    }
    error.downcast_ref::<io::Error>().is_some_and(|error| {
        let gone = [BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, TimedOut, UnexpectedEof];
        gone.contains(&error.kind())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_causes_are_told_and_looked_at() {
        #[derive(Debug)]
        struct Outer(io::Error);
        impl fmt::Display for Outer {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("outer")
            }
        }
        impl Error for Outer {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&self.0)
            }
        }
        let peer: SocketAddr = ([127, 0, 0, 1], 5000).into();
        for (kind, everyday) in [(io::ErrorKind::ConnectionReset, true), (io::ErrorKind::InvalidData, false)]
        {
            let error = Outer(io::Error::new(kind, "inner"));
            let failure = ConnectionFailure::new(&peer, ConnectionStep::Http, &error);
            assert_eq!(failure.to_string(), "127.0.0.1:5000: HTTP: outer: inner");
            assert_eq!(failure.is_everyday(), everyday);
        }
    }
}
