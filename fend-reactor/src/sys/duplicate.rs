//! Using an fd number again, for tests of fds that were closed behind a dispatcher's back.
//!
//! # Rules that the SAFETY comments cite
//!
//! 1. Both numbers are open: one is borrowed, the other owned.
//! 2. The number was owned by the caller, who gave it up; it is open, and belongs to nobody else.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};

use super::checked;

/// dup3(2): puts a duplicate of `fd` in the place of `old`, in one step.
pub(crate) fn duplicate_onto(fd: BorrowedFd<'_>, old: OwnedFd) -> io::Result<OwnedFd> {
    let number = old.into_raw_fd();
    // SAFETY: rule 1.
    let returned = checked(unsafe { libc::dup3(fd.as_raw_fd(), number, libc::O_CLOEXEC) });
    // SAFETY: rule 2.
    let owned = unsafe { OwnedFd::from_raw_fd(number) };
    returned.map(|_| owned)
}
