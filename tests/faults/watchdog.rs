//! A thread that ends the process when one run takes so long that it will never end, and says with which fault that was.

use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::plan;

/// Far more than any wait that a fault may cause.
const STALLED: Duration = Duration::from_secs(10);

static RUN: Mutex<Option<(String, Instant)>> = Mutex::new(None);

fn run() -> MutexGuard<'static, Option<(String, Instant)>> {
    RUN.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn start() {
    thread::spawn(|| {
        loop {
            thread::sleep(Duration::from_millis(500));
            if let Some((what, since)) = &*run() {
                if since.elapsed() > STALLED {
                    // What is printed now is no part of it.
                    plan::disarm();
                    eprintln!("a stall: {what}");
                    process::abort();
                }
            }
        }
    });
}

/// The time of the run that is called `what` begins now.
pub(crate) fn begin(what: String) {
    *run() = Some((what, Instant::now()));
}

/// Nothing runs.
pub(crate) fn end() {
    *run() = None;
}
