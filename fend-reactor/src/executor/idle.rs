//! Who sleeps and who searches.
//!
//! Two words count the workers that search for work and those that are asleep; lists say who the sleepers are. The rules:
//!
//! 1. At most one worker is woken to search at a time. Whoever finds work while it is the searcher ends its search
//!    *before* it runs the work, and wakes the next when there is more.
//! 2. A worker first says that it sleeps, then looks once more at every queue, then sleeps. Whoever adds work first adds,
//!    then looks for sleepers. Between the two steps each has a sequentially consistent fence, so that one of them sees the
//!    other.
//!    Work that is added behind some that was there at the last such look needs none of its own: whoever has said since that it
//!    sleeps has found the older work (`run_queue.rs`).
//! 3. Sleepers on their own are woken before the one in a driver, which would leave its driver unattended.

use crate::sync::atomic::AtomicUsize;
use crate::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use crate::sync::{Mutex, fence_after_rmw, fence_seq_cst};

use super::parker::Place;

/// Aligned so that these words, which all workers look at whenever they queue a task, are on cache lines of their own.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Idle {
    searching: AtomicUsize,
    /// How many are in the lists. Changed with the lock held, which is needed anyway: so to count one out is a plain store.
    asleep: AtomicUsize,
    sleepers: Mutex<Sleepers>,
}

#[derive(Debug, Default)]
struct Sleepers {
    on_their_own: Vec<usize>,
    in_drivers: Vec<usize>,
    /// How often a thread fell asleep.
    naps: u64,
}

impl Sleepers {
    fn remove(&mut self, worker: usize) -> bool {
        for list in [&mut self.on_their_own, &mut self.in_drivers] {
            if let Some(position) = list.iter().position(|&sleeper| sleeper == worker) {
                list.swap_remove(position);
                return true;
            }
        }
        false
    }
}

impl Idle {
    pub(super) fn new() -> Idle {
        Idle {
            searching: AtomicUsize::new(0),
            asleep: AtomicUsize::new(0),
            sleepers: Mutex::new(Sleepers::default()),
        }
    }

    pub(super) fn asleep(&self) -> usize {
        self.asleep.load(Acquire)
    }

    /// Becomes the searcher. False when there is one.
    #[must_use]
    pub(super) fn start_search(&self) -> bool {
        !self.has_searcher() && self.searching.compare_exchange(0, 1, AcqRel, Acquire).is_ok()
    }

    /// The searcher is done, with or without work, and must look at all queues after this (rule 2): who added work meanwhile
    /// saw a searcher and woke nobody.
    pub(super) fn end_search(&self) {
        self.searching.fetch_sub(1, AcqRel);
        fence_after_rmw();
    }

    /// Whether a worker searches, who will look at all queues when it ends.
    pub(super) fn has_searcher(&self) -> bool {
        self.searching.load(Acquire) != 0
    }

    /// `worker`, which does not search, goes to sleep. It must look at all queues once more before it does.
    pub(super) fn sleep(&self, worker: usize, place: Place) {
        let mut sleepers = self.sleepers.lock();
        match place {
            Place::Own => sleepers.on_their_own.push(worker),
            Place::Driver(_) => sleepers.in_drivers.push(worker),
        }
        sleepers.naps += 1;
        self.asleep.fetch_add(1, AcqRel);
        drop(sleepers);
        fence_after_rmw();
    }

    /// A thread that is no worker is about to sleep; that can be seen only after this.
    pub(super) fn count_nap(&self) {
        self.sleepers.lock().naps += 1;
    }

    /// How often a thread fell asleep: the same twice means that whoever sleeps slept all the while.
    pub(super) fn naps(&self) -> u64 {
        self.sleepers.lock().naps
    }

    /// Whether `is_asleep` holds for each worker that has said that it sleeps. One that was woken by other means than
    /// [`wake_one`](Idle::wake_one) is among them until it has got up.
    pub(super) fn sleepers_all(&self, mut is_asleep: impl FnMut(usize) -> bool) -> bool {
        let sleepers = self.sleepers.lock();
        sleepers.on_their_own.iter().chain(&sleepers.in_drivers).all(|&worker| is_asleep(worker))
    }

    /// `worker` is up. True: it was chosen by [`wake_one`](Idle::wake_one), and is the searcher now.
    #[must_use]
    pub(super) fn wake_up(&self, worker: usize) -> bool {
        let mut sleepers = self.sleepers.lock();
        if !sleepers.remove(worker) {
            return true;
        }
        self.count_out();
        false
    }

    /// Work was added: picks the sleeper to wake, who is the searcher from now on. `None`: somebody searches already, or
    /// nobody sleeps.
    #[must_use]
    pub(super) fn wake_one(&self) -> Option<usize> {
        fence_seq_cst();
        if self.has_searcher() || self.asleep() == 0 {
            return None;
        }
        let mut sleepers = self.sleepers.lock();
        if self.has_searcher() {
            return None;
        }
        let worker = sleepers.on_their_own.pop().or_else(|| sleepers.in_drivers.pop())?;
        self.chose();
        Some(worker)
    }

