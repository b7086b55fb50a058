//! Which of the three streams, and what messages call it.

use std::error::Error;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use crate::dispatcher::{Direction, Readiness};

/// One of the three streams that a program is started with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Input,
    Output,
    Error,
}

impl Which {
    /// Lends the fd to `f`. Like std's types, which lend it: whether it is open is for the kernel to say.
    pub(super) fn with_fd<R>(self, f: impl FnOnce(BorrowedFd<'_>) -> R) -> R {
        match self {
            Which::Input => f(io::stdin().as_fd()),
            Which::Output => f(io::stdout().as_fd()),
            Which::Error => f(io::stderr().as_fd()),
        }
    }

    pub(super) fn direction(self) -> Direction {
        if self == Which::Input { Direction::Read } else { Direction::Write }
    }

    /// What an fd is believed to be ready for until the kernel says otherwise.
    pub(super) fn assumed(self) -> Readiness {
        if self == Which::Input { Readiness::READABLE } else { Readiness::WRITABLE }
    }

    /// Names the operation and the stream.
    #[cold]
    pub(super) fn explain(self, cause: io::Error) -> io::Error {
        io::Error::new(cause.kind(), StreamError { which: self, cause })
    }

    fn operation(self) -> &'static str {
        match self {
            Which::Input => "read standard input (fd 0)",
            Which::Output => "write to standard output (fd 1)",
            Which::Error => "write to standard error (fd 2)",
        }
    }

    /// For threads, whose names the kernel cuts after 15 bytes.
    pub(super) fn thread_name(self) -> &'static str {
        match self {
            Which::Input => "fend-stdin",
            Which::Output => "fend-stdout",
            Which::Error => "fend-stderr",
        }
    }
}

/// What lies in the [`io::Error`] of a standard stream. The source is the error without the words around it.
#[derive(Debug)]
struct StreamError {
    which: Which,
    cause: io::Error,
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}", self.which.operation(), self.cause)
    }
}

impl Error for StreamError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_operation_and_the_cause_and_keep_the_kind() {
        let error = Which::Output.explain(io::Error::from_raw_os_error(libc::EPIPE));
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        assert!(
            error.to_string().starts_with("cannot write to standard output (fd 1): Broken pipe"),
            "{error}"
        );
        let source =
            error.get_ref().and_then(Error::source).and_then(|source| source.downcast_ref::<io::Error>());
        assert_eq!(source.and_then(io::Error::raw_os_error), Some(libc::EPIPE));
    }

    #[test]
    fn names_of_threads_are_not_cut() {
        assert!(
            [Which::Input, Which::Output, Which::Error].iter().all(|which| which.thread_name().len() <= 15)
        );
    }
}
