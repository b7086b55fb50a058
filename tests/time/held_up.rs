//! The paused clock and a thread that waits for a processor.
//!
//! 1. The handler only stores to atomics and sleeps, which handlers may.
//! 2. The thread that is signalled is one of a runtime that lives.
//! 3. Pointers point to values that outlive the call.

#![expect(unsafe_code, reason = "only a signal's handler keeps a thread from what it is about to do")]

use std::io::Write;
use std::mem::MaybeUninit;
use std::os::unix::net;
use std::ptr;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use fend::net::UnixStream;
use fend::time::{self, timeout};

use crate::rest::Observed;
use crate::shape::Shape;

// It takes two drivers: who moves the clock fetches what there is for its own.
on_every_shape!(@each undisturbed [data_for_a_thread_without_a_processor_is_no_silence] epoll_split Epoll 2 2, poll_split Poll 2 2,);

/// Far longer than real I/O must have been quiet before a paused clock moves on.
const HELD_UP: Duration = Duration::from_millis(100);

static IS_HELD_UP: AtomicBool = AtomicBool::new(false);

extern "C" fn hold_up(_signal: libc::c_int) {
    IS_HELD_UP.store(true, SeqCst);
    let time = libc::timespec { tv_sec: 0, tv_nsec: HELD_UP.subsec_nanos().into() };
    // SAFETY: rule 3.
    unsafe { libc::nanosleep(&raw const time, ptr::null_mut()) };
}

fn catch_signals() {
    // SAFETY: all-zero is a value of this type.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = hold_up as *const () as libc::sighandler_t;
    // SAFETY: rules 1 and 3.
    assert_eq!(unsafe { libc::sigaction(libc::SIGUSR2, &raw const action, ptr::null_mut()) }, 0);
}

fn signal(thread: libc::pthread_t) {
    // SAFETY: rule 2.
    assert_eq!(unsafe { libc::pthread_kill(thread, libc::SIGUSR2) }, 0);
}

/// Another worker sleeps in its own driver, for data. When that comes the thread cannot go on yet, and has not fetched it.
fn data_for_a_thread_without_a_processor_is_no_silence(shape: Shape) {
    catch_signals();
    IS_HELD_UP.store(false, SeqCst);
    shape.paused().block_on(async {
        let (ours, mut theirs) = net::UnixStream::pair().expect("a pair");
        let ours = UnixStream::try_from(ours).expect("a stream");
        let (started, starts) = mpsc::channel();
        let task = fend::spawn(async move {
            // SAFETY: no pointers.
            started.send((Observed::me(), unsafe { libc::pthread_self() })).expect("the test waits");
            ours.recv(&mut [0; 4]).await.expect("data")
        });
        // Another worker runs it while this one is here, and then sleeps.
        let (observed, thread) = starts.recv().expect("it starts");
        observed.wait_for_rest();
        signal(thread);
        while !IS_HELD_UP.load(SeqCst) {
            thread::yield_now();
        }
        theirs.write_all(b"ping").expect("it goes into the buffer");
        let start = time::now();
        let received = timeout(Duration::from_secs(5), task).await;
        assert_eq!(received.expect("in time").expect("no panic"), 4);
        assert_eq!(time::now(), start);
    });
}
