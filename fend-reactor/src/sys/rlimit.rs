//! The limit of open files.
//!
//! # Rules that the SAFETY comments cite
//!
//! 1. The pointer comes from a live reference and the kernel does not keep it.

use std::io;

use super::checked;

/// The soft and the hard limit (`RLIMIT_NOFILE` of getrlimit(2)).
///
/// # Errors
/// When a sandbox forbids to ask.
pub(crate) fn fd_limits() -> io::Result<(u64, u64)> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: rule 1.
    checked(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) })?;
    Ok((limit.rlim_cur, limit.rlim_max))
}

/// Sets the soft limit for this process.
#[cfg(all(test, not(loom)))]
pub(crate) fn set_fd_limit(soft: u64) {
    let limit = libc::rlimit { rlim_cur: soft, rlim_max: fd_limits().unwrap().1 };
    // SAFETY: rule 1.
    checked(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }).unwrap();
}
