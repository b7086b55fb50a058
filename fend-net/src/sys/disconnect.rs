//! connect(2) to no address, which dissolves a connection in place.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Dissolves the connection of `fd` while others may hold it: TCP sends a reset, and whoever waits for the socket sees
/// `ECONNRESET`. A connected datagram socket forgets its peer.
pub(crate) fn disconnect(fd: BorrowedFd<'_>) -> io::Result<()> {
    let nowhere = libc::sockaddr { sa_family: libc::AF_UNSPEC as libc::sa_family_t, sa_data: [0; 14] };
    super::retry_interrupted(|| {
        // SAFETY: rule 1 for the fd; rule 2 for the one address and its size.
        unsafe { libc::connect(fd.as_raw_fd(), &nowhere, mem::size_of_val(&nowhere) as _) as isize }
    })
    .map(drop)
}
