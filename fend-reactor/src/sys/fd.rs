//! What every file descriptor has: its blocking mode and its file's status.
//!
//! # Rules that the SAFETY comments cite
//!
//! 1. The call takes numbers only, and the fd is open: it is borrowed.
//! 2. The pointer comes from a live place, so it is aligned and valid for the whole call, and the kernel does not keep it.
//! 3. The call has filled the whole struct when it succeeds.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::checked;

/// Whether `O_NONBLOCK` is set (`F_GETFL` of fcntl(2)).
#[cfg(all(test, not(loom)))]
pub(crate) fn is_nonblocking(fd: BorrowedFd<'_>) -> io::Result<bool> {
    Ok(status_flags(fd)? & libc::O_NONBLOCK != 0)
}

/// Sets or clears `O_NONBLOCK` (`F_SETFL` of fcntl(2)). No second call when it is so already.
///
/// The flag belongs to the open file, not to the fd: a `dup` and the process that a terminal was inherited from see it too.
pub(crate) fn set_nonblocking(fd: BorrowedFd<'_>, nonblocking: bool) -> io::Result<()> {
    let old = status_flags(fd)?;
    let new = if nonblocking { old | libc::O_NONBLOCK } else { old & !libc::O_NONBLOCK };
    if new != old {
        // SAFETY: rule 1.
        checked(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, new) })?;
    }
    Ok(())
}

/// The access mode of an open file (`O_RDONLY`, `O_WRONLY` or `O_RDWR`) and its status flags (`F_GETFL` of fcntl(2)).
pub(crate) fn status_flags(fd: BorrowedFd<'_>) -> io::Result<libc::c_int> {
    // SAFETY: rule 1.
    checked(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) })
}

/// What kind of file an fd refers to, as far as polling cares (inode(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// A socket, a pipe or a FIFO: can always be polled.
    Stream,
    /// A character device; some cannot be polled, such as /dev/null.
    Character,
    /// A file of its own kind without a name (eventfd, timerfd, pidfd, inotify, ...): type 0 in `st_mode`.
    Anonymous,
    /// A regular file, a directory or a block device. Few regular files can be polled: some of proc(5) and sysfs(5).
    Storage,
}

/// Tells files apart: device and inode number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileIdentity {
    device: u64,
    inode: u64,
}

/// The part of fstat(2)'s answer that is of use here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FileStatus {
    pub(crate) kind: FileKind,
    pub(crate) identity: FileIdentity,
}

/// fstat(2).
pub(crate) fn status(fd: BorrowedFd<'_>) -> io::Result<FileStatus> {
    let mut stat = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: rule 2.
    checked(unsafe { libc::fstat(fd.as_raw_fd(), stat.as_mut_ptr()) })?;
    // SAFETY: rule 3.
    let stat = unsafe { stat.assume_init() };
    let kind = match stat.st_mode & libc::S_IFMT {
        libc::S_IFSOCK | libc::S_IFIFO => FileKind::Stream,
        libc::S_IFCHR => FileKind::Character,
        0 => FileKind::Anonymous,
        _ => FileKind::Storage,
    };
    #[expect(clippy::unnecessary_cast, reason = "the fields are narrower on some architectures")]
    let identity = FileIdentity { device: stat.st_dev as u64, inode: stat.st_ino as u64 };
    Ok(FileStatus { kind, identity })
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::fs::File;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use super::*;
    use crate::sys::EventFd;

    #[test]
    fn nonblocking_is_set_and_cleared() {
        let (socket, _peer) = UnixStream::pair().unwrap();
        for nonblocking in [false, true, true, false, false] {
            set_nonblocking(socket.as_fd(), nonblocking).unwrap();
            assert_eq!(is_nonblocking(socket.as_fd()).unwrap(), nonblocking);
        }
    }

    #[test]
    fn kinds_of_files() {
        let kind = |fd: BorrowedFd<'_>| status(fd).unwrap().kind;
        let (socket, _peer) = UnixStream::pair().unwrap();
        assert_eq!(kind(socket.as_fd()), FileKind::Stream);
        assert_eq!(kind(EventFd::new().unwrap().as_fd()), FileKind::Anonymous);
        assert_eq!(kind(File::open("/dev/null").unwrap().as_fd()), FileKind::Character);
        assert_eq!(kind(File::open("/").unwrap().as_fd()), FileKind::Storage);
        assert_eq!(kind(File::open("/proc/self/stat").unwrap().as_fd()), FileKind::Storage);
    }

    #[test]
    fn files_are_told_apart() {
        let (one, two) = UnixStream::pair().unwrap();
        let identity = |fd: BorrowedFd<'_>| status(fd).unwrap().identity;
        assert_ne!(identity(one.as_fd()), identity(two.as_fd()));
        assert_eq!(identity(one.as_fd()), identity(one.try_clone().unwrap().as_fd()));
    }
}
