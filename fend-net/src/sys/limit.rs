//! getrlimit(2).

use std::io;

/// How many open files the process may have (`RLIMIT_NOFILE`, the soft limit).
pub(crate) fn open_files() -> io::Result<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    super::retry_interrupted(|| {
        // SAFETY: rule 2, one value borrowed mutably.
        unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) as isize }
    })?;
    Ok(limit.rlim_cur)
}
