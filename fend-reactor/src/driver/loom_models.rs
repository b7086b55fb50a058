//! Models of a source between its driver and its tasks: no wake-up is lost.
//!
//! A model's kernel is a counter of units that wait to be read. The driver's thread makes one arrive, and reports it as an
//! edge-triggered dispatcher does: once, some time after. A task reads until there is nothing, clears what it saw, and waits.
//! However the two interleave, the task must get what arrived, or be woken.

use std::sync::Arc;
use std::task::{Poll, Wake, Waker};

use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use loom::thread;

use super::source_state::SourceState;
use super::waiters::{WaiterKey, Waiting};
use crate::dispatcher::{Direction, Readiness};
use crate::wake_list::WakeList;

struct Flag(AtomicBool);

impl Flag {
    fn new() -> Arc<Self> {
        Arc::new(Flag(AtomicBool::new(false)))
    }

    fn is_set(&self) -> bool {
        self.0.load(SeqCst)
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

/// A source whose word still says readable from an earlier event, though all was read since.
struct Model {
    state: SourceState,
    kernel: AtomicUsize,
}

impl Model {
    fn new(waiting_units: usize) -> Arc<Self> {
        Arc::new(Model {
            state: SourceState::new(Readiness::READABLE),
            kernel: AtomicUsize::new(waiting_units),
        })
    }

    /// The driver's part: units arrive, the dispatcher reports them.
    fn arrive(&self, readiness: Readiness) {
        self.kernel.fetch_add(1, SeqCst);
        let mut wakes = WakeList::default();
        self.state.report(readiness, &mut wakes);
        wakes.wake_all();
    }

    /// A read of one unit; false is `WouldBlock`.
    fn take_one(&self) -> bool {
        self.kernel.fetch_update(SeqCst, SeqCst, |units| units.checked_sub(1)).is_ok()
    }

    /// A task's part: reads a unit or waits. The loop ends, since an event can keep it going only once.
    fn read(&self, mut key: Option<&mut Option<WaiterKey>>, waker: &Waker) -> Poll<()> {
        loop {
            let seen = match self.state.ready(Direction::Read) {
                Some(seen) => seen,
                None => {
                    let waiting = key.as_deref_mut().map_or(Waiting::Polled, Waiting::Keyed);
                    match self.state.wait(Direction::Read, waiting, waker, || ()) {
                        Poll::Ready(seen) => seen,
                        Poll::Pending => return Poll::Pending,
                    }
                }
            };
            if self.take_one() {
                return Poll::Ready(());
            }
            self.state.word().clear(seen, Direction::Read);
        }
    }
}

fn model(f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(f);
}

/// RE4
#[test]
fn loom_readiness_set_races_with_clear_and_wait() {
    model(|| {
        let source = Model::new(0);
        let driver = {
            let source = Arc::clone(&source);
            thread::spawn(move || source.arrive(Readiness::READABLE))
        };
        let woken = Flag::new();
        let read = source.read(None, &Waker::from(Arc::clone(&woken)));
        driver.join().unwrap();
        assert!(read.is_ready() || woken.is_set());
        // Woken or not, a further look finds exactly the unit that is left.
        assert_eq!(source.read(None, Waker::noop()).is_ready(), read.is_pending());
    });
}

/// RE4, RE7: one read came back short, so the next waits without asking the kernel.
#[test]
fn loom_readiness_end_of_stream_races_with_clear_after_short_read() {
    model(|| {
        let source = Model::new(1);
        let driver = {
            let source = Arc::clone(&source);
            thread::spawn(move || source.arrive(Readiness::READABLE | Readiness::READ_CLOSED))
        };
        let woken = Flag::new();
        let seen = source.state.ready(Direction::Read).unwrap();
        let taken = source.kernel.swap(0, SeqCst);
        assert!(taken >= 1);
        source.state.word().clear_after_short(seen, Direction::Read);
        let waker = Waker::from(Arc::clone(&woken));
        let next = source.state.wait(Direction::Read, Waiting::Polled, &waker, || ());
        driver.join().unwrap();
        assert!(next.is_ready() || woken.is_set());
        let closed = source.state.ready(Direction::Read).unwrap().readiness(Direction::Read);
        assert!(closed.contains(Readiness::READ_CLOSED), "the end of the stream is not forgotten");
    });
}

/// RE7, HP4: an urgent byte is taken before the driver has reported it, while a read stops at its mark with data behind it.
#[test]
fn loom_readiness_urgent_byte_taken_unannounced_races_with_short_read() {
    model(|| {
        let source = Model::new(0);
        let urgent = Arc::new(AtomicBool::new(true));
        let driver = {
            let (source, urgent) = (Arc::clone(&source), Arc::clone(&urgent));
            thread::spawn(move || {
                let plain = Readiness::READABLE;
                source.arrive(if urgent.load(SeqCst) { plain | Readiness::PRIORITY } else { plain });
            })
        };
        let taker = {
            let source = Arc::clone(&source);
            thread::spawn(move || {
                source.state.word().mark();
                urgent.store(false, SeqCst);
            })
        };
        let seen = source.state.ready(Direction::Read).expect("readiness that is assumed");
        source.state.word().clear_after_short(seen, Direction::Read);
        let woken = Flag::new();
        let waker = Waker::from(Arc::clone(&woken));
        let ready = source.state.ready(Direction::Read).is_some()
            || source.state.wait(Direction::Read, Waiting::Polled, &waker, || ()).is_ready();
        driver.join().unwrap();
        taker.join().unwrap();
        assert!(ready || woken.is_set(), "what is behind the mark");
        assert!(source.state.ready(Direction::Read).is_some());
    });
}

/// RE4, RE6: two clones of a socket read from two tasks; both are woken, though one unit serves only one.
#[test]
fn loom_readiness_two_readers_wait_for_one_direction() {
    model(|| {
        let source = Model::new(0);
        let other = {
            let source = Arc::clone(&source);
            thread::spawn(move || {
                let woken = Flag::new();
                let read = source.read(None, &Waker::from(Arc::clone(&woken)));
                (read, woken)
            })
        };
        let driver = {
            let source = Arc::clone(&source);
            thread::spawn(move || source.arrive(Readiness::READABLE))
        };
        let (woken, mut key) = (Flag::new(), None);
        let read = source.read(Some(&mut key), &Waker::from(Arc::clone(&woken)));
        let (other_read, other_woken) = other.join().unwrap();
        driver.join().unwrap();
        let served = usize::from(read.is_ready()) + usize::from(other_read.is_ready());
        assert!(served <= 1);
        let left = source.kernel.load(SeqCst);
        assert_eq!(served + left, 1);
        assert!(left == 0 || woken.is_set() || other_woken.is_set(), "somebody comes for the unit");
    });
}

/// A task that begins to wait while the source is detached is woken or sees it.
#[test]
fn loom_readiness_detach_races_with_wait() {
    model(|| {
        let source = Arc::new(SourceState::new(Readiness::NONE));
        let driver = {
            let source = Arc::clone(&source);
            thread::spawn(move || {
                let mut wakes = WakeList::default();
                source.detach(&mut wakes);
                wakes.wake_all();
            })
        };
        let woken = Flag::new();
        let wait = source.wait(Direction::Write, Waiting::Polled, &Waker::from(Arc::clone(&woken)), || ());
        driver.join().unwrap();
        assert!(wait.is_ready() || woken.is_set());
        assert!(source.ready(Direction::Write).is_some());
    });
}
