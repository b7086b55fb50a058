//! The limit of open files, for tests that run out of them.
//!
//! # Rules that the SAFETY comments cite
//!
//! 1. The pointer comes from a live reference and the kernel does not keep it.

use super::checked;

/// The soft and the hard limit (`RLIMIT_NOFILE` of getrlimit(2)).
pub(crate) fn fd_limit() -> (u64, u64) {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: rule 1.
    checked(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) }).unwrap();
    (limit.rlim_cur, limit.rlim_max)
}

/// Sets the soft limit for this process.
pub(crate) fn set_fd_limit(soft: u64) {
    let limit = libc::rlimit { rlim_cur: soft, rlim_max: fd_limit().1 };
    // SAFETY: rule 1.
    checked(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }).unwrap();
}
