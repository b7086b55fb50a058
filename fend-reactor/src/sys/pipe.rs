//! pipe(7), for tests.
//!
//! # Rules that the SAFETY comments cite
//!
//! 1. The kernel fills the array, which is live and has room for two numbers.
//! 2. Descriptors that a call has just returned are open and belong to nobody else.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

use super::checked;

/// pipe2(2): the reading and the writing end, close-on-exec and non-blocking.
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [-1; 2];
    // SAFETY: rule 1.
    checked(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) })?;
    // SAFETY: rule 2.
    Ok(unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) })
}
