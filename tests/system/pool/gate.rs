//! Jobs that sleep until they are let go.

use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Shut until it is opened, or dropped: a test that fails leaves no job behind that sleeps for ever.
#[derive(Debug, Default)]
pub(super) struct Gate(Arc<(Mutex<(bool, usize)>, Condvar)>);

impl Gate {
    /// A job that sleeps at the gate.
    pub(super) fn sleeper(&self) -> impl FnOnce() + Send + use<> {
        let gate = self.0.clone();
        move || {
            let (state, changed) = &*gate;
            state.lock().unwrap().1 += 1;
            changed.notify_all();
            drop(changed.wait_while(state.lock().unwrap(), |(open, _)| !*open).unwrap());
        }
    }

    /// Waits until so many sleep, or have slept.
    pub(super) fn has_stopped(&self, count: usize) {
        let (state, changed) = &*self.0;
        drop(changed.wait_while(state.lock().unwrap(), |(_, came)| *came < count).unwrap());
    }

    pub(super) fn open(&self) {
        self.0.0.lock().unwrap().0 = true;
        self.0.1.notify_all();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.open();
    }
}

/// Waits until it is so. For what no event tells of.
pub(super) fn comes_true(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(20), "never: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}
