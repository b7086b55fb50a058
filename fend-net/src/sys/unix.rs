//! Options that only Unix sockets have: who the peer is. The rules are in `mod.rs`.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::retry_interrupted;

/// As in the kernel's `asm/socket.h`; the libc crate does not have them for all targets.
#[cfg(not(any(
    target_arch = "mips",
    target_arch = "mips64",
    target_arch = "sparc",
    target_arch = "sparc64"
)))]
mod option {
    pub(super) const SO_PEERSEC: libc::c_int = 31;
    pub(super) const SO_PEERGROUPS: libc::c_int = 59;
    pub(super) const SO_PASSPIDFD: libc::c_int = 76;
    pub(super) const SO_PEERPIDFD: libc::c_int = 77;
}

#[cfg(any(target_arch = "mips", target_arch = "mips64"))]
mod option {
    pub(super) const SO_PEERSEC: libc::c_int = 30;
    pub(super) const SO_PEERGROUPS: libc::c_int = 59;
    pub(super) const SO_PASSPIDFD: libc::c_int = 76;
    pub(super) const SO_PEERPIDFD: libc::c_int = 77;
}

#[cfg(any(target_arch = "sparc", target_arch = "sparc64"))]
mod option {
    pub(super) const SO_PEERSEC: libc::c_int = 0x1e;
    pub(super) const SO_PEERGROUPS: libc::c_int = 0x3d;
    pub(super) const SO_PASSPIDFD: libc::c_int = 0x55;
    pub(super) const SO_PEERPIDFD: libc::c_int = 0x56;
}

/// `SO_TIMESTAMP`: a control message with every record that is received.
pub(crate) fn set_timestamps(fd: BorrowedFd<'_>, on: bool) -> io::Result<()> {
    set_flag(fd, libc::SO_TIMESTAMP, on)
}

/// `SO_PASSPIDFD`.
pub(crate) fn passpidfd(fd: BorrowedFd<'_>) -> io::Result<bool> {
    option::<libc::c_int>(fd, option::SO_PASSPIDFD).map(|flag| flag != 0)
}

/// `SO_PASSPIDFD`.
pub(crate) fn set_passpidfd(fd: BorrowedFd<'_>, on: bool) -> io::Result<()> {
    set_flag(fd, option::SO_PASSPIDFD, on)
}

/// `SO_PEERCRED`: pid, uid and gid.
pub(crate) fn peer_cred(fd: BorrowedFd<'_>) -> io::Result<(libc::pid_t, libc::uid_t, libc::gid_t)> {
    // Three 32-bit words: pid, uid, gid.
    option::<[u32; 3]>(fd, libc::SO_PEERCRED).map(|[pid, uid, gid]| (pid as libc::pid_t, uid, gid))
}

/// `SO_PEERPIDFD`: close-on-exec from birth.
pub(crate) fn peer_pidfd(fd: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let number = option::<libc::c_int>(fd, option::SO_PEERPIDFD)?;
    if number < 0 {
        return Err(io::ErrorKind::NotConnected.into());
    }
    // SAFETY: rule 3.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// `SO_PEERGROUPS`.
pub(crate) fn peer_groups(fd: BorrowedFd<'_>) -> io::Result<Vec<libc::gid_t>> {
    list(fd, option::SO_PEERGROUPS)
}

/// `SO_PEERSEC`.
pub(crate) fn peer_security(fd: BorrowedFd<'_>) -> io::Result<Vec<u8>> {
    list(fd, option::SO_PEERSEC)
}

/// Types of which any bytes are a value.
trait Plain: Default + Copy {}
impl Plain for u8 {}
impl Plain for u32 {}
impl Plain for libc::c_int {}
impl Plain for [u32; 3] {}

fn option<T: Plain>(fd: BorrowedFd<'_>, name: libc::c_int) -> io::Result<T> {
    let mut value = T::default();
    let mut len = size_of::<T>() as libc::socklen_t;
    retry_interrupted(|| {
        // SAFETY: rule 1 for the fd; rule 2 for the value, which may become any bytes.
        unsafe {
            libc::getsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, name, (&raw mut value).cast(), &mut len)
                as isize
        }
    })?;
    Ok(value)
}

/// An option of unknown length: the kernel says `ERANGE` and how many bytes it takes.
fn list<T: Plain>(fd: BorrowedFd<'_>, name: libc::c_int) -> io::Result<Vec<T>> {
    let mut values = vec![T::default(); 64];
    loop {
        let mut len = (values.len() * size_of::<T>()) as libc::socklen_t;
        let result = retry_interrupted(|| {
            // SAFETY: rule 1 for the fd; rule 2 for the values, which may become any bytes.
            unsafe {
                let values = values.as_mut_ptr().cast();
                libc::getsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, name, values, &mut len) as isize
            }
        });
        let count = len as usize / size_of::<T>();
        match result {
            Ok(_) => {
                values.truncate(count);
                return Ok(values);
            }
            Err(error) if error.raw_os_error() == Some(libc::ERANGE) && count > values.len() => {
                values.resize(count, T::default());
            }
            Err(error) => return Err(error),
        }
    }
}

fn set_flag(fd: BorrowedFd<'_>, name: libc::c_int, on: bool) -> io::Result<()> {
    let value = libc::c_int::from(on);
    let len = size_of::<libc::c_int>() as libc::socklen_t;
    retry_interrupted(|| {
        // SAFETY: rule 1 for the fd; rule 2 for the value.
        unsafe {
            libc::setsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, name, (&raw const value).cast(), len) as isize
        }
    })?;
    Ok(())
}
