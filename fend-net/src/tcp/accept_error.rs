//! What a failed `accept` means for the loop around it.

use std::error::Error;
use std::io;

use fend_reactor::io::RegistrationError;

use crate::error::SocketError;

/// What to do when [`TcpListener::accept`](super::TcpListener::accept) fails.
///
/// # Examples
///
/// ```
/// use std::io;
///
/// use fend::net::AcceptErrorKind;
///
/// let no_descriptors = io::Error::from_raw_os_error(24); // EMFILE
/// assert_eq!(AcceptErrorKind::of(&no_descriptors), AcceptErrorKind::BackOff);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AcceptErrorKind {
    /// The connection was to blame, or chance: accept again at once.
    Retry,
    /// File descriptors or memory have run out. The connection stays queued, so that an `accept` at once would fail at once:
    /// wait a moment, or until something is closed, and accept again.
    BackOff,
    /// The listener is of no more use: its fd is no listening socket any more, or the runtime has shut down.
    Fatal,
}

impl AcceptErrorKind {
    /// The kind of an error that [`accept`](super::TcpListener::accept), [`accept_with`](super::TcpListener::accept_with),
    /// `poll_accept` or an incoming stream gave; also of a plain error of accept(2), from elsewhere.
    pub fn of(error: &io::Error) -> AcceptErrorKind {
        let detail = inner::<SocketError>(error);
        let error = detail.map_or(error, SocketError::os_error);
        // What a registration failed with says nothing of a connection, whatever the number.
        let cause = inner::<RegistrationError>(error).map_or(error, RegistrationError::os_error);
        if is_of_one_connection(error) || is_of_chance(error) {
            AcceptErrorKind::Retry
        } else if is_of_resources(cause) {
            AcceptErrorKind::BackOff
        } else if detail.is_some_and(|detail| detail.operation() == PREPARE) {
            AcceptErrorKind::Retry
        } else {
            AcceptErrorKind::Fatal
        }
    }
}

/// The operation in the error of a connection that was accepted, and whose options could not be set.
pub(crate) const PREPARE: &str = "prepare the connection of";

/// Whether accept(2) failed because of the one connection it took: aborted by its peer while it was queued, forbidden
/// by the firewall, or with an error of the network already on it. accept(2) lists these as "treat like `EAGAIN`".
pub(crate) fn is_of_one_connection(error: &io::Error) -> bool {
    const OF_ONE: [i32; 11] = [
        libc::ECONNABORTED,
        libc::ECONNRESET,
        libc::EPERM,
        libc::EPROTO,
        libc::ENOPROTOOPT,
        libc::ENETDOWN,
        libc::ENETUNREACH,
        libc::EHOSTDOWN,
        libc::EHOSTUNREACH,
        libc::ENONET,
        libc::ETIMEDOUT,
    ];
    error.raw_os_error().is_some_and(|errno| OF_ONE.contains(&errno))
}

/// Never reported by our `accept`, but by that of others.
fn is_of_chance(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock)
}

/// Descriptors, memory, and registrations, which the kernel limits too.
fn is_of_resources(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS))
        || matches!(error.kind(), io::ErrorKind::OutOfMemory | io::ErrorKind::StorageFull)
}

/// The error of this type inside `error`.
fn inner<E: Error + 'static>(error: &io::Error) -> Option<&E> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both_ways(errno: i32) -> [AcceptErrorKind; 2] {
        let bare = io::Error::from_raw_os_error(errno);
        let wrapped =
            SocketError::wrap("accept on", crate::error::Place::Unknown, io::Error::from_raw_os_error(errno));
        [bare, wrapped].map(|error| AcceptErrorKind::of(&error))
    }

    #[test]
    fn dead_connections_are_passed_over_and_limits_are_not() {
        let is_of_one = |errno| is_of_one_connection(&io::Error::from_raw_os_error(errno));
        assert!(is_of_one(libc::ECONNABORTED));
        assert!(is_of_one(libc::EPROTO));
        assert!(is_of_one(libc::EPERM));
        assert!(!is_of_one(libc::EMFILE));
        assert!(!is_of_one(libc::EINVAL));
        assert!(!is_of_one(libc::EAGAIN));
    }

    #[test]
    fn every_errno_of_accept_has_its_kind() {
        for errno in [libc::ECONNABORTED, libc::EPERM, libc::EHOSTUNREACH, libc::EINTR, libc::EAGAIN] {
            assert_eq!(both_ways(errno), [AcceptErrorKind::Retry; 2], "{errno}");
        }
        for errno in [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM, libc::ENOSPC] {
            assert_eq!(both_ways(errno), [AcceptErrorKind::BackOff; 2], "{errno}");
        }
        for errno in [libc::EBADF, libc::EINVAL, libc::ENOTSOCK, libc::EOPNOTSUPP, libc::EFAULT] {
            assert_eq!(both_ways(errno), [AcceptErrorKind::Fatal; 2], "{errno}");
        }
    }

    #[test]
    fn an_error_without_a_number_is_fatal_unless_its_kind_says_otherwise() {
        assert_eq!(AcceptErrorKind::of(&io::Error::other("shut down")), AcceptErrorKind::Fatal);
        let registration = io::Error::new(io::ErrorKind::StorageFull, "too many registrations");
        assert_eq!(AcceptErrorKind::of(&registration), AcceptErrorKind::BackOff);
    }

    #[test]
    fn an_option_that_could_not_be_set_ends_no_listener() {
        let of = |errno| {
            let peer = crate::error::Place::Unknown;
            AcceptErrorKind::of(&SocketError::wrap(PREPARE, peer, io::Error::from_raw_os_error(errno)))
        };
        assert_eq!(of(libc::EINVAL), AcceptErrorKind::Retry);
        assert_eq!(of(libc::ENOPROTOOPT), AcceptErrorKind::Retry);
        assert_eq!(of(libc::EMFILE), AcceptErrorKind::BackOff);
    }
}
