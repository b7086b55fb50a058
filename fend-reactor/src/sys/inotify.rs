//! inotify(7): a queue of file events in the kernel, and the watches that fill it.
//!
//! # Rules that the SAFETY comments cite
//!
//! 1. The call takes numbers only, and the fd is open: it is borrowed.
//! 2. A descriptor that a call has just returned is open and belongs to nobody else.
//! 3. The pointer comes from a live place, so it is aligned and valid for the whole call, and the kernel does not keep it.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::checked;

/// One queue. Close-on-exec and non-blocking.
#[derive(Debug)]
pub(crate) struct Inotify(File);

impl Inotify {
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: rule 1.
        let fd = checked(unsafe { libc::inotify_init1(libc::IN_CLOEXEC | libc::IN_NONBLOCK) })?;
        // SAFETY: rule 2.
        Ok(Inotify(File::from(unsafe { OwnedFd::from_raw_fd(fd) })))
    }

    /// Watches what `path` names, and gives the number of the watch: that of the watch which is there, when there is one.
    pub(crate) fn add(&self, path: &Path, mask: u32) -> io::Result<i32> {
        let path = CString::new(path.as_os_str().as_bytes())?;
        // SAFETY: rule 3.
        checked(unsafe { libc::inotify_add_watch(self.0.as_raw_fd(), path.as_ptr(), mask) })
    }

    /// Ends a watch. Its events that are in the queue stay there, and one more follows: `IN_IGNORED`.
    ///
    /// # Errors
    /// `InvalidInput` when there is no such watch.
    pub(crate) fn remove(&self, watch: i32) -> io::Result<()> {
        // SAFETY: rule 1.
        checked(unsafe { libc::inotify_rm_watch(self.0.as_raw_fd(), watch) }).map(drop)
    }

    /// Takes as many events as fit into `buffer`, each of them whole.
    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        (&self.0).read(buffer)
    }

    /// The bytes in the queue.
    pub(crate) fn queued(&self) -> io::Result<u64> {
        let mut bytes: libc::c_int = 0;
        // SAFETY: rule 3.
        checked(unsafe { libc::ioctl(self.0.as_raw_fd(), libc::FIONREAD, &raw mut bytes) })?;
        Ok(u64::from(bytes.unsigned_abs()))
    }
}

impl AsFd for Inotify {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::sys::is_nonblocking;

    #[test]
    fn a_queue_counts_its_bytes() {
        let inotify = Inotify::new().unwrap();
        assert!(is_nonblocking(inotify.as_fd()).unwrap());
        assert_eq!(inotify.queued().unwrap(), 0);
        let watch = inotify.add(Path::new("/"), libc::IN_DELETE_SELF).unwrap();
        inotify.remove(watch).unwrap();
        assert_eq!(inotify.queued().unwrap(), 16);
        assert_eq!(inotify.read(&mut [0; 64]).unwrap(), 16);
        assert_eq!(inotify.read(&mut [0; 64]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert_eq!(inotify.remove(watch).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn a_path_with_a_nul_byte_is_an_error() {
        let error = Inotify::new().unwrap().add(Path::new("a\0b"), libc::IN_CREATE).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
}
