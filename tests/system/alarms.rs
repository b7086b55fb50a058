//! A storm of signals: `SIGALRM` for every thread of the process, a thousand times a second, to a handler without `SA_RESTART`.
//!
//! A timer of the process (setitimer(2)) would not do: as long as the main thread takes the signal, the kernel gives it to no other, and
//! the main thread of a test is the one that only waits. So a thread sends it to each of the others.
//!
//! System calls that std has no safe form of:
//!
//! 1. The call takes numbers only, or null pointers where these are allowed.
//! 2. Pointers that are handed over point to values that outlive the call, and are of the type and size the call expects.
//! 3. The signal handler only counts.
//! 4. Zeroes are a value of C's plain structures.

#![expect(unsafe_code, reason = "system calls that std has no safe form of")]

use std::fs;
use std::io;
use std::mem;
use std::process;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Duration;

static HANDLED: AtomicU64 = AtomicU64::new(0);

extern "C" fn count(_: libc::c_int) {
    HANDLED.fetch_add(1, Relaxed);
}

/// The storm. Lasts until it is dropped.
#[derive(Debug)]
pub(crate) struct Alarms {
    over: Arc<AtomicBool>,
    sender: Option<JoinHandle<()>>,
}

impl Alarms {
    /// Starts it, for the threads that there are and those to come.
    pub(crate) fn start() -> Alarms {
        handle();
        let over = Arc::new(AtomicBool::new(false));
        let seen = over.clone();
        let sender = thread::Builder::new().name("alarms".to_owned()).spawn(move || {
            while !seen.load(Relaxed) {
                interrupt_all();
                thread::sleep(Duration::from_millis(1));
            }
        });
        Alarms { over, sender: Some(sender.expect("a thread")) }
    }

    /// How often the handler has run.
    pub(crate) fn handled() -> u64 {
        HANDLED.load(Relaxed)
    }

    /// Ends it. How often the handler ran.
    pub(crate) fn end(self) -> u64 {
        drop(self);
        Alarms::handled()
    }
}

impl Drop for Alarms {
    fn drop(&mut self) {
        self.over.store(true, Relaxed);
        if let Some(sender) = self.sender.take() {
            sender.join().expect("it cannot fail");
        }
    }
}

fn handle() {
    // SAFETY: rules 2, 3 and 4.
    let result = unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = count as extern "C" fn(libc::c_int) as usize;
        libc::sigaction(libc::SIGALRM, &raw const action, ptr::null_mut())
    };
    assert_ne!(result, -1, "{}", io::Error::last_os_error());
}

/// Sends the signal to each thread of the process but this one.
fn interrupt_all() {
    // SAFETY: rule 1.
    let own = unsafe { libc::gettid() };
    // Not an error when there are no descriptors left: the test may have taken them.
    let Ok(threads) = fs::read_dir("/proc/self/task") else { return };
    for thread in threads.flatten() {
        let id = thread.file_name().to_str().and_then(|name| name.parse::<libc::pid_t>().ok());
        if let Some(id) = id.filter(|id| *id != own) {
            let process = process::id() as libc::pid_t;
            // SAFETY: rule 1. One that has ended meanwhile is not found.
            unsafe { libc::syscall(libc::SYS_tgkill, process, id, libc::SIGALRM) };
        }
    }
}
