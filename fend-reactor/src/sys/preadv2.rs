//! Reading what is in the page cache, without waiting for a disk: preadv2(2) with `RWF_NOWAIT`.
//!
//! Through syscall(2), since not every C library has a wrapper.
//!
//! # Rules that the SAFETY comments cite
//!
//! 1. The fd is open: it is borrowed.
//! 2. The one vector is live for the whole call, and describes a buffer that is borrowed mutably, with its length. The kernel writes bytes
//!    into it, of which every value is valid, and keeps neither.
//! 3. The call takes numbers only.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::checked;

/// The kernel's mark for "at the file's own position, and move it".
const OWN_POSITION: u64 = u64::MAX;

/// Reads at `offset`, or at the file's own position and then moves that. Gives what is in memory, which may be less than the file has.
///
/// # Errors
///
/// `WouldBlock` when nothing of it is in memory; EOPNOTSUPP where the file system cannot tell, ENOSYS before Linux 4.6.
///
/// 0 need not be the end of the file: Linux 5.9 and 5.10 say it now and then where nothing is in memory (preadv2(2), BUGS).
pub(crate) fn read_cached(fd: BorrowedFd<'_>, offset: Option<u64>, buf: &mut [u8]) -> io::Result<usize> {
    let vector = libc::iovec { iov_base: buf.as_mut_ptr().cast(), iov_len: buf.len() };
    let offset = offset.unwrap_or(OWN_POSITION);
    // A 64-bit kernel takes the whole offset from the first of the two, and shifts the second out.
    let (low, high) = (offset as libc::c_ulong, (offset >> 32) as libc::c_ulong);
    // SAFETY: rules 1 and 2.
    let count = unsafe {
        libc::syscall(
            libc::SYS_preadv2,
            libc::c_long::from(fd.as_raw_fd()),
            &raw const vector,
            1 as libc::c_ulong,
            low,
            high,
            libc::c_long::from(libc::RWF_NOWAIT),
        )
    };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

/// Whether reads go past the page cache (`O_DIRECT` of open(2)): then `RWF_NOWAIT` does not keep them from waiting for the disk.
pub(crate) fn is_direct(fd: BorrowedFd<'_>) -> io::Result<bool> {
    // SAFETY: rules 1 and 3.
    let flags = checked(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) })?;
    Ok(flags & libc::O_DIRECT != 0)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::fs::File;
    use std::io::{Seek, Write};
    use std::os::fd::AsFd;

    use super::*;

    fn unnamed(contents: &[u8]) -> File {
        let path = std::env::temp_dir().join(format!("fend-preadv2-{:x}", crate::random::Random::seed()));
        let mut file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        file.write_all(contents).unwrap();
        file.rewind().unwrap();
        file
    }

    /// A file system that cannot tell may be below the directory for scratch files.
    fn cached(file: &File, offset: Option<u64>, buf: &mut [u8]) -> Option<usize> {
        match read_cached(file.as_fd(), offset, buf) {
            Err(error) if error.raw_os_error() == Some(libc::EOPNOTSUPP) => None,
            result => Some(result.unwrap()),
        }
    }

    #[test]
    fn what_was_written_is_in_memory() {
        let mut file = unnamed(b"hello, world");
        let mut buf = [0; 5];
        let Some(count) = cached(&file, None, &mut buf) else { return };
        assert_eq!((count, &buf), (5, b"hello"));
        assert_eq!(file.stream_position().unwrap(), 5, "the file's own position has moved");
        assert_eq!(cached(&file, Some(7), &mut buf), Some(5));
        assert_eq!(&buf, b"world");
        assert_eq!(file.stream_position().unwrap(), 5, "and does not when an offset is given");
        assert_eq!(cached(&file, Some(12), &mut buf), Some(0));
    }

    #[test]
    fn an_offset_beyond_32_bits_is_not_cut() {
        let file = unnamed(b"x");
        file.set_len((1 << 32) + 1).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, b"far", 1 << 32).unwrap();
        let mut buf = [0; 3];
        let Some(count) = cached(&file, Some(1 << 32), &mut buf) else { return };
        assert_eq!((count, &buf), (3, b"far"));
    }

    #[test]
    fn a_buffered_file_is_not_direct() {
        assert!(!is_direct(unnamed(b"").as_fd()).unwrap());
    }
}
