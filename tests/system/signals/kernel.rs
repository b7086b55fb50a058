//! Raising signals, and looking at what the kernel knows of them.
//!
//! 1. The call takes numbers only, or pointers to values that outlive it and are of the type that it expects.
//! 2. Zeroes are a value of C's plain structures.
//! 3. What runs in a handler, or in a child before it ends, makes system calls and uses atomics, and nothing else.

#![expect(unsafe_code, reason = "system calls that std has no safe form of")]

use std::io;
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use fend::signal::Signal;

fn check(result: libc::c_int) {
    assert_ne!(result, -1, "{}", io::Error::last_os_error());
}

/// How often a handler of this file ran.
pub(crate) static HANDLED: AtomicU64 = AtomicU64::new(0);
/// The sender that the last one was told of.
pub(crate) static SENDER: AtomicI32 = AtomicI32::new(0);
/// Where a local variable of the last one was.
pub(crate) static STACK: AtomicUsize = AtomicUsize::new(0);

extern "C" fn plain(_signal: libc::c_int) {
    HANDLED.fetch_add(1, SeqCst);
    set_errno(77);
}

extern "C" fn with_info(_signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    assert!(!context.is_null());
    STACK.store((&raw const info).addr(), SeqCst);
    // SAFETY: the kernel, or a handler that passes on what it got from there, gives a valid pointer.
    SENDER.store(unsafe { (*info).si_pid() }, SeqCst);
    HANDLED.fetch_add(1, SeqCst);
    set_errno(78);
}

/// What happens when a signal comes.
pub(crate) fn action(signal: Signal) -> libc::sigaction {
    // SAFETY: rules 1 and 2.
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        check(libc::sigaction(signal.as_raw(), ptr::null(), &raw mut action));
        action
    }
}

pub(crate) fn blocks(action: &libc::sigaction, signal: Signal) -> bool {
    // SAFETY: rule 1.
    unsafe { libc::sigismember(&raw const action.sa_mask, signal.as_raw()) == 1 }
}

fn set_action(signal: Signal, address: libc::sighandler_t, flags: libc::c_int) {
    // SAFETY: rules 1, 2 and 3.
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = address;
        action.sa_flags = flags;
        check(libc::sigaction(signal.as_raw(), &raw const action, ptr::null_mut()));
    }
}

/// A handler that counts in [`HANDLED`].
pub(crate) fn count(signal: Signal) {
    set_action(signal, plain as extern "C" fn(libc::c_int) as libc::sighandler_t, libc::SA_RESTART);
}

/// A handler that counts, and notes sender and stack.
pub(crate) fn count_with_info(signal: Signal) {
    type WithInfo = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);
    set_action(signal, with_info as WithInfo as libc::sighandler_t, libc::SA_RESTART | libc::SA_SIGINFO);
}

pub(crate) fn ignore(signal: Signal) {
    set_action(signal, libc::SIG_IGN, 0);
}

pub(crate) fn take_default(signal: Signal) {
    set_action(signal, libc::SIG_DFL, 0);
}

/// raise(3): the handler has run in this thread when it returns.
pub(crate) fn raise_here(signal: Signal) {
    // SAFETY: rule 1.
    check(unsafe { libc::raise(signal.as_raw()) });
}

/// The calling thread, for others to send it signals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Thread(libc::pthread_t);

impl Thread {
    pub(crate) fn current() -> Thread {
        // SAFETY: rule 1.
        Thread(unsafe { libc::pthread_self() })
    }

    /// Sends a signal to this thread, which must not have ended.
    pub(crate) fn send(self, signal: Signal) {
        // SAFETY: rule 1; the thread has not ended.
        assert_eq!(unsafe { libc::pthread_kill(self.0, signal.as_raw()) }, 0);
    }
}

/// Sends a value along, to this thread.
pub(crate) fn queue_here(signal: Signal, value: usize) -> io::Result<()> {
    let value = libc::sigval { sival_ptr: ptr::without_provenance_mut(value) };
    // SAFETY: rule 1.
    match unsafe { libc::pthread_sigqueue(libc::pthread_self(), signal.as_raw(), value) } {
        0 => Ok(()),
        errno => Err(io::Error::from_raw_os_error(errno)),
    }
}

