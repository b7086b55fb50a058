//! poll(2), in the form with a timeout in nanoseconds.
//!
//! # Rules that the SAFETY comments cite
//!
//! 1. The pointers come from live references, so they are aligned and valid for the whole call, and the kernel keeps none of them.
//! 2. The kernel reads and writes as many elements as it is told, and that is the length of the slice. It writes only `revents`.

use std::io;
use std::ptr;
use std::time::Duration;

use super::{checked, ready_count};

/// ppoll(2): waits until one of `fds` has something to report in `revents`, and says how many have. No timeout waits
/// without end; a timeout too long for the kernel does so too. An interrupted wait reports nothing.
///
/// # Errors
/// `EINVAL` when `fds` is longer than the limit of open files (`RLIMIT_NOFILE`) allows.
pub(crate) fn ppoll(fds: &mut [libc::pollfd], timeout: Option<Duration>) -> io::Result<usize> {
    let timeout = timeout.map(timespec);
    let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: rules 1 and 2; a null timeout and a null mask are allowed.
    let returned =
        checked(unsafe { libc::ppoll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, timeout, ptr::null()) });
    if returned.is_err() {
        // The kernel has not reached the point where it stores them.
        fds.iter_mut().for_each(|fd| fd.revents = 0);
    }
    ready_count(returned)
}

/// Saturates: the kernel takes the largest value for "without end".
fn timespec(duration: Duration) -> libc::timespec {
    libc::timespec {
        tv_sec: duration.as_secs().try_into().unwrap_or(libc::time_t::MAX),
        tv_nsec: duration.subsec_nanos() as libc::c_long,
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn timespec_saturates() {
        let longest = timespec(Duration::MAX);
        assert_eq!((longest.tv_sec, longest.tv_nsec), (libc::time_t::MAX, 999_999_999));
    }
}
