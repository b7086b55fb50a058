//! Why there is no connection to a name: the error inside the [`io::Error`], whose source is what the step itself says.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use fend_dns::LookupError;
use fend_net::ConnectError;
#[cfg(feature = "tls")]
use fend_tls::TlsError;

/// Names the target in front of its cause.
#[derive(Debug)]
struct Failed {
    target: String,
    cause: Cause,
}

/// What is at the bottom of it.
#[derive(Debug)]
pub(super) enum Cause {
    Lookup(LookupError),
    /// The kind is that of the attempt that says most.
    Attempts(ConnectError, io::ErrorKind),
    #[cfg(feature = "tls")]
    Tls(TlsError),
    TimedOut {
        step: Step,
        limit: Duration,
    },
    /// A call on a socket that was connected, or the blocking pool's.
    Io(io::Error),
}

/// What can last.
#[derive(Debug)]
pub(super) enum Step {
    Lookup(String),
    #[cfg(feature = "tls")]
    Authorities,
    #[cfg(feature = "tls")]
    Handshake(String),
}

impl Cause {
    pub(super) fn wrap(self, target: String) -> io::Error {
        io::Error::new(self.kind(), Failed { target, cause: self })
    }

    /// What the race of the addresses says.
    pub(super) fn of_race(error: io::Error) -> Cause {
        let kind = error.kind();
        match error.downcast() {
            Ok(attempts) => Cause::Attempts(attempts, kind),
            Err(error) => Cause::Io(error),
        }
    }

    fn kind(&self) -> io::ErrorKind {
        match self {
            Cause::Lookup(error) => io::Error::from(error.clone()).kind(),
            Cause::Attempts(_, kind) => *kind,
            #[cfg(feature = "tls")]
            Cause::Tls(error) => error.io_kind(),
            Cause::TimedOut { .. } => io::ErrorKind::TimedOut,
            Cause::Io(error) => error.kind(),
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "connect {}: ", self.target)?;
        match &self.cause {
            Cause::Lookup(error) => error.fmt(f),
            Cause::Attempts(error, _) => {
                let attempts: Vec<_> = error.attempts().map(ToString::to_string).collect();
                let attempts = attempts.join("; ");
                // An address that was given as such was named already.
                match attempts.strip_prefix(&format!("{}: ", self.target)) {
                    Some(reason) if error.attempts().len() == 1 => f.write_str(reason),
                    _ => write!(f, "no connection to {attempts}"),
                }
            }
            #[cfg(feature = "tls")]
            Cause::Tls(error) => error.fmt(f),
            Cause::TimedOut { step, limit } => write!(f, "{step}: not over within {limit:?}"),
            Cause::Io(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Lookup(host) => write!(f, "lookup {host}"),
            #[cfg(feature = "tls")]
            Step::Authorities => f.write_str("reading the system's authorities"),
            #[cfg(feature = "tls")]
            Step::Handshake(host) => write!(f, "TLS handshake with {host}"),
        }
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            Cause::Lookup(error) => Some(error),
            Cause::Attempts(error, _) => Some(error),
            #[cfg(feature = "tls")]
            Cause::Tls(error) => Some(error),
            Cause::TimedOut { .. } => None,
            Cause::Io(error) => Some(error),
        }
    }
}
