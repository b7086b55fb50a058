//! splice(2) and sendfile(2): bytes that move from one fd to another inside the kernel.
//!
//! No call here waits for a pipe or a non-blocking socket. `SPLICE_F_MORE` is never given: it would hold the end of a message
//! back for 200 ms, as `TCP_CORK` does, and whether more will come is not known here.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

use fend_reactor::io::without_sigpipe;

use super::retry_interrupted;

const FLAGS: libc::c_uint = libc::SPLICE_F_MOVE | libc::SPLICE_F_NONBLOCK;

/// splice(2) of up to `len` bytes. One of the two is a pipe. 0: `from` is at its end.
pub(crate) fn splice(from: BorrowedFd<'_>, to: BorrowedFd<'_>, len: usize) -> io::Result<usize> {
    without_sigpipe(|| {
        retry_interrupted(|| {
            // SAFETY: rule 1 for both; no offsets are given.
            unsafe {
                libc::splice(from.as_raw_fd(), ptr::null_mut(), to.as_raw_fd(), ptr::null_mut(), len, FLAGS)
            }
        })
    })
}

/// splice(2) of up to `len` bytes from a pipe into a file, at `offset`.
pub(crate) fn splice_into_file(
    from: BorrowedFd<'_>,
    file: BorrowedFd<'_>,
    offset: u64,
    len: usize,
) -> io::Result<usize> {
    let mut offset = file_offset(offset)?;
    retry_interrupted(|| {
        // SAFETY: rule 1 for both; rule 2 for the offset, one value borrowed mutably.
        unsafe {
            libc::splice(from.as_raw_fd(), ptr::null_mut(), file.as_raw_fd(), &raw mut offset, len, FLAGS)
        }
    })
}

/// sendfile(2) of up to `len` bytes of a file, from `offset` on. 0: the file ends there.
pub(crate) fn sendfile(
    file: BorrowedFd<'_>,
    offset: u64,
    to: BorrowedFd<'_>,
    len: usize,
) -> io::Result<usize> {
    let mut offset = file_offset(offset)?;
    without_sigpipe(|| {
        retry_interrupted(|| {
            // SAFETY: rule 1 for both; rule 2 for the offset, one value borrowed mutably.
            unsafe { libc::sendfile64(to.as_raw_fd(), file.as_raw_fd(), &raw mut offset, len) }
        })
    })
}

fn file_offset(offset: u64) -> io::Result<libc::off64_t> {
    libc::off64_t::try_from(offset).map_err(|_| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("{offset} is beyond the end of any file"))
    })
}
