//! File descriptors that std cannot make, and other calls that it does not have.
//!
//! 1. A call that gives an fd gives a new one, which nobody else owns.
//! 2. Pointers that are handed over point to values that outlive the call, and are of the type and size the call expects.
//! 3. Signal handlers call nothing.

#![expect(unsafe_code, reason = "system calls that std has no safe form of")]

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::time::Duration;

fn checked(result: libc::c_int) -> io::Result<libc::c_int> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

fn new_fd(result: libc::c_int) -> io::Result<OwnedFd> {
    // SAFETY: rule 1.
    checked(result).map(|fd| unsafe { OwnedFd::from_raw_fd(fd) })
}

pub(crate) fn eventfd() -> io::Result<File> {
    // SAFETY: no pointers.
    new_fd(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC) }).map(File::from)
}

/// A timer that has expired once after `after`.
pub(crate) fn timerfd(after: Duration) -> io::Result<File> {
    // SAFETY: no pointers.
    let fd = new_fd(unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_CLOEXEC) })?;
    let zero = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    let value = libc::timespec {
        tv_sec: libc::time_t::try_from(after.as_secs()).expect("seconds"),
        tv_nsec: after.subsec_nanos().into(),
    };
    let setting = libc::itimerspec { it_interval: zero, it_value: value };
    // SAFETY: rule 2; the old setting may be null.
    checked(unsafe { libc::timerfd_settime(fd.as_raw_fd(), 0, &raw const setting, ptr::null_mut()) })?;
    Ok(fd.into())
}

/// An inotify instance that watches the directory `path` for new files.
pub(crate) fn inotify(path: &CStr) -> io::Result<File> {
    // SAFETY: no pointers.
    let fd = new_fd(unsafe { libc::inotify_init1(libc::IN_CLOEXEC) })?;
    // SAFETY: rule 2.
    checked(unsafe { libc::inotify_add_watch(fd.as_raw_fd(), path.as_ptr(), libc::IN_CREATE) })?;
    Ok(fd.into())
}

/// The reading and the writing end of a pipe.
pub(crate) fn pipe() -> io::Result<(File, File)> {
    let mut ends = [-1; 2];
    // SAFETY: rule 2.
    checked(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) })?;
    Ok((new_fd(ends[0])?.into(), new_fd(ends[1])?.into()))
}

/// The two ends of a pseudo-terminal.
pub(crate) fn terminal() -> io::Result<(File, File)> {
    let (mut main, mut secondary) = (-1, -1);
    // SAFETY: rule 2; name, settings and size may be null.
    checked(unsafe {
        libc::openpty(&raw mut main, &raw mut secondary, ptr::null_mut(), ptr::null_mut(), ptr::null_mut())
    })?;
    Ok((new_fd(main)?.into(), new_fd(secondary)?.into()))
}

/// A duplicate of `fd` whose number is `lowest` or above.
pub(crate) fn duplicate_above(fd: BorrowedFd<'_>, lowest: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: no pointers.
    new_fd(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, lowest) })
}

/// Puts the file of `file` under the number of `number`, whose own file goes without anybody being told.
pub(crate) fn replace(number: impl AsFd, file: impl AsFd) -> io::Result<()> {
    // SAFETY: no pointers; the number stays open all the time.
    checked(unsafe { libc::dup3(file.as_fd().as_raw_fd(), number.as_fd().as_raw_fd(), libc::O_CLOEXEC) })?;
    Ok(())
}

/// Sets the soft limit of open files, and returns what it was.
pub(crate) fn limit_open_files(most: u64) -> io::Result<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: rule 2.
    checked(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) })?;
    let old = limit.rlim_cur;
    limit.rlim_cur = most.min(limit.rlim_max);
    // SAFETY: rule 2.
    checked(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) })?;
    Ok(old)
}

extern "C" fn do_nothing(_signal: libc::c_int) {}

/// SIGUSR1 is taken, does nothing, and interrupts system calls (no `SA_RESTART`).
pub(crate) fn interrupt_on_sigusr1() -> io::Result<()> {
    // SAFETY: all zeros are a valid `sigaction`: no flags and an empty mask.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = do_nothing as extern "C" fn(libc::c_int) as usize;
    // SAFETY: rules 2 and 3.
    checked(unsafe { libc::sigaction(libc::SIGUSR1, &raw const action, ptr::null_mut()) })?;
    Ok(())
}

/// Sends SIGUSR1 to one thread of this process; false when that has ended.
pub(crate) fn interrupt(thread: libc::pid_t) -> bool {
    // SAFETY: no pointers.
    unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, libc::SIGUSR1) == 0 }
}

/// This thread's id.
pub(crate) fn thread_id() -> libc::pid_t {
    // SAFETY: no pointers.
    unsafe { libc::gettid() }
}
