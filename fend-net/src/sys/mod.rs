//! The system calls that neither std nor socket2 offers in the form needed here. All the `unsafe` of this crate, but for that of
//! `copy/identify.rs`, which is about types, and of `hyper.rs`, which is about hyper's cursor: they have rules of their own.
//!
//! # Rules
//!
//! 1. A [`BorrowedFd`] is open for as long as the borrow lives, so its number may be passed to the kernel.
//! 2. A pointer and a length taken from one live slice (or from one value and its size) describe memory that the
//!    kernel may read, and write when the slice or value is borrowed mutably. None of the calls keeps the pointer.
//! 3. A non-negative result of a call that makes an fd is an open fd that nobody else owns.
//! 4. Descriptors that were passed to this process by exec(2) are open from its first moment, not close-on-exec, and nobody's
//!    until the one who was told of them takes them, once. Everybody else in the process gets other numbers from the kernel
//!    while they are open. (`activation.rs`; the rule's limits are told in the documentation of `ListenFds`.)
//! 5. Between fork(2) and exec(2) the child has one thread and a copy of all memory and descriptors, and gives none of it back
//!    to code that would miss it. What runs there makes system calls, and writes to memory that was laid out before; it does
//!    not allocate, lock or panic (signal-safety(7)).
//! 6. A `socket2::SockAddrStorage` is plain data, every byte of which has a value from the start: zero, or what the kernel has written. It makes
//!    a `SockAddr` with any length up to its own size, and the kernel sets a length to that of what it wrote, or
//!    says more when that was cut; so lengths of the kernel's are lowered to the storage's size.
//! 7. Zeroes are a value of C's plain structures (`rlimit`; of `msghdr` with null pointers in it), and what the kernel or the C
//!    library writes into one of them is a value of it.

pub(crate) mod activation;

mod bytes;
mod disconnect;
pub(crate) mod limit;
pub(crate) mod message;
pub(crate) mod option;
pub(crate) mod pipe;
pub(crate) mod splice;
pub(crate) mod unix;
pub(crate) mod urgent;

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

#[cfg(feature = "hyper")]
pub(crate) use bytes::recv_uninit;
pub(crate) use bytes::{recv, recv_vectored, send, send_vectored};
pub(crate) use disconnect::disconnect;
pub(crate) use urgent::at_mark;

/// poll(2) without waiting: which of `events` (and of the error conditions that are always reported) hold now.
pub(crate) fn poll_now(fd: BorrowedFd<'_>, events: libc::c_short) -> io::Result<libc::c_short> {
    let mut entry = libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
    retry_interrupted(|| {
        // SAFETY: rule 1 for the fd; rule 2 for the one entry.
        unsafe { libc::poll(&mut entry, 1, 0) as isize }
    })?;
    Ok(entry.revents)
}

/// Calls until the result is not `EINTR`. -1 becomes the error in `errno`. Allocates nothing.
#[inline]
fn retry_interrupted(mut call: impl FnMut() -> isize) -> io::Result<usize> {
    uninterrupted(|| usize::try_from(call()).map_err(|_| io::Error::last_os_error()))
}

/// Calls until the error is not that of a signal.
#[inline]
pub(crate) fn uninterrupted<R>(mut call: impl FnMut() -> io::Result<R>) -> io::Result<R> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
