//! Which process something belongs to. What a runtime holds is of no use in the child of a fork(2): its threads are not there, the locks
//! that they held stay locked, and its descriptors are shared with the parent, which must not be disturbed.
//!
//! So whatever leads to a lock, a thread or the dispatcher of a runtime asks [`Origin::is_here`] first, and does nothing in the child but
//! say so. Each driver and each runtime keeps an [`Origin`] for that. What needs neither of them goes on to work: a socket with data is read,
//! a task that is over gives its output.

use std::io;
use std::os::fd::RawFd;

use crate::sys;

/// The process that made something, told from a child of it that was forked since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin(u32);

impl Origin {
    /// This process.
    #[must_use]
    pub fn here() -> Origin {
        sys::count_forks();
        Origin(sys::forks())
    }

    /// Whether this is still the process where it was made. Costs a load.
    #[inline]
    #[must_use]
    pub fn is_here(self) -> bool {
        self.0 == sys::forks()
    }
}

impl Default for Origin {
    fn default() -> Origin {
        Origin::here()
    }
}

/// Whether anything at all may belong to another process: this one was forked from one that had used this crate.
#[inline]
pub(crate) fn is_child() -> bool {
    sys::forks() != 0
}

/// What is wrong with a runtime that was made before the fork, and what helps.
pub(crate) const FORKED: &str = "the runtime belongs to the process that this one was forked from: \
     make a new runtime in the child, or exec";

/// The fd is registered with such a runtime.
pub(crate) fn fd_of_parent(fd: RawFd) -> io::Error {
    io::Error::other(format!(
        "cannot wait for fd {fd}: {FORKED}, and register the fd anew (into_inner, OwnedFd)"
    ))
}

/// The file is open, but who reads it here moves the parent's position.
pub(crate) fn opened_by_parent() -> io::Error {
    io::Error::other("it was opened in the process that this one was forked from: open it anew")
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_was_not_forked_is_the_origin_of_what_it_makes() {
        assert!(Origin::here().is_here());
        assert!(!Origin(sys::forks() + 1).is_here());
        assert!(!is_child());
    }

    #[test]
    fn the_error_names_the_fd_and_the_remedy() {
        let text = fd_of_parent(7).to_string();
        assert!(
            text.contains("fd 7") && text.contains("forked from") && text.contains("new runtime"),
            "{text}"
        );
    }
}
