//! What is told when none of several addresses could be connected to.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

/// The error inside an [`io::Error`] of a connect to several addresses: what became of each.
///
/// It reads "connect: no connection to 127.0.0.1:1: Connection refused (os error 111); \[::1\]:1: no answer within 2s". The kind
/// of the [`io::Error`] around it is that of the attempt that says most: that a host refused says more than that one
/// did not answer, and that more than that this machine has no way to one. Of equals it is the last.
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
/// for ((address, error), asked) in detail.attempts().zip(addresses) {
///     assert_eq!(address, asked);
///     assert_eq!(error.raw_os_error(), Some(111)); // ECONNREFUSED
/// }
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct ConnectError {
    attempts: Vec<(SocketAddr, io::Error)>,
}

impl ConnectError {
    pub(super) fn wrap(attempts: Vec<(SocketAddr, io::Error)>) -> io::Error {
        let kind = most_telling(&attempts).unwrap_or(ErrorKind::Other);
        io::Error::new(kind, ConnectError { attempts })
    }

    /// The same, because the time was over.
    pub(super) fn timed_out(attempts: Vec<(SocketAddr, io::Error)>) -> io::Error {
        io::Error::new(ErrorKind::TimedOut, ConnectError { attempts })
    }

    /// The addresses and their errors, in the order in which the attempts ended. An address that had not answered when the time
    /// was over, or whose turn had not come, has an error of the kind [`TimedOut`](ErrorKind::TimedOut).
    pub fn attempts(&self) -> impl ExactSizeIterator<Item = (SocketAddr, &io::Error)> {
        self.attempts.iter().map(|(address, error)| (*address, error))
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connect: no connection to ")?;
        for (position, (address, error)) in self.attempts.iter().enumerate() {
            let separator = if position == 0 { "" } else { "; " };
            write!(f, "{separator}{address}: {error}")?;
        }
        Ok(())
    }
}

impl Error for ConnectError {}

pub(super) fn no_answer(limit: Duration) -> io::Error {
    io::Error::new(ErrorKind::TimedOut, format!("no answer within {limit:?}"))
}

pub(super) fn not_tried(limit: Duration) -> io::Error {
    io::Error::new(ErrorKind::TimedOut, format!("not tried within {limit:?}"))
}

fn most_telling(attempts: &[(SocketAddr, io::Error)]) -> Option<ErrorKind> {
    // Of equals this gives the last.
    attempts.iter().map(|(_, error)| error.kind()).max_by_key(|kind| tells(*kind))
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

    fn failed(errnos: &[i32]) -> io::Error {
        let attempt = |(port, errno): (usize, &i32)| {
            (SocketAddr::from(([127, 0, 0, 1], port as u16)), io::Error::from_raw_os_error(*errno))
        };
        ConnectError::wrap(errnos.iter().enumerate().map(attempt).collect())
    }

    #[test]
    fn every_address_is_named_with_its_error() {
        let error = failed(&[libc::ECONNREFUSED, libc::ENETUNREACH]).to_string();
        let refused = "127.0.0.1:0: Connection refused (os error 111)";
        let unreachable = "127.0.0.1:1: Network is unreachable (os error 101)";
        assert_eq!(error, format!("connect: no connection to {refused}; {unreachable}"));
    }

    #[test]
    fn the_kind_is_of_the_attempt_that_says_most() {
        assert_eq!(failed(&[libc::ECONNREFUSED, libc::ENETUNREACH]).kind(), ErrorKind::ConnectionRefused);
        assert_eq!(failed(&[libc::ENETUNREACH, libc::ETIMEDOUT]).kind(), ErrorKind::TimedOut);
        assert_eq!(failed(&[libc::ENETUNREACH, libc::EHOSTUNREACH]).kind(), ErrorKind::HostUnreachable);
        assert_eq!(failed(&[libc::EMFILE, libc::EACCES]).kind(), ErrorKind::PermissionDenied);
    }
}
