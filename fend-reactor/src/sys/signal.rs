//! The signal handler, and sigaction(2).
//!
//! # Rules that the SAFETY comments cite
//!
//! 1. The pointers come from live places, and the kernel writes only to those that are borrowed mutably. None is kept.
//! 2. Zeroes are a value of C's plain structures (`sigaction`, `sigset_t`), and what the kernel or the C library writes into one of
//!    them is a value of it.
//! 3. What is called in a handler is safe there (signal-safety(7)): system calls and atomics, nothing that allocates or locks.
//! 4. The kernel calls the handler with a `siginfo_t` that it has filled in whole, and which lives until the handler returns. So does
//!    another handler that passes on what it was given.
//! 5. A handler that somebody has installed is a function of the kind that its flags say, and may be called for its signal as long as
//!    it is not replaced by somebody who knows of none that calls it. That is what installing one in a process means.
//! 6. The call takes numbers only.

use std::io;
use std::mem::{self, MaybeUninit};
use std::os::fd::RawFd;
use std::ptr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};

use super::append_only::AppendOnly;
use super::checked;
use super::mask::OF_THE_THREAD;
use crate::signal::{Record, SIGNALS, Slot};

/// All listeners there have been. Handlers walk it.
static SLOTS: AppendOnly<Slot> = AppendOnly::new();

/// How often a listener has begun to listen for a signal.
static BEGINNINGS: AtomicU64 = AtomicU64::new(0);

/// The number of one more beginning: what signal comes from now on is for it.
pub(crate) fn begin_to_listen() -> u64 {
    BEGINNINGS.fetch_add(1, SeqCst) + 1
}

pub(crate) fn signal_slots() -> &'static AppendOnly<Slot> {
    &SLOTS
}

/// getpid(2), which also tells a child that has its parent's memory from the parent.
pub(crate) fn process_id() -> i32 {
    // SAFETY: rule 6.
    unsafe { libc::getpid() }
}

/// kill(2) of this process: the kernel chooses one of the threads that do not block the signal.
pub(crate) fn raise(signal: i32) -> io::Result<()> {
    // SAFETY: rule 6.
    checked(unsafe { libc::kill(libc::getpid(), signal) }).map(drop)
}

type Plain = extern "C" fn(libc::c_int);
type WithInfo = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);

/// The handler of a signal that was there before ours. One of the two, as its address, or none. Two words, of which a handler that runs
/// just while they change may see one old and one new: then it calls one that is right or was right just now, or none.
struct Before {
    plain: AtomicUsize,
    with_info: AtomicUsize,
}

static BEFORE: [Before; SIGNALS] =
    [const { Before { plain: AtomicUsize::new(0), with_info: AtomicUsize::new(0) } }; SIGNALS];

/// Hands the signal to each listener, then calls the handler that was there before. Leaves errno as it was: what it interrupts
/// may be between a failed call and looking at it.
extern "C" fn on_signal(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: rule 3; the place is this thread's own.
    let errno = unsafe { *libc::__errno_location() };
    deliver(record(signal, info));
    call_handler_before(signal, info, context);
    // SAFETY: rule 3; as above.
    unsafe { *libc::__errno_location() = errno };
}

fn deliver(record: Record) {
    let latest = BEGINNINGS.load(SeqCst);
    let process = process_id();
    for slot in SLOTS.iter() {
        slot.deliver(process, latest, record, count_event);
    }
}

/// Adds one to an eventfd. By syscall(2), since write(3) is where threads of C may be cancelled.
fn count_event(fd: RawFd) {
    let one = 1_u64;
    // SAFETY: rules 1 and 3. The slot vouches for the descriptor.
    unsafe { libc::syscall(libc::SYS_write, fd, &raw const one, size_of::<u64>()) };
}

