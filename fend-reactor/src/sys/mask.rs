//! The signal mask: of threads that belong to fend alone, and of children.
//!
//! # Rules that the SAFETY comments cite
//!
//! 1. The pointers come from live places, and the callee writes only to those that are borrowed mutably. None is kept.
//! 2. Zeroes are a value of `sigset_t`.
//! 3. What a child calls between fork(2) and execve(2) is safe there (signal-safety(7)): system calls, nothing that allocates or locks.

use std::io;
use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::ptr;

/// Those that the kernel sends to the thread that has caused them. Blocked, they end the process past every handler, such as those that
/// report a stack's overflow.
pub(super) const OF_THE_THREAD: [libc::c_int; 7] =
    [libc::SIGABRT, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGSEGV, libc::SIGSYS, libc::SIGTRAP];

/// Blocks, for the calling thread, the signals that any thread may take: a handler of the program's would run here, deep in code that
/// is not its own, and interrupt system calls of modules that do not expect it.
pub fn block_signals() {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: rules 1 and 2; the numbers are those of signals, and no old mask is asked for.
    let result = unsafe {
        libc::sigfillset(set.as_mut_ptr());
        for signal in OF_THE_THREAD {
            libc::sigdelset(set.as_mut_ptr(), signal);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), ptr::null_mut())
    };
    debug_assert_eq!(result, 0, "the first argument is known to the C library");
}

/// Whether the calling thread blocks any signal.
pub(crate) fn blocks_signals() -> bool {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: rules 1 and 2; no new mask is given, and the numbers are those of signals.
    unsafe {
        libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), set.as_mut_ptr());
        (1..=libc::SIGRTMAX()).any(|signal| libc::sigismember(set.as_ptr(), signal) == 1)
    }
}

/// Has each child of `command` block no signal when it runs the program.
pub(crate) fn unblock_signals_of_children(command: &mut Command) {
    // SAFETY: rule 3.
    unsafe { command.pre_exec(unblock_signals) };
}

/// Blocks no signal any more, in the calling thread.
fn unblock_signals() -> io::Result<()> {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: rules 1 and 2; no old mask is asked for.
    let errno = unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, set.as_ptr(), ptr::null_mut())
    };
    if errno == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(errno)) }
}
