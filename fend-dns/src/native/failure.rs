//! [`Failure`]: why an attempt at a server gave no answer, and which of several failures to tell.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use fend_net::SocketError;

use crate::error::{Cause, LookupError};
use crate::wire::Rcode;

/// Why an attempt at a server gave no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server says that it cannot, or will not.
    Rcode(Rcode),
    /// It knows nothing of the name and does not ask others.
    Lame,
    /// What is wrong with its answer.
    Malformed(String),
    /// Nothing came in this time.
    TimedOut(Duration),
    /// Nobody listens there, or nothing leads there.
    Unreachable(io::Error),
    /// Datagrams came that are no answers, too many to believe in the next one; and by TCP this.
    Flooded(Box<Failure>),
    /// TLS found fault with the other end.
    #[cfg(feature = "tls")]
    Tls(io::Error),
    /// The runtime of the socket has shut down: it says nothing about the server.
    RuntimeGone(io::Error),
    Io(io::Error),
}

/// The failure to tell of those that have been, and whose it was.
#[derive(Debug, Default)]
pub(super) struct Failures {
    worst: Option<(SocketAddr, Failure)>,
    /// What all time limits that ran out add up to.
    waited: Duration,
}

impl Failure {
    /// How much a failure tells. What a server has said of the name counts for more than that another did not say anything; and that one was
    /// slow for more than that one is down, since it may answer the next time.
    fn weight(&self) -> u8 {
        match self {
            Failure::Rcode(Rcode::SERVER_FAILURE) => 8,
            Failure::Rcode(_) => 7,
            Failure::Malformed(_) => 6,
            #[cfg(feature = "tls")]
            Failure::Tls(_) => 5,
            Failure::Flooded(_) => 4,
            Failure::Lame => 3,
            Failure::TimedOut(_) => 2,
            Failure::Unreachable(_) => 1,
            Failure::Io(_) | Failure::RuntimeGone(_) => 0,
        }
    }

    /// Whether it shows that the server is there.
    pub(super) fn is_of_server(&self) -> bool {
        matches!(self, Failure::Rcode(_) | Failure::Lame | Failure::Malformed(_))
    }

    fn cause(self, waited: Duration) -> Cause {
        match self {
            Failure::Rcode(Rcode::REFUSED | Rcode::NOT_IMPLEMENTED) => Cause::Refused(self.to_string()),
            Failure::Rcode(_) => Cause::TryAgain(self.to_string()),
            Failure::Lame => Cause::TryAgain(self.to_string()),
            Failure::Malformed(message) => Cause::Malformed(message),
            Failure::TimedOut(_) => Cause::TimedOut(waited),
            Failure::Unreachable(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                Cause::Refused(error.to_string())
            }
            Failure::Flooded(_) => Cause::TryAgain(self.to_string()),
            #[cfg(feature = "tls")]
            Failure::Tls(error) => Cause::Io(error),
            Failure::Unreachable(error) | Failure::RuntimeGone(error) | Failure::Io(error) => {
                Cause::Io(error)
            }
        }
    }
}

/// A socket's error, by what it says of the server.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkDown => Failure::Unreachable(error),
            io::ErrorKind::Other if errno(&error).is_none() => Failure::RuntimeGone(error),
            _ => Failure::Io(error),
        }
    }
}

/// The kernel's own error below `error`. Of the errors of a socket's methods only that of a runtime which has shut down has none.
fn errno(error: &io::Error) -> Option<i32> {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<SocketError>());
    inner.map_or(error, SocketError::os_error).raw_os_error()
}

impl Failures {
    pub(super) fn add(&mut self, server: SocketAddr, failure: Failure) {
        if let Failure::TimedOut(limit) = failure {
            self.waited += limit;
        }
        // Of equals the last.
        let is_worse = self.worst.as_ref().is_none_or(|(_, worst)| worst.weight() <= failure.weight());
        if is_worse {
            self.worst = Some((server, failure));
        }
    }

    /// All the time that there was is used up.
    pub(super) fn out_of_time(&mut self, server: SocketAddr, limit: Duration) {
        self.add(server, Failure::TimedOut(limit));
        self.waited = limit;
    }

