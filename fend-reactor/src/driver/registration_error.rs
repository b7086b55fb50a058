//! What is told when an fd cannot be registered.

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

/// Names the operation, the fd and the remedy; keeps the kind of the dispatcher's error.
pub(super) fn explain(fd: RawFd, error: &io::Error) -> io::Error {
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
    io::Error::new(error.kind(), message)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn explained(errno: i32) -> io::Error {
        explain(7, &io::Error::from_raw_os_error(errno))
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
}
