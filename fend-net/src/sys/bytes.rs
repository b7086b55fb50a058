//! Moving bytes through a connected socket, as plain system calls.
//!
//! The C library's functions for these are cancellation points: in a process with threads each call switches cancellation on and off
//! again, two atomic operations for something that Rust has no use for.

use std::io::{self, IoSlice, IoSliceMut};
#[cfg(feature = "hyper")]
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

use super::retry_interrupted;

/// What sendto(2) and recvfrom(2) are told where an address could be.
const NO_ADDRESS: *const libc::c_void = ptr::null();

/// send(2) of `buf`.
#[inline]
pub(crate) fn send(fd: BorrowedFd<'_>, buf: &[u8], flags: libc::c_int) -> io::Result<usize> {
    let fd = fd.as_raw_fd();
    retry_interrupted(|| {
        // SAFETY: rule 1 for the fd, rule 2 for the buffer; there is no address.
        unsafe {
            libc::syscall(libc::SYS_sendto, fd, buf.as_ptr(), buf.len(), flags, NO_ADDRESS, 0_usize) as isize
        }
    })
}

/// recv(2) into `buf`.
#[inline]
pub(crate) fn recv(fd: BorrowedFd<'_>, buf: &mut [u8], flags: libc::c_int) -> io::Result<usize> {
    // SAFETY: rule 2.
    unsafe { recv_at(fd, buf.as_mut_ptr(), buf.len(), flags) }
}

/// recv(2) into `buf`, whose first bytes are initialised then, as many as the result says.
#[cfg(feature = "hyper")]
#[inline]
pub(crate) fn recv_uninit(fd: BorrowedFd<'_>, buf: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
    // SAFETY: rule 2.
    unsafe { recv_at(fd, buf.as_mut_ptr().cast(), buf.len(), 0) }
}

/// recv(2).
///
/// # Safety
///
/// `start` and `len` are those of one live slice that is borrowed mutably, whether or not its bytes have a value.
#[inline]
unsafe fn recv_at(fd: BorrowedFd<'_>, start: *mut u8, len: usize, flags: libc::c_int) -> io::Result<usize> {
    let fd = fd.as_raw_fd();
    retry_interrupted(|| {
        // SAFETY: rule 1 for the fd, the caller's word for the buffer; the kernel is given no place for an address, nor for its length.
        unsafe { libc::syscall(libc::SYS_recvfrom, fd, start, len, flags, NO_ADDRESS, NO_ADDRESS) as isize }
    })
}

/// sendmsg(2) of `bufs`, no more than `UIO_MAXIOV` of them.
pub(crate) fn send_vectored(
    fd: BorrowedFd<'_>,
    bufs: &[IoSlice<'_>],
    flags: libc::c_int,
) -> io::Result<usize> {
    // SAFETY: rule 7.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    // `IoSlice` has the layout of `iovec`. The kernel only reads.
    message.msg_iov = bufs.as_ptr().cast_mut().cast();
    // Of another type in other C libraries.
    message.msg_iovlen = bufs.len() as _;
    retry_interrupted(|| {
        // SAFETY: rule 1 for the fd; rule 2 for the message, its list of buffers, and them.
        unsafe { libc::syscall(libc::SYS_sendmsg, fd.as_raw_fd(), &raw const message, flags) as isize }
    })
}

/// readv(2) into `bufs`, no more than `UIO_MAXIOV` of them. On a socket that is recvmsg(2) without the message.
pub(crate) fn recv_vectored(fd: BorrowedFd<'_>, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
    let (fd, first, len) = (fd.as_raw_fd(), bufs.as_mut_ptr(), bufs.len());
    retry_interrupted(|| {
        // SAFETY: rule 1 for the fd; rule 2 for the list of buffers, and them. `IoSliceMut` has the layout of `iovec`.
        unsafe { libc::syscall(libc::SYS_readv, fd, first, len) as isize }
    })
}
