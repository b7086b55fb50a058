//! What the machine itself adds to a wait: a plain thread that sleeps beat by beat beside the test sees other programs take the
//! processors too. A limit on lateness holds beyond that.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A plain thread that measures until it is asked.
pub(crate) struct Noise {
    running: Arc<AtomicBool>,
    thread: JoinHandle<Duration>,
}

impl Noise {
    pub(crate) fn listen(beat: Duration) -> Noise {
        let running = Arc::new(AtomicBool::new(true));
        let measured = running.clone();
        let thread = thread::spawn(move || {
            let mut worst = Duration::ZERO;
            while measured.load(SeqCst) {
                let before = Instant::now();
                thread::sleep(beat);
                worst = worst.max(before.elapsed().saturating_sub(beat));
            }
            worst
        });
        Noise { running, thread }
    }

    /// The latest that any beat was. Waits for one beat at most.
    pub(crate) fn worst(self) -> Duration {
        self.running.store(false, SeqCst);
        self.thread.join().expect("no panic")
    }
}
