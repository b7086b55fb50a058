//! Calls that raise `SIGPIPE` and have no flag against it: write(2) to a pipe, splice(2) and sendfile(2).
//!
//! Programs in Rust ignore the signal, and then nothing need be done: that is asked for each time, with one cheap
//! sigaction(2), since the host may change it at any time. Where it is not ignored it is blocked in this thread for the
//! duration of the call. The kernel sends it to the thread that wrote, so it can be taken back before the thread is let have
//! it. One that was pending before is not ours, and stays: a signal pends once only, so nothing of ours is left then.
//!
//! # Rules that the SAFETY comments cite
//!
//! 1. The pointers come from live places, and the kernel writes only to those that are borrowed mutably. None is kept.
//! 2. Zeroes are a value of C's plain structures (`sigaction`, `sigset_t`), and what the kernel or the C library writes into one of
//!    them is a value of it.

use std::io;
use std::mem::MaybeUninit;
use std::ptr;

/// Makes `call`, which raises no signal.
pub fn without_sigpipe<R>(call: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
    if is_ignored() {
        return call();
    }
    let pending = is_pending();
    let blocked = Blocked::new();
    let result = call();
    // Whatever the result: splice(2) and sendfile(2) send in several steps, and when a later one fails they tell how much the
    // earlier ones have moved, and the signal is there all the same.
    if !pending {
        take(&blocked.only_sigpipe);
    }
    result
}

fn is_ignored() -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: rules 1 and 2: the kernel fills in the action, and is given none to set.
    let action = unsafe {
        libc::sigaction(libc::SIGPIPE, ptr::null(), action.as_mut_ptr());
        action.assume_init()
    };
    action.sa_sigaction == libc::SIG_IGN
}

fn is_pending() -> bool {
    let mut set = empty_set();
    // SAFETY: rule 1, one set borrowed mutably; the number is that of a signal.
    unsafe {
        libc::sigpending(&raw mut set);
        libc::sigismember(&raw const set, libc::SIGPIPE) == 1
    }
}

/// Takes the signal that is pending, and does not wait for one.
fn take(set: &libc::sigset_t) {
    let no_time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    let take = || {
        // SAFETY: rule 1, for the set and the time, which are read only.
        super::checked(unsafe { libc::sigtimedwait(set, ptr::null_mut(), &raw const no_time) })
    };
    // None is pending where the kernel raised none.
    while take().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted) {}
}

fn empty_set() -> libc::sigset_t {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: rules 1 and 2.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        set.assume_init()
    }
}

/// Holds `SIGPIPE` back in this thread until it is dropped.
struct Blocked {
    only_sigpipe: libc::sigset_t,
    before: libc::sigset_t,
}

impl Blocked {
    fn new() -> Blocked {
        let mut only_sigpipe = empty_set();
        let mut before = empty_set();
        // SAFETY: rule 1, for both sets.
        unsafe {
            libc::sigaddset(&raw mut only_sigpipe, libc::SIGPIPE);
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const only_sigpipe, &raw mut before);
        }
        Blocked { only_sigpipe, before }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        // SAFETY: rule 1; the set is the one that the kernel gave.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, ptr::null_mut()) };
    }
}
