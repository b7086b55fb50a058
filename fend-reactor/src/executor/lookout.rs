//! Looking about for a moment before going to sleep.
//!
//! A sleep and its end cost two switches of threads and, when the processor has meanwhile gone to sleep as well, ten times as much: an
//! answer that is there within a microsecond is had after twenty. A thread that looks about instead takes a processor from others. So it
//! does so only when that has lately paid: when the last few idle times, one after the other, were so short that its look would have seen
//! the end of each. One that was in vain doubles their number, and one that was not brings it back.
//!
//! Only what other threads of this process bring ends an idle time early: jobs, answers, tasks from outside. Events of the kernel
//! do not, which a look would not see; a server that waits for its sockets therefore never looks about.

use std::cell::Cell;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The longest look: about what a sleep and a wake-up from another processor cost where they are dear, in a virtual machine.
const LONGEST: Duration = Duration::from_micros(if cfg!(loom) { 0 } else { 50 });

/// The longest idle time that counts as short. It has a wake-up in it, which a look would have saved.
const SHORT: Duration = Duration::from_micros(100);

/// Looks between two readings of the time.
const LOOKS: u32 = if cfg!(loom) { 1 } else { 16 };

/// Short idle times, one after the other, before the first look.
const FEW: u32 = if cfg!(loom) { 0 } else { 4 };

/// The same after many looks in vain.
const MANY: u32 = 4096;

/// What one thread has seen of its idle times.
#[derive(Debug)]
pub(super) struct Lookout {
    /// Short ones since the last long one.
    short: Cell<u32>,
    /// As many make a look worth while.
    wanted: Cell<u32>,
}

impl Lookout {
    pub(super) fn new() -> Lookout {
        Lookout { short: Cell::new(0), wanted: Cell::new(FEW) }
    }

    /// Whether a look is worth its time.
    #[inline]
    pub(super) fn pays(&self) -> bool {
        self.short.get() >= self.wanted.get() && has_company()
    }

    /// Looks for a moment. True: `sees` did.
    #[cold]
    pub(super) fn look(&self, mut sees: impl FnMut() -> bool) -> bool {
        let start = Instant::now();
        loop {
            for _ in 0..LOOKS {
                if sees() {
                    self.wanted.set(FEW);
                    return true;
                }
                std::hint::spin_loop();
            }
            if start.elapsed() >= LONGEST {
                break;
            }
        }
        self.short.set(0);
        self.wanted.set((self.wanted.get() * 2).min(MANY));
        false
    }

    /// The thread has slept. `idle` is how long, when it was another thread that had something for it.
    #[inline]
    pub(super) fn slept(&self, idle: Option<Duration>) {
        let short = idle.is_some_and(|idle| idle < SHORT);
        self.short.set(if short { self.short.get().saturating_add(1) } else { 0 });
    }
}

/// Whether anybody else can run while this thread looks about.
fn has_company() -> bool {
    static COMPANY: OnceLock<bool> = OnceLock::new();
    cfg!(loom)
        || *COMPANY
            .get_or_init(|| std::thread::available_parallelism().is_ok_and(|processors| processors.get() > 1))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn after_short_ones(lookout: &Lookout, count: u32) -> bool {
        (0..count).for_each(|_| lookout.slept(Some(Duration::ZERO)));
        lookout.pays()
    }

    #[test]
    fn a_few_short_idle_times_make_it_look_and_a_long_one_stops_it() {
        let lookout = Lookout::new();
        assert!(!after_short_ones(&lookout, FEW - 1));
        assert_eq!(after_short_ones(&lookout, 1), has_company());
        assert!(lookout.look(|| true));
        assert_eq!(lookout.pays(), has_company(), "it goes on while it pays");
        lookout.slept(Some(SHORT));
        assert!(!lookout.pays());
        assert!(!after_short_ones(&lookout, FEW - 1));
        lookout.slept(None);
        assert!(!after_short_ones(&lookout, FEW - 1), "an event of the kernel is no short one");
    }

    #[test]
    fn looks_in_vain_become_rare_and_end() {
        let lookout = Lookout::new();
        for wanted in [FEW * 2, FEW * 4] {
            let start = Instant::now();
            assert!(!lookout.look(|| false));
            assert!(start.elapsed() >= LONGEST);
            assert!(!after_short_ones(&lookout, wanted - 1));
        }
        (0..20).for_each(|_| assert!(!lookout.look(|| false)));
        assert!(!after_short_ones(&lookout, MANY - 1));
        assert_eq!(after_short_ones(&lookout, 1), has_company());
        assert!(lookout.look(|| true));
        lookout.slept(None);
        assert_eq!(after_short_ones(&lookout, FEW), has_company(), "one that paid makes up for all");
    }
}