fn call_handler_before(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let before = &BEFORE[signal.unsigned_abs() as usize % SIGNALS];
    let with_info = before.with_info.load(SeqCst);
    if with_info != 0 {
        // SAFETY: rule 5.
        return unsafe { mem::transmute::<usize, WithInfo>(with_info)(signal, info, context) };
    }
    let plain = before.plain.load(SeqCst);
    if plain != 0 {
        // SAFETY: rule 5.
        unsafe { mem::transmute::<usize, Plain>(plain)(signal) };
    }
}

fn record(signal: libc::c_int, info: *mut libc::siginfo_t) -> Record {
    // SAFETY: rule 4.
    let Some(info) = (unsafe { info.as_ref() }) else {
        return Record { signal, code: libc::SI_KERNEL, pid: 0, uid: 0, value: 0 };
    };
    let of_child = signal == libc::SIGCHLD && info.si_code > 0;
    // SAFETY: rule 4: each is a number within what was filled in, whether or not it means something for this code.
    unsafe {
        let value = if of_child {
            u64::from(info.si_status() as u32)
        } else {
            info.si_value().sival_ptr.addr() as u64
        };
        Record { signal, code: info.si_code, pid: info.si_pid(), uid: info.si_uid(), value }
    }
}

/// What happens when a signal comes: its disposition. Only what the kernel has said, or our own.
#[derive(Clone, Copy)]
pub(crate) struct Action(libc::sigaction);

impl Action {
    /// The one that is in force.
    pub(crate) fn current(signal: i32) -> io::Result<Action> {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: rules 1 and 2: the kernel fills in the action, and is given none to set.
        checked(unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) })?;
        // SAFETY: rule 2.
        Ok(Action(unsafe { action.assume_init() }))
    }

    /// Ours, in place of `before`: what that one says about children stays in force.
    ///
    /// All signals are blocked in the handler, so that none interrupts it, but for those that the handler before may cause itself.
    pub(crate) fn ours(before: &Action) -> Action {
        let about_children = before.0.sa_flags & (libc::SA_NOCLDSTOP | libc::SA_NOCLDWAIT);
        let ignored = if before.0.sa_sigaction == libc::SIG_IGN { libc::SA_NOCLDWAIT } else { 0 };
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: rules 1 and 2; the numbers are those of signals.
        let mut action = unsafe {
            let mask = &raw mut (*action.as_mut_ptr()).sa_mask;
            libc::sigfillset(mask);
            for signal in OF_THE_THREAD {
                libc::sigdelset(mask, signal);
            }
            action.assume_init()
        };
        action.sa_sigaction = our_address();
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART | about_children | ignored;
        Action(action)
    }

    /// Puts it in force, and gives the one that was.
    pub(crate) fn set(&self, signal: i32) -> io::Result<Action> {
        let mut before = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: rules 1, 2 and 5: the action is ours, or was in force.
        checked(unsafe { libc::sigaction(signal, &raw const self.0, before.as_mut_ptr()) })?;
        // SAFETY: rule 2.
        Ok(Action(unsafe { before.assume_init() }))
    }

    /// Has our handler of `signal` call the handler of this action afterwards; none when the signal was ignored or had its default.
    pub(crate) fn call_after_ours(&self, signal: i32) {
        let before = &BEFORE[signal.unsigned_abs() as usize % SIGNALS];
        let address = if self.is_function() { self.0.sa_sigaction } else { 0 };
        let takes_info = self.0.sa_flags & libc::SA_SIGINFO != 0;
        before.with_info.store(if takes_info { address } else { 0 }, SeqCst);
        before.plain.store(if takes_info { 0 } else { address }, SeqCst);
    }

    pub(crate) fn is_ours(&self) -> bool {
        self.0.sa_sigaction == our_address()
    }

    pub(crate) fn is_function(&self) -> bool {
        ![libc::SIG_DFL, libc::SIG_IGN].contains(&self.0.sa_sigaction)
    }

    pub(crate) fn calls_the_same_as(&self, other: &Action) -> bool {
        self.0.sa_sigaction == other.0.sa_sigaction
    }
}

fn our_address() -> libc::sighandler_t {
    on_signal as WithInfo as libc::sighandler_t
}
