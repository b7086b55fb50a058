//! What is told when none of several addresses could be connected to.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

/// The error inside an [`io::Error`] of a connect to several addresses: what became of each, and how long that took.
///
/// It reads "connect: no connection to 127.0.0.1:1: Connection refused (os error 111) after 0.1 ms; \[::1\]:1: no answer within 2s, tried
/// for 1.7 s". The kind of the [`io::Error`] around it is that of the attempt that says most: that a host refused says more than that
/// one did not answer, and that more than that this machine has no way to one. Of equals it is the last.
///
/// The text tells the causes already, so there is no [`source`](Error::source). A connect to a single address fails with a
/// [`SocketError`](crate::SocketError).
///
/// # Examples
///
/// ```
/// use fend::net::{ConnectError, TcpStream};
///
/// # fend::block_on(async {
/// # let unused = || std::net::TcpListener::bind("127.0.0.1:0")?.local_addr();
/// let addresses = [unused()?, unused()?];
/// let error = TcpStream::connect(&addresses).await.unwrap_err();
/// assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
/// let detail = error.get_ref().and_then(|e| e.downcast_ref::<ConnectError>()).unwrap();
/// for (attempt, asked) in detail.attempts().zip(addresses) {
///     assert_eq!(attempt.address(), asked);
///     assert_eq!(attempt.error().raw_os_error(), Some(111)); // ECONNREFUSED
///     assert!(attempt.elapsed().is_some());
/// }
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct ConnectError {
    attempts: Vec<ConnectAttempt>,
}

/// What became of one address of a [`ConnectError`]. It reads "127.0.0.1:1: Connection refused (os error 111) after 0.1 ms".
#[derive(Debug)]
pub struct ConnectAttempt {
    address: SocketAddr,
    error: io::Error,
    elapsed: Option<Duration>,
}

impl ConnectError {
    pub(super) fn wrap(attempts: Vec<ConnectAttempt>) -> io::Error {
        let kind = most_telling(&attempts).unwrap_or(ErrorKind::Other);
        io::Error::new(kind, ConnectError { attempts })
    }

    /// The same, because the time was over.
    pub(super) fn timed_out(attempts: Vec<ConnectAttempt>) -> io::Error {
        io::Error::new(ErrorKind::TimedOut, ConnectError { attempts })
    }

    /// What became of each address, in the order in which the attempts ended. An address that had not answered when the time was over, or
    /// whose turn had not come, has an error of the kind [`TimedOut`](ErrorKind::TimedOut).
    pub fn attempts(&self) -> impl ExactSizeIterator<Item = &ConnectAttempt> {
        self.attempts.iter()
    }
}

impl ConnectAttempt {
    pub(super) fn new(address: SocketAddr, error: io::Error, elapsed: Duration) -> ConnectAttempt {
        ConnectAttempt { address, error, elapsed: Some(elapsed) }
    }

    /// Of an address whose turn did not come within `limit`.
    pub(super) fn not_tried(address: SocketAddr, limit: Duration) -> ConnectAttempt {
        let error = io::Error::new(ErrorKind::TimedOut, format!("not tried within {limit:?}"));
        ConnectAttempt { address, error, elapsed: None }
    }

    /// The address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Why it was not connected to.
    pub fn error(&self) -> &io::Error {
        &self.error
    }

    /// How long the attempt lasted, from its own begin on. `None` for an address whose turn did not come.
    pub fn elapsed(&self) -> Option<Duration> {
        self.elapsed
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connect: no connection to ")?;
        for (position, attempt) in self.attempts.iter().enumerate() {
            let separator = if position == 0 { "" } else { "; " };
            write!(f, "{separator}{attempt}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ConnectAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.address, self.error)?;
        let Some(elapsed) = self.elapsed else { return Ok(()) };
        // What is no answer of the kernel's tells a time of its own, that of all attempts together.
        f.write_str(if self.error.raw_os_error().is_some() { " after " } else { ", tried for " })?;
        match elapsed.as_secs_f64() {
            seconds if seconds < 1.0 => write!(f, "{:.1} ms", seconds * 1e3),
            seconds => write!(f, "{seconds:.1} s"),
        }
    }
}

impl Error for ConnectError {}

pub(super) fn no_answer(limit: Duration) -> io::Error {
    io::Error::new(ErrorKind::TimedOut, format!("no answer within {limit:?}"))
}

fn most_telling(attempts: &[ConnectAttempt]) -> Option<ErrorKind> {
    // Of equals this gives the last.
    attempts.iter().map(|attempt| attempt.error.kind()).max_by_key(|kind| tells(*kind))
}

/// How much an error says of the service that was called.
fn tells(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => 3,
        ErrorKind::TimedOut => 2,
        ErrorKind::NetworkUnreachable
        | ErrorKind::HostUnreachable
        | ErrorKind::AddrNotAvailable
        | ErrorKind::Unsupported => 0,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOK: [Duration; 2] = [Duration::from_micros(120), Duration::from_millis(2600)];

    fn failed(errnos: &[i32]) -> io::Error {
        let attempt = |(port, errno): (usize, &i32)| {
            let address = SocketAddr::from(([127, 0, 0, 1], port as u16));
            ConnectAttempt::new(address, io::Error::from_raw_os_error(*errno), TOOK[port % 2])
        };
        ConnectError::wrap(errnos.iter().enumerate().map(attempt).collect())
    }

    #[test]
    fn every_address_is_named_with_its_error_and_time() {
        let error = failed(&[libc::ECONNREFUSED, libc::ENETUNREACH]).to_string();
        let refused = "127.0.0.1:0: Connection refused (os error 111) after 0.1 ms";
        let unreachable = "127.0.0.1:1: Network is unreachable (os error 101) after 2.6 s";
        assert_eq!(error, format!("connect: no connection to {refused}; {unreachable}"));
    }

    #[test]
    fn an_address_that_had_no_answer_or_no_turn_tells_so() {
        let limit = Duration::from_secs(2);
        let [asked, waiting] = [1, 2].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let asked = ConnectAttempt::new(asked, no_answer(limit), Duration::from_millis(1750));
        assert_eq!(asked.to_string(), "127.0.0.1:1: no answer within 2s, tried for 1.8 s");
        let waiting = ConnectAttempt::not_tried(waiting, limit);
        assert_eq!(waiting.to_string(), "127.0.0.1:2: not tried within 2s");
        assert_eq!(waiting.elapsed(), None);
    }

    #[test]
    fn the_kind_is_of_the_attempt_that_says_most() {
        assert_eq!(failed(&[libc::ECONNREFUSED, libc::ENETUNREACH]).kind(), ErrorKind::ConnectionRefused);
        assert_eq!(failed(&[libc::ENETUNREACH, libc::ETIMEDOUT]).kind(), ErrorKind::TimedOut);
        assert_eq!(failed(&[libc::ENETUNREACH, libc::EHOSTUNREACH]).kind(), ErrorKind::HostUnreachable);
        assert_eq!(failed(&[libc::EMFILE, libc::EACCES]).kind(), ErrorKind::PermissionDenied);
    }
}