    pub(super) fn into_error(self, subject: &str) -> LookupError {
        match self.worst {
            None => LookupError::new(subject, Cause::TryAgain("there is no name server to ask".to_owned())),
            Some((server, failure)) => LookupError::of_server(subject, server, failure.cause(self.waited)),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Rcode(Rcode::FORMAT_ERROR) => f.write_str("FORMERR"),
            Failure::Rcode(Rcode::SERVER_FAILURE) => f.write_str("SERVFAIL"),
            Failure::Rcode(Rcode::NOT_IMPLEMENTED) => f.write_str("NOTIMP"),
            Failure::Rcode(Rcode::REFUSED) => f.write_str("REFUSED"),
            Failure::Rcode(Rcode::BAD_VERSION) => f.write_str("BADVERS"),
            Failure::Rcode(Rcode(code)) => write!(f, "response code {code}"),
            Failure::Lame => f.write_str("the server knows nothing of the name and asks no others"),
            Failure::Malformed(message) => f.write_str(message),
            Failure::TimedOut(limit) => write!(f, "no answer within {limit:?}"),
            Failure::Flooded(failure) => {
                write!(f, "a flood of datagrams that are no answers and may be forged; by TCP: {failure}")
            }
            #[cfg(feature = "tls")]
            Failure::Tls(error) => error.fmt(f),
            Failure::Unreachable(error) | Failure::RuntimeGone(error) | Failure::Io(error) => error.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    fn timed_out() -> Failure {
        Failure::TimedOut(Duration::from_secs(2))
    }

    fn error(failures: impl IntoIterator<Item = Failure>) -> LookupError {
        let mut all = Failures::default();
        for (port, failure) in (1..).zip(failures) {
            all.add(server(port), failure);
        }
        all.into_error("example.org (A)")
    }

    /// DN7.
    #[test]
    fn what_a_server_said_is_told_rather_than_that_another_was_silent() {
        let told = error([timed_out(), Failure::Rcode(Rcode::SERVER_FAILURE), timed_out()]);
        assert!(told.is_try_again() && told.server() == Some(server(2)), "{told}");
        let told = error([Failure::Rcode(Rcode::SERVER_FAILURE), Failure::Rcode(Rcode::REFUSED)]);
        assert!(told.is_try_again() && told.server() == Some(server(1)), "{told}");
        let told = error([Failure::from(io::Error::from(io::ErrorKind::ConnectionRefused)), timed_out()]);
        assert!(told.is_timeout() && told.server() == Some(server(2)), "{told}");
        assert!(error([Failure::Rcode(Rcode::REFUSED), Failure::Lame]).is_refused());
    }

    #[test]
    fn time_limits_that_ran_out_add_up() {
        let told = error([timed_out(), timed_out(), timed_out()]).to_string();
        assert_eq!(told, "lookup example.org (A): no answer within 6s (server 192.0.2.1:3)");
    }

    /// A machine that is on no network has not been refused by anybody, and its programs look at the kernel's own error.
    #[test]
    fn a_network_that_is_not_there_is_no_refusal() {
        for (errno, kind) in [
            (libc::ENETUNREACH, io::ErrorKind::NetworkUnreachable),
            (libc::EHOSTUNREACH, io::ErrorKind::HostUnreachable),
            (libc::ENETDOWN, io::ErrorKind::NetworkDown),
        ] {
            let told = error([Failure::from(io::Error::from_raw_os_error(errno))]);
            assert!(!told.is_refused(), "{told}");
            assert_eq!(io::Error::from(told).kind(), kind);
        }
        assert!(error([Failure::from(io::Error::from_raw_os_error(libc::ECONNREFUSED))]).is_refused());
    }

    #[test]
    fn an_error_of_the_kernel_is_told_from_that_of_a_runtime() {
        let kernel = io::Error::from_raw_os_error(libc::EMFILE);
        assert!(matches!(Failure::from(kernel), Failure::Io(_)));
        let kernel = fend_net::TcpSocket::new(fend_net::Domain::UNIX).unwrap_err();
        assert!(matches!(Failure::from(kernel), Failure::Io(_)));
        assert!(matches!(Failure::from(io::Error::other("gone")), Failure::RuntimeGone(_)));
    }
}
