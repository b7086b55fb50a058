//! The calls of the C library and the kernel that have no safe form. All the `unsafe` of this crate.
//!
//! # Rules
//!
//! 1. A pointer and a length taken from one live slice (or from one value and its size) describe memory that the callee may read, and write
//!    when the slice or value is borrowed mutably. None of the calls keeps the pointer.
//! 2. A [`CStr`](std::ffi::CStr) that is borrowed ends with its only NUL, and lives as long as the call. None of the calls writes to it or keeps it.
//! 3. Zeroes are a value of C's plain structures (`addrinfo`, with null pointers in it; `sockaddr_in`, `sockaddr_in6`).
//! 4. A [`BorrowedFd`] is open for as long as the borrow lives, so its number may be passed to the kernel.
//! 5. When getaddrinfo(3) succeeds, it has made a list: each node's `ai_next` is null or the next node, `ai_addr` points to `ai_addrlen` bytes
//!    that begin with the family, `ai_canonname` is null or a C string. All of it lives, unchanged, until freeaddrinfo(3), which is called
//!    once, when the list's only owner is dropped; nothing that borrows from the list outlives the owner.
//! 6. gai_strerror(3) takes any number, and its result is a C string that lives as long as the process.

mod machine;
mod netdb;

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd};

pub(crate) use machine::{host_name, interface_index};
pub(crate) use netdb::{Failure, getaddrinfo, getnameinfo};

/// Fills `bytes` from the kernel's generator: getrandom(2). Waits for its seed in a machine's first moments, and never again.
pub(crate) fn random(bytes: &mut [u8]) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        // SAFETY: rule 1.
        let count = unsafe { libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), 0) };
        match usize::try_from(count) {
            Ok(count) => rest = &mut rest[count..],
            Err(_) => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
    Ok(())
}

/// Has a datagram socket forget the peer that it was connected to, and the source address that was chosen for it: connect(2) to no address.
pub(crate) fn forget_peer(fd: BorrowedFd<'_>) -> io::Result<()> {
    let nowhere = libc::sockaddr { sa_family: libc::AF_UNSPEC as libc::sa_family_t, sa_data: [0; 14] };
    // SAFETY: rule 4 for the fd; rule 1 for the one address and its size.
    let result =
        unsafe { libc::connect(fd.as_raw_fd(), &nowhere, mem::size_of_val(&nowhere) as libc::socklen_t) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
