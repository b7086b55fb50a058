//! sockatmark(3), which libc does not declare for Linux.

use std::os::fd::{AsRawFd, BorrowedFd};

unsafe extern "C" {
    fn sockatmark(fd: libc::c_int) -> libc::c_int;
}

/// Whether the next byte of a stream is its urgent one. Not for what is no socket, or has no such thing.
pub(crate) fn is_at_mark(fd: BorrowedFd<'_>) -> bool {
    // SAFETY: rule 1.
    unsafe { sockatmark(fd.as_raw_fd()) == 1 }
}
