//! pipe2(2), and what fcntl(2) knows of pipes.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd};

use super::retry_interrupted;

/// A new pipe: the reading and the writing end, close-on-exec and non-blocking from birth.
pub(crate) fn pipe() -> io::Result<(File, File)> {
    let mut ends: [libc::c_int; 2] = [-1; 2];
    retry_interrupted(|| {
        // SAFETY: rule 2: the kernel writes two numbers into the array.
        unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) as isize }
    })?;
    // SAFETY: rule 3.
    Ok(unsafe { (File::from_raw_fd(ends[0]), File::from_raw_fd(ends[1])) })
}

/// The access mode of an open file (`O_RDONLY`, `O_WRONLY` or `O_RDWR`), `O_APPEND` and the other status flags (`F_GETFL`).
pub(crate) fn status_flags(fd: BorrowedFd<'_>) -> io::Result<libc::c_int> {
    // SAFETY: rule 1.
    let flags = retry_interrupted(|| unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) as isize })?;
    Ok(flags as libc::c_int)
}

/// The access mode of an open file: `O_RDONLY`, `O_WRONLY` or `O_RDWR`.
pub(crate) fn access_mode(fd: BorrowedFd<'_>) -> io::Result<libc::c_int> {
    Ok(status_flags(fd)? & libc::O_ACCMODE)
}

/// How many bytes a pipe holds at most (`F_GETPIPE_SZ`).
pub(crate) fn capacity(fd: BorrowedFd<'_>) -> io::Result<usize> {
    // SAFETY: rule 1.
    retry_interrupted(|| unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETPIPE_SZ) as isize })
}

/// Makes a pipe hold `bytes` at least (`F_SETPIPE_SZ`); returns what it holds now.
pub(crate) fn set_capacity(fd: BorrowedFd<'_>, bytes: libc::c_int) -> io::Result<usize> {
    // SAFETY: rule 1.
    retry_interrupted(|| unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETPIPE_SZ, bytes) as isize })
}
