//! Where the urgent byte stands: tcp(7), sockatmark(3).

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

unsafe extern "C" {
    /// The request behind it (`SIOCATMARK`) has another number on each family of processors, and the libc crate has neither.
    fn sockatmark(fd: libc::c_int) -> libc::c_int;
}

/// Whether the next byte to be received is the first after the urgent mark.
pub(crate) fn at_mark(fd: BorrowedFd<'_>) -> io::Result<bool> {
    let at_mark = super::retry_interrupted(|| {
        // SAFETY: rule 1 for the fd.
        unsafe { sockatmark(fd.as_raw_fd()) as isize }
    })?;
    Ok(at_mark != 0)
}

/// [`at_mark`] of anything. What is no socket, or has no urgent byte, is never there.
pub(crate) fn is_at_mark(fd: BorrowedFd<'_>) -> bool {
    at_mark(fd).unwrap_or(false)
}
