//! System calls that std has no safe form of.
//!
//! 1. The call takes numbers only, or null pointers where these are allowed.
//! 2. Pointers that are handed over point to values that outlive the call, and are of the type and size the call expects.
//! 3. Zeroes are a value of C's plain structures.

#![expect(unsafe_code, reason = "system calls that std has no safe form of")]

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

fn checked(result: libc::c_int) -> io::Result<libc::c_int> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// `SIG_IGN` or `SIG_DFL` for a signal.
pub(crate) fn dispose(signal: libc::c_int, disposition: libc::sighandler_t) {
    // SAFETY: rule 1.
    let before = unsafe { libc::signal(signal, disposition) };
    assert_ne!(before, libc::SIG_ERR, "{}", io::Error::last_os_error());
}

/// Blocks a signal for this thread.
pub(crate) fn block(signal: libc::c_int) {
    // SAFETY: rules 2 and 3; the old mask may be null.
    let result = unsafe {
        let mut set: libc::sigset_t = mem::zeroed();
        libc::sigaddset(&raw mut set, signal);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, ptr::null_mut())
    };
    assert_eq!(result, 0);
}

/// waitpid(2): any child for -1. The id that was waited for, and the status as the kernel has it.
pub(crate) fn wait_for(id: i32) -> io::Result<(u32, i32)> {
    let mut status = 0;
    // SAFETY: rule 2.
    let id = checked(unsafe { libc::waitpid(id, &raw mut status, 0) })?;
    Ok((id.unsigned_abs(), status))
}

/// Whether there is a process with the id, be it a zombie. Takes no descriptor to find out.
pub(crate) fn exists(id: u32) -> bool {
    // SAFETY: rule 1; the signal 0 is none.
    unsafe { libc::kill(id as libc::pid_t, 0) == 0 }
}

/// Whether poll(2) says that the fd can be read.
pub(crate) fn is_readable(fd: BorrowedFd<'_>) -> bool {
    let mut fd = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: rule 2.
    checked(unsafe { libc::poll(&raw mut fd, 1, 0) }).expect("its state");
    fd.revents & libc::POLLIN != 0
}

/// Whether the process is gone, zombies included, as pidfd_send_signal(2) says.
pub(crate) fn is_gone(pidfd: BorrowedFd<'_>) -> bool {
    let fd = pidfd.as_raw_fd();
    // SAFETY: rule 1.
    let result =
        unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, 0, ptr::null::<libc::siginfo_t>(), 0) };
    result == -1 && io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH)
}

/// Traces a process without stopping it (`PTRACE_SEIZE` of ptrace(2)).
pub(crate) fn trace(id: u32) -> io::Result<()> {
    let none = ptr::null_mut::<libc::c_void>();
    // SAFETY: rule 1.
    let result = unsafe { libc::ptrace(libc::PTRACE_SEIZE, id as libc::pid_t, none, none) };
    checked(result as libc::c_int).map(drop)
}

/// Lets any process trace this one. For those that Yama guards; without it, there is nothing to let.
pub(crate) fn let_trace() -> io::Result<()> {
    // SAFETY: rule 1.
    unsafe { libc::prctl(libc::PR_SET_PTRACER, libc::PR_SET_PTRACER_ANY, 0, 0, 0) };
    Ok(())
}

/// Runs `body` in a fork of this process, which then ends without further ado. Its exit status: 0 when `body` gave true.
///
/// The fork has this one thread only: `body` may not wait for others.
pub(crate) fn in_a_fork(body: impl FnOnce() -> bool) -> i32 {
    const LONGEST: libc::c_uint = 20;
    // SAFETY: rule 1. The C library has its locks in order in the child, so that memory can be allocated; `body` promises the rest.
    match checked(unsafe { libc::fork() }).expect("a process") {
        0 => {
            // One that hangs is ended.
            // SAFETY: rule 1.
            unsafe { libc::alarm(LONGEST) };
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
            // SAFETY: rule 1.
            unsafe { libc::_exit(if matches!(result, Ok(true)) { 0 } else { 1 }) }
        }
        id => wait_for(id).expect("its end").1,
    }
}

/// The limit of this process's memory, in bytes of address space. Gives the one before.
pub(crate) fn limit_memory(bytes: u64) -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: rule 2.
    checked(unsafe { libc::getrlimit(libc::RLIMIT_AS, &raw mut limit) }).expect("a limit");
    let before = mem::replace(&mut limit.rlim_cur, bytes);
    // SAFETY: rule 2.
    checked(unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) }).expect("a limit");
    before
}
