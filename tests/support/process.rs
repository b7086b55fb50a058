//! What the kernel says of this process.

#![expect(unsafe_code, reason = "std has no clock of CPU time, and hides what the monotonic one shows")]

use std::fs;
use std::io;
use std::time::Duration;

/// The CPU time that all threads of the process have used.
pub(crate) fn cpu_time() -> Duration {
    clock(libc::CLOCK_PROCESS_CPUTIME_ID)
}

/// The absolute time on the clock that `Instant` hides.
pub(crate) fn monotonic_time() -> Duration {
    clock(libc::CLOCK_MONOTONIC)
}

/// The CPU time that all threads of another process have used, in the kernel and outside, to a hundredth of a second.
pub(crate) fn cpu_time_of(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process was not waited for");
    // The name before it may hold anything but ends with the last parenthesis; see proc_pid_stat(5).
    let (_, fields) = stat.rsplit_once(") ").expect("a name in parentheses");
    let ticks: u64 =
        fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("ticks")).sum();
    // SAFETY: takes no pointer.
    let per_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    Duration::from_millis(1000 * ticks / per_second.unsigned_abs())
}

fn clock(id: libc::clockid_t) -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid for writes.
    let result = unsafe { libc::clock_gettime(id, &raw mut time) };
    assert_eq!(result, 0, "{}", io::Error::last_os_error());
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).expect("less than a second"))
}

/// The memory in use, in bytes.
pub(crate) fn resident() -> usize {
    let pages = fs::read_to_string("/proc/self/statm").expect("proc is mounted");
    let pages: usize = pages.split(' ').nth(1).and_then(|n| n.parse().ok()).expect("the second number");
    pages * 4096
}

/// The numbers of the open fds.
pub(crate) fn open_fds() -> Vec<i32> {
    let names = fs::read_dir("/proc/self/fd")
        .expect("proc is mounted")
        .map(|entry| entry.expect("an entry").file_name());
    let numbers = names.map(|name| name.to_str().and_then(|name| name.parse().ok()).expect("a number"));
    let mut numbers: Vec<i32> = numbers.collect();
    // The directory itself was open, and is not any more.
    numbers.retain(|fd| fs::read_link(format!("/proc/self/fd/{fd}")).is_ok());
    numbers.sort_unstable();
    numbers
}

/// How many system calls of the write family the process has made.
pub(crate) fn writes() -> u64 {
    let counts = fs::read_to_string("/proc/self/io").expect("the kernel counts I/O");
    let line = counts.lines().find_map(|line| line.strip_prefix("syscw: "));
    line.and_then(|count| count.parse().ok()).expect("a count of writes")
}

/// Sets the soft limit of open fds, and gives the one that held before.
pub(crate) fn limit_fds(soft: u64) -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is valid for writes.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) }, 0);
    let before = std::mem::replace(&mut limit.rlim_cur, soft);
    // SAFETY: `limit` is valid for reads.
    let result = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
    assert_eq!(result, 0, "{}", io::Error::last_os_error());
    before
}
