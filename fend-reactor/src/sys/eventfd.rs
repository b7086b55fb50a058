//! eventfd(2): a counter in the kernel that can be polled.
//!
//! # Rules that the SAFETY comments cite
//!
//! 1. The call takes numbers only.
//! 2. A descriptor that a call has just returned is open and belongs to nobody else.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};

use super::checked;

/// A counter that is readable while it is not 0. Close-on-exec and non-blocking.
#[derive(Debug)]
pub(crate) struct EventFd(File);

impl EventFd {
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: rule 1.
        let fd = checked(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
        // SAFETY: rule 2.
        Ok(EventFd(File::from(unsafe { OwnedFd::from_raw_fd(fd) })))
    }

    /// Adds one.
    ///
    /// # Errors
    /// `WouldBlock` when the counter stands at its largest value, 2^64 - 2.
    pub(crate) fn write(&self) -> io::Result<()> {
        (&self.0).write_all(&1_u64.to_ne_bytes())
    }

    /// Takes the count and sets it back to 0, without waiting: 0 when it was 0.
    pub(crate) fn read(&self) -> io::Result<u64> {
        let mut count = [0; 8];
        match (&self.0).read_exact(&mut count) {
            Ok(()) => Ok(u64::from_ne_bytes(count)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(error),
        }
    }
}

impl AsFd for EventFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::sys::is_nonblocking;

    #[test]
    fn counts_until_read() {
        let eventfd = EventFd::new().unwrap();
        assert!(is_nonblocking(eventfd.as_fd()).unwrap());
        assert_eq!(eventfd.read().unwrap(), 0);
        eventfd.write().unwrap();
        eventfd.write().unwrap();
        assert_eq!(eventfd.read().unwrap(), 2);
        assert_eq!(eventfd.read().unwrap(), 0);
    }
}
