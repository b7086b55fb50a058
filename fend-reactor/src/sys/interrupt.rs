//! Interrupting a waiting thread with a signal, for tests of `EINTR`.
//!
//! # Rules that the SAFETY comments cite
//!
//! 1. The pointers come from live places; the handler does nothing, so it is safe in any context.
//! 2. The thread is not joined yet: the handle is borrowed.

use std::io;
use std::mem::MaybeUninit;
use std::os::unix::thread::JoinHandleExt;
use std::ptr;
use std::thread::JoinHandle;

use super::checked;

extern "C" fn nothing(_signal: libc::c_int) {}

/// Gives `SIGUSR1` a handler that does nothing, without `SA_RESTART`.
pub(crate) fn ignore_without_restart() {
    // SAFETY: rule 1; all bits zero is an empty mask and no flags.
    let returned = unsafe {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed().assume_init();
        action.sa_sigaction = nothing as extern "C" fn(libc::c_int) as usize;
        libc::sigaction(libc::SIGUSR1, &raw const action, ptr::null_mut())
    };
    checked(returned).unwrap();
}

/// Sends `SIGUSR1` to one thread. False when it has ended.
pub(crate) fn interrupt<T>(thread: &JoinHandle<T>) -> bool {
    // SAFETY: rule 2.
    let errno = unsafe { libc::pthread_kill(thread.as_pthread_t(), libc::SIGUSR1) };
    match errno {
        0 => true,
        libc::ESRCH => false,
        errno => panic!("pthread_kill: {}", io::Error::from_raw_os_error(errno)),
    }
}
