//! What is told when an fd cannot be registered.

use std::error::Error;
use std::fmt;
use std::io;
use std::os::fd::RawFd;

/// The driver of the fd is gone, and with it all waiting.
pub(super) fn shut_down() -> io::Error {
    io::Error::other("the runtime of this fd has shut down")
}

/// Another file was registered under the number of this source's fd.
pub(super) fn replaced(fd: RawFd) -> io::Error {
    io::Error::other(format!(
        "fd {fd} was closed while it was registered, and its number is in use by another file"
    ))
}

/// The default runtime is needed and cannot be started.
pub(super) fn no_runtime(error: io::Error) -> io::Error {
    RegistrationError::wrap(format!("cannot start the default runtime: {error}"), error)
}

/// Names the operation, the fd and the remedy.
pub(super) fn explain(fd: RawFd, error: io::Error) -> io::Error {
    let message = match error.raw_os_error() {
        Some(libc::EPERM) => format!(
            "cannot register fd {fd}: it is a regular file, a directory or a device that the kernel cannot poll; \
             use spawn_blocking (the blocking pool) for file I/O"
        ),
        Some(libc::EEXIST) => format!(
            "fd {fd} is already registered with this driver: share one AsyncFd (it is Sync) or dup the fd"
        ),
        Some(libc::ENOSPC | libc::ENOMEM) => format!(
            "cannot register fd {fd}: {error}; the limit of epoll registrations is the sysctl fs.epoll.max_user_watches"
        ),
        _ => format!("cannot register fd {fd}: {error}"),
    };
    RegistrationError::wrap(message, error)
}

/// The dispatcher does not find what is registered.
pub(super) fn gone(fd: RawFd, error: io::Error) -> io::Error {
    RegistrationError::wrap(format!("cannot wait for fd {fd}: it was closed while it was registered"), error)
}

/// The error inside an [`io::Error`] that says why an fd cannot be waited for: the kernel does not take it, or the default
/// runtime, which is to wait for it, cannot be started.
///
/// The [`io::Error`] around it has the kind of the system's error, which [`os_error`](RegistrationError::os_error) gives. The
/// text tells the cause already, so there is no [`source`](Error::source).
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// use fend::io::{AsyncFd, RegistrationError};
///
/// # fend::block_on(async {
/// let error = AsyncFd::new(std::fs::File::open("/dev/null")?).unwrap_err();
/// let detail = error.get_ref().and_then(|e| e.downcast_ref::<RegistrationError>()).unwrap();
/// assert_eq!(detail.os_error().raw_os_error(), Some(1)); // EPERM: the kernel cannot poll it.
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct RegistrationError {
    message: String,
    os_error: io::Error,
}

impl RegistrationError {
    fn wrap(message: String, os_error: io::Error) -> io::Error {
        let kind = os_error.kind();
        io::Error::new(kind, RegistrationError { message, os_error })
    }

    /// The system's own error, with its `errno` in [`raw_os_error`](io::Error::raw_os_error). When it was no system call that kept
    /// the default runtime from starting (a variable of the environment with a wrong value, say), the error that says what.
    pub fn os_error(&self) -> &io::Error {
        &self.os_error
    }
}

impl fmt::Display for RegistrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for RegistrationError {}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn explained(errno: i32) -> io::Error {
        explain(7, io::Error::from_raw_os_error(errno))
    }

    /// RE12
    #[test]
    fn a_regular_file_is_sent_to_the_blocking_pool() {
        let error = explained(libc::EPERM);
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        assert!(error.to_string().starts_with("cannot register fd 7: it is a regular file"), "{error}");
        assert!(error.to_string().contains("spawn_blocking"), "{error}");
    }

    /// RE11
    #[test]
    fn every_message_names_the_fd_and_keeps_the_kind() {
        for errno in [libc::EEXIST, libc::ENOSPC, libc::ENOMEM, libc::EBADF] {
            let error = explained(errno);
            assert!(error.to_string().contains("fd 7"), "{error}");
            assert_eq!(error.kind(), io::Error::from_raw_os_error(errno).kind());
        }
        assert!(explained(libc::ENOSPC).to_string().contains("fs.epoll.max_user_watches"));
    }

    #[test]
    fn the_errno_stays_within_reach() {
        for error in [explained(libc::EMFILE), no_runtime(io::Error::from_raw_os_error(libc::EMFILE))] {
            let detail = error.get_ref().and_then(|error| error.downcast_ref::<RegistrationError>());
            assert_eq!(detail.and_then(|detail| detail.os_error().raw_os_error()), Some(libc::EMFILE));
            assert!(error.to_string().contains("Too many open files"), "{error}");
        }
    }
}