    /// A driver is unattended: picks a worker that sleeps on its own, to attend it. It is a searcher too, as it looks at
    /// everything on its way.
    #[must_use]
    pub(super) fn wake_attendant(&self) -> Option<usize> {
        let mut sleepers = self.sleepers.lock();
        let worker = sleepers.on_their_own.pop()?;
        self.chose();
        Some(worker)
    }

    /// A sleeper was taken from its list, to search. Called with the lock held.
    fn chose(&self) {
        self.searching.fetch_add(1, AcqRel);
        self.count_out();
    }

    /// A sleeper was taken from its list. Called with the lock held.
    fn count_out(&self) {
        self.asleep.store(self.asleep.load(Acquire) - 1, Release);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn one_searcher_at_a_time_and_drivers_last() {
        let idle = Idle::new();
        idle.sleep(0, Place::Driver(0));
        idle.sleep(1, Place::Own);
        assert_eq!(idle.wake_one(), Some(1), "the one in the driver stays");
        assert_eq!(idle.wake_one(), None, "worker 1 searches");
        assert!(!idle.start_search());
        assert!(idle.wake_up(1), "chosen, so it searches");
        idle.end_search();
        assert_eq!(idle.wake_attendant(), None);
        assert_eq!(idle.wake_one(), Some(0));
        assert!(idle.wake_up(0));
        idle.end_search();
        assert_eq!(idle.asleep(), 0);
        idle.sleep(2, Place::Own);
        assert!(!idle.wake_up(2), "nobody chose it");
        assert!(idle.start_search());
    }
}

#[cfg(all(test, loom))]
mod loom_models {
    use super::*;
    use crate::executor::parker::Parker;
    use crate::executor::run_queue::{RunQueue, a_task};
    use crate::sync::atomic::Ordering::Release;
    use crate::sync::model;
    use loom::sync::Arc;
    use loom::thread;

    /// Rule 2: two producers against a worker that goes to sleep. All work is taken, and nobody sleeps beside work.
    #[test]
    fn loom_idle_no_work_is_left_beside_a_sleeper() {
        model(2, || {
            let idle = Arc::new(Idle::new());
            let queue = Arc::new(AtomicUsize::new(0));
            let parker = Arc::new(Parker::new());
            let producers: Vec<_> = (0..2)
                .map(|_| {
                    let (idle, queue, parker) = (idle.clone(), queue.clone(), parker.clone());
                    thread::spawn(move || {
                        queue.fetch_add(1, AcqRel);
                        if idle.wake_one().is_some() {
                            let _ = parker.unpark();
                        }
                    })
                })
                .collect();
            let mut taken = 0;
            while taken < 2 {
                taken += queue.swap(0, AcqRel);
                if taken == 2 {
                    break;
                }
                idle.sleep(0, Place::Own);
                if queue.load(Acquire) == 0 {
                    parker.sleep(None);
                }
                if idle.wake_up(0) {
                    idle.end_search();
                }
            }
            producers.into_iter().for_each(|producer| producer.join().unwrap());
        });
    }

    /// Rule 2 for work behind older work: a worker that is stuck with a filled queue has had the sleeper come, or keep awake.
    #[test]
    fn loom_idle_work_behind_older_work_needs_no_look_at_the_sleepers() {
        model(2, || {
            let idle = Arc::new(Idle::new());
            let parker = Arc::new(Parker::new());
            let (mut queue, stealer) = RunQueue::new();
            let thief = thread::spawn({
                let (idle, parker) = (idle.clone(), parker.clone());
                move || {
                    let (mut mine, _) = RunQueue::new();
                    loop {
                        idle.sleep(1, Place::Own);
                        if stealer.len() == 0 {
                            parker.sleep(None);
                        }
                        if idle.wake_up(1) {
                            idle.end_search();
                        }
                        if stealer.steal_into(&mut mine).is_some() {
                            break;
                        }
                        thread::yield_now();
                    }
                }
            });
            let mut add = |pops| {
                if pops {
                    drop(queue.pop());
                }
                queue.push(a_task()).unwrap();
                if queue.has_news() && idle.wake_one().is_some() {
                    let _ = parker.unpark();
                }
            };
            [false, false, true, false].into_iter().for_each(&mut add);
            thief.join().unwrap();
        });
    }

    /// Rule 2 for the end of a search: work that is added beside a searcher is seen by it, or wakes a sleeper.
    #[test]
    fn loom_idle_work_added_at_the_end_of_a_search_is_seen() {
        model(2, || {
            let idle = Arc::new(Idle::new());
            let queue = Arc::new(AtomicUsize::new(0));
            idle.sleep(1, Place::Own);
            assert!(idle.start_search());
            let producer = {
                let (idle, queue) = (idle.clone(), queue.clone());
                thread::spawn(move || {
                    queue.store(1, Release);
                    idle.wake_one().is_some()
                })
            };
            idle.end_search();
            let seen = queue.load(Acquire) != 0;
            assert!(producer.join().unwrap() || seen, "work is queued, a worker sleeps, and nobody searches");
        });
    }
}