/// Starts a timer that sends a signal with a value, once.
pub(crate) fn signal_later(signal: Signal, value: usize, after: Duration) {
    // SAFETY: rules 1 and 2.
    unsafe {
        let mut event: libc::sigevent = mem::zeroed();
        event.sigev_notify = libc::SIGEV_SIGNAL;
        event.sigev_signo = signal.as_raw();
        event.sigev_value.sival_ptr = ptr::without_provenance_mut(value);
        let mut timer: libc::timer_t = mem::zeroed();
        check(libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer));
        let mut setting: libc::itimerspec = mem::zeroed();
        setting.it_value.tv_nsec = after.subsec_nanos().into();
        check(libc::timer_settime(timer, 0, &raw const setting, ptr::null_mut()));
    }
}

pub(crate) fn errno() -> i32 {
    io::Error::last_os_error().raw_os_error().expect("it is a number")
}

pub(crate) fn set_errno(errno: i32) {
    // SAFETY: the place is this thread's own.
    unsafe { *libc::__errno_location() = errno };
}

pub(crate) fn user() -> u32 {
    // SAFETY: rule 1.
    unsafe { libc::getuid() }
}

/// Gives this thread an alternate stack, while `body` runs; its addresses.
pub(crate) fn on_an_alternate_stack(body: impl FnOnce()) -> std::ops::Range<usize> {
    let mut memory = vec![0_u8; 256 * 1024];
    let stack = libc::stack_t { ss_sp: memory.as_mut_ptr().cast(), ss_flags: 0, ss_size: memory.len() };
    // SAFETY: rules 1 and 2; the memory is given back before it goes.
    unsafe {
        let mut before: libc::stack_t = mem::zeroed();
        check(libc::sigaltstack(&raw const stack, &raw mut before));
        body();
        check(libc::sigaltstack(&raw const before, ptr::null_mut()));
    }
    let start = memory.as_ptr().addr();
    start..start + memory.len()
}

/// Runs `body` in the child of a fork(2); its exit status.
///
/// The child has a copy of everything and this thread only. The C library keeps its allocator in order.
pub(crate) fn forked(body: impl FnOnce() -> u8) -> i32 {
    // SAFETY: the child ends without returning, and has the calling thread only, which holds no lock.
    unsafe {
        let pid = libc::fork();
        check(pid);
        if pid == 0 {
            libc::alarm(20);
            let status = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).unwrap_or(99);
            libc::_exit(status.into());
        }
        wait(pid)
    }
}

extern "C" fn raise_and_end(signal: *mut libc::c_void) -> libc::c_int {
    let before = HANDLED.load(SeqCst);
    // SAFETY: rule 3.
    unsafe { libc::kill(libc::getpid(), i32::try_from(signal.addr()).unwrap_or(0)) };
    i32::from(HANDLED.load(SeqCst) != before)
}

/// Raises a signal in a child that has this process's memory, as that of a vfork(2) has it. 1 when it has reached a handler of this
/// file there.
pub(crate) fn raise_in_a_child_that_shares_memory(signal: Signal) -> i32 {
    let mut stack = vec![0_u128; 16 * 1024];
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    let number = usize::try_from(signal.as_raw()).expect("a number");
    // SAFETY: rule 3; this thread goes on when the child has ended, so that the stack lasts.
    unsafe {
        let end = stack.as_mut_ptr_range().end;
        let pid = libc::clone(raise_and_end, end.cast(), flags, ptr::without_provenance_mut(number));
        check(pid);
        wait(pid)
    }
}

fn wait(pid: libc::pid_t) -> i32 {
    let mut status = 0;
    let waited = loop {
        // SAFETY: rule 1.
        let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
        if waited != -1 || io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            break waited;
        }
    };
    check(waited);
    assert!(libc::WIFEXITED(status), "the child ended by signal {}", libc::WTERMSIG(status));
    libc::WEXITSTATUS(status)
}

/// One read(2) of a byte, not tried again.
pub(crate) fn read_byte(fd: std::os::fd::RawFd) -> io::Result<u8> {
    let mut byte = 0_u8;
    // SAFETY: rule 1.
    match unsafe { libc::read(fd, (&raw mut byte).cast(), 1) } {
        1 => Ok(byte),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Waits for what other threads bring about, and fails when they do not.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "not within 30 s: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}
