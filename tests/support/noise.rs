//! What the machine itself adds to a wait: plain threads that sleep beat by beat beside the test, one on each processor, see other programs
//! take the processors too. A limit on lateness holds beyond that.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Plain threads that measure until they are asked. One of them alone would not notice that another processor than its own stands still.
pub(crate) struct Noise {
    running: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Duration>>,
}

impl Noise {
    pub(crate) fn listen(beat: Duration) -> Noise {
        let running = Arc::new(AtomicBool::new(true));
        let allowed = allowed_processors();
        let threads = (0..allowed.len().max(1))
            .map(|number| {
                let (processor, running) = (allowed.get(number).copied(), running.clone());
                let begun = Instant::now();
                thread::spawn(move || {
                    if let Some(processor) = processor {
                        stay_on(processor);
                    }
                    worst_beat(beat, begun, &running)
                })
            })
            .collect();
        Noise { running, threads }
    }

    /// The latest that any beat was. Waits for one beat at most.
    pub(crate) fn worst(self) -> Duration {
        self.running.store(false, SeqCst);
        let worst = self.threads.into_iter().map(|thread| thread.join().expect("no panic"));
        worst.max().expect("at least one thread")
    }
}

/// From `begun` on without a gap, for one beat at least.
fn worst_beat(beat: Duration, begun: Instant, running: &AtomicBool) -> Duration {
    let (mut worst, mut before) = (Duration::ZERO, begun);
    loop {
        thread::sleep(beat);
        let now = Instant::now();
        worst = worst.max((now - before).saturating_sub(beat));
        before = now;
        if !running.load(SeqCst) {
            return worst;
        }
    }
}

/// The numbers of the processors that this thread may run on. Empty when the kernel does not say.
#[expect(unsafe_code, reason = "std knows no processors")]
fn allowed_processors() -> Vec<usize> {
    // SAFETY: a set of processors is numbers, for which zeros are a value.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: `set` is valid for writes, and as large as is said. When this fails, it stays empty.
    unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut set) };
    // SAFETY: the numbers are below the size of the set.
    (0..8 * size_of::<libc::cpu_set_t>()).filter(|&number| unsafe { libc::CPU_ISSET(number, &set) }).collect()
}

/// Has this thread run on one processor alone, unless that has gone.
#[expect(unsafe_code, reason = "std chooses no processors")]
fn stay_on(processor: usize) {
    // SAFETY: a set of processors is numbers, for which zeros are a value.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the number is one that was in such a set.
    unsafe { libc::CPU_SET(processor, &mut set) };
    // SAFETY: `set` is valid for reads, and as large as is said.
    unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set) };
}
