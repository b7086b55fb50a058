//! What failed, where: the operation and the address in front of the system's message.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;

/// The error inside an [`io::Error`] of this crate that names an operation and its address.
///
/// It reads "connect 127.0.0.1:1: Connection refused (os error 111)". The [`io::Error`] around it has the kind of the
/// system's error, which [`os_error`](SocketError::os_error) gives. The text tells the cause already, so there is no
/// [`source`](Error::source): a report that prints the whole chain says everything once.
///
/// # Examples
///
/// ```
/// use fend::net::{SocketError, TcpStream};
///
/// # fend::block_on(async {
/// # let unused = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
/// let error = TcpStream::connect(unused).await.unwrap_err();
/// assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
/// let detail = error.get_ref().and_then(|e| e.downcast_ref::<SocketError>()).unwrap();
/// assert_eq!(detail.address(), Some(unused));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct SocketError {
    operation: &'static str,
    place: Place,
    os_error: io::Error,
}

/// Where it failed.
#[derive(Debug)]
pub(crate) enum Place {
    Unknown,
    Ip(SocketAddr),
    /// Of another family, or a name: as it is shown.
    Named(Box<str>),
}

impl From<SocketAddr> for Place {
    fn from(address: SocketAddr) -> Place {
        Place::Ip(address)
    }
}

impl From<Option<SocketAddr>> for Place {
    fn from(address: Option<SocketAddr>) -> Place {
        address.map_or(Place::Unknown, Place::Ip)
    }
}

impl From<String> for Place {
    fn from(name: String) -> Place {
        Place::Named(name.into_boxed_str())
    }
}

impl SocketError {
    /// Puts `operation` and `place` in front of `os_error`, whose kind is kept.
    pub(crate) fn wrap(operation: &'static str, place: impl Into<Place>, os_error: io::Error) -> io::Error {
        let kind = os_error.kind();
        io::Error::new(kind, SocketError { operation, place: place.into(), os_error })
    }

    /// The operation that failed: "bind", "connect", "accept".
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// The IP address that the operation was about, when it was about one and it is known.
    pub fn address(&self) -> Option<SocketAddr> {
        match self.place {
            Place::Ip(address) => Some(address),
            Place::Unknown | Place::Named(_) => None,
        }
    }

    /// The system's own error, with its `errno` in [`raw_os_error`](io::Error::raw_os_error).
    pub fn os_error(&self) -> &io::Error {
        &self.os_error
    }
}

impl fmt::Display for SocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation)?;
        if let Some(missing) = self.os_error.raw_os_error().and_then(|errno| missing(self.operation, errno)) {
            write!(f, ": {missing}")?;
        }
        match &self.place {
            Place::Unknown => {}
            Place::Ip(address) => write!(f, " {address}")?,
            Place::Named(name) => write!(f, " {name}")?,
        }
        write!(f, ": {}", self.os_error)?;
        match self.os_error.raw_os_error().and_then(|errno| exhausted_limit(self.operation, errno)) {
            Some(limit) => write!(f, ": {limit}"),
            None => Ok(()),
        }
    }
}

impl Error for SocketError {}

/// The limit behind an error that is about resources, and where it is raised.
fn exhausted_limit(operation: &str, errno: i32) -> Option<&'static str> {
    match errno {
        libc::EMFILE => {
            Some("the limit of open files of this process (RLIMIT_NOFILE, `ulimit -n`) is reached")
        }
        libc::ENFILE => Some("the limit of open files of the system (fs.file-max) is reached"),
        // Elsewhere these have reasons of their own: `IP_ADD_MEMBERSHIP` gives them at a limit on groups.
        libc::ENOBUFS | libc::ENOMEM if makes_a_socket(operation) => {
            Some("the kernel has no memory for another socket")
        }
        _ => None,
    }
}

/// What the caller has left out.
fn missing(operation: &str, errno: i32) -> Option<&'static str> {
    match (operation, errno) {
        ("send", libc::EDESTADDRREQ) => Some("the socket has no peer: connect it or use send_to"),
        _ => None,
    }
}

fn makes_a_socket(operation: &str) -> bool {
    ["accept", "bind", "connect", "listen", "socket", "socketpair"]
        .contains(&operation.split(' ').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_names_operation_address_and_cause() {
        let address = "127.0.0.1:80".parse::<SocketAddr>().unwrap();
        let error = SocketError::wrap("bind", address, io::Error::from_raw_os_error(libc::EACCES));
        assert_eq!(error.to_string(), "bind 127.0.0.1:80: Permission denied (os error 13)");
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    }

    #[test]
    fn message_says_that_there_is_no_peer() {
        let error =
            SocketError::wrap("send", Place::Unknown, io::Error::from_raw_os_error(libc::EDESTADDRREQ));
        let wanted = "send: the socket has no peer: connect it or use send_to: Destination address required (os error 89)";
        assert_eq!(error.to_string(), wanted);
    }

    #[test]
    fn message_names_the_limit() {
        let error = SocketError::wrap("accept", Place::Unknown, io::Error::from_raw_os_error(libc::EMFILE));
        assert!(error.to_string().starts_with("accept: Too many open files (os error 24): "), "{error}");
        assert!(error.to_string().contains("RLIMIT_NOFILE"), "{error}");
    }

    #[test]
    fn only_what_makes_a_socket_lacks_memory_for_one() {
        let message = |operation, errno| {
            SocketError::wrap(operation, Place::Unknown, io::Error::from_raw_os_error(errno)).to_string()
        };
        for errno in [libc::ENOBUFS, libc::ENOMEM] {
            assert!(message("accept on", errno).ends_with(": the kernel has no memory for another socket"));
            for other in ["set IP_ADD_MEMBERSHIP", "send to", "set option"] {
                assert!(!message(other, errno).contains("socket"), "{other}");
            }
        }
    }

    #[test]
    fn a_chain_of_errors_names_the_cause_once() {
        let error = SocketError::wrap("bind", Place::Unknown, io::Error::from_raw_os_error(libc::EACCES));
        assert_eq!(error.to_string(), "bind: Permission denied (os error 13)");
        assert!(error.source().is_none());
        assert!(error.get_ref().unwrap().source().is_none());
    }

    #[test]
    fn errno_stays_within_reach() {
        let error = SocketError::wrap("accept", Place::Unknown, io::Error::from_raw_os_error(libc::EMFILE));
        let detail = error.get_ref().unwrap().downcast_ref::<SocketError>().unwrap();
        assert_eq!(detail.os_error().raw_os_error(), Some(libc::EMFILE));
    }
}
