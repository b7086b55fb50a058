//! Socket options that socket2 has no name for: numbers, and structures laid out by the caller.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::retry_interrupted;

/// setsockopt(2) of a number.
pub(crate) fn set_number(fd: BorrowedFd<'_>, level: i32, name: i32, value: i32) -> io::Result<()> {
    set_bytes(fd, level, name, &value.to_ne_bytes())
}

/// setsockopt(2) of a structure without pointers.
pub(crate) fn set_bytes(fd: BorrowedFd<'_>, level: i32, name: i32, value: &[u8]) -> io::Result<()> {
    retry_interrupted(|| {
        // SAFETY: rule 1 for the fd, rule 2 for the value.
        unsafe {
            let len = value.len() as libc::socklen_t;
            libc::setsockopt(fd.as_raw_fd(), level, name, value.as_ptr().cast(), len) as isize
        }
    })
    .map(drop)
}

/// getsockopt(2) of a number.
pub(crate) fn number(fd: BorrowedFd<'_>, level: i32, name: i32) -> io::Result<i32> {
    let mut value = [0; 4];
    let mut len = value.len() as libc::socklen_t;
    retry_interrupted(|| {
        // SAFETY: rule 1 for the fd, rule 2 for the value and its length.
        unsafe { libc::getsockopt(fd.as_raw_fd(), level, name, value.as_mut_ptr().cast(), &mut len) as isize }
    })?;
    Ok(i32::from_ne_bytes(value))
}
