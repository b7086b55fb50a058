//! Why a request has no answer.

use std::fmt;
use std::io;

use hyper::Request;
use hyper::client::conn::TrySendError;

use crate::target::Body;

/// Kinds, to count by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// No connection.
    Connect,
    /// The connection ended before the answer did.
    Closed,
    TimedOut,
    /// The connection had ended before the request went out, which is a server's right: it is for the next connection.
    Unsent,
    /// What came is no HTTP.
    Malformed,
    Other,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Connect => "no connection",
            Kind::Closed => "closed",
            Kind::TimedOut => "timed out",
            Kind::Unsent => "not sent",
            Kind::Malformed => "malformed",
            Kind::Other => "other",
        })
    }
}

#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(kind: Kind, message: impl fmt::Display) -> Failure {
        Failure { kind, message: message.to_string() }
    }

    /// When a connection takes no request any more.
    pub(crate) fn unsent(error: &hyper::Error) -> Failure {
        Failure::new(Kind::Unsent, with_sources(error))
    }
}

impl From<TrySendError<Request<Body>>> for Failure {
    fn from(error: TrySendError<Request<Body>>) -> Failure {
        // What hyper gives back it has not sent.
        if error.message().is_some() {
            Failure::unsent(&error.into_error())
        } else {
            error.into_error().into()
        }
    }
}

impl From<hyper::Error> for Failure {
    fn from(error: hyper::Error) -> Failure {
        let kind = if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
            Kind::Closed
        } else if error.is_parse() {
            Kind::Malformed
        } else {
            cause(&error)
        };
        Failure::new(kind, with_sources(&error))
    }
}

/// What the socket says of a connection that broke.
fn cause(error: &hyper::Error) -> Kind {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return match error.kind() {
                io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof => {
                    Kind::Closed
                }
                _ => Kind::Other,
            };
        }
        source = error.source();
    }
    Kind::Other
}

fn with_sources(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        message = format!("{message}: {error}");
        source = error.source();
    }
    message
}
