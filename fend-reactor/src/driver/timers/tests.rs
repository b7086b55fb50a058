use std::collections::BTreeMap;
use std::mem::size_of;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use proptest::prelude::*;

use super::*;

/// Counts its wakes. A timer's waker is known again by the address of its counter.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn counted() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count::default());
    (count.clone(), count.into())
}

fn noop() -> Waker {
    Waker::noop().clone()
}

fn expire(timers: &mut Timers, now: Nanos) -> usize {
    let mut due = WakeList::default();
    let fired = timers.expire(now, &mut due);
    assert_eq!(fired, due.len());
    due.wake_all();
    fired
}

/// Every promise the two tables make to each other.
fn check(timers: &Timers) {
    for (position, entry) in timers.heap.iter().enumerate() {
        let slot = &timers.slots[entry.slot as usize];
        assert_eq!(slot.position as usize, position);
        assert!(slot.waker.is_some());
        assert!(position == 0 || timers.heap[parent(position)].deadline <= entry.deadline);
    }
    let mut free = 0;
    let mut next = timers.free;
    while let Some(slot) = timers.slots.get(next as usize) {
        assert!(slot.waker.is_none());
        next = slot.position;
        free += 1;
    }
    assert_eq!(next, NO_SLOT);
    assert_eq!(free + timers.len(), timers.slots.len());
}

#[test]
fn forty_bytes_a_timer() {
    assert!(size_of::<Entry>() + size_of::<Slot>() <= 40);
}

#[test]
fn nothing_fires_early_and_all_due_fires() {
    let mut timers = Timers::new();
    let (count, waker) = counted();
    for deadline in [30, 10, 20, 10] {
        timers.insert(deadline, waker.clone());
    }
    assert_eq!(timers.next_deadline(), Some(10));
    assert_eq!(expire(&mut timers, 9), 0);
    assert_eq!(expire(&mut timers, 10), 2);
    assert_eq!(expire(&mut timers, 29), 1);
    assert_eq!(expire(&mut timers, 30), 1);
    assert_eq!(count.0.load(Ordering::Relaxed), 4);
    assert_eq!((timers.len(), timers.next_deadline()), (0, None));
}

#[test]
fn a_key_of_a_timer_that_fired_does_nothing() {
    let mut timers = Timers::new();
    let stale = timers.insert(1, noop());
    expire(&mut timers, 1);
    let (_, waker) = counted();
    let live = timers.insert(5, waker.clone());
    assert_eq!(live.slot, stale.slot, "the slot is used again");
    assert!(!timers.reset(stale, 9));
    assert!(timers.cancel(stale).is_none());
    assert_eq!(timers.waker_will_wake(stale, &waker), None);
    assert!(timers.replace_waker(stale, noop()).is_err());
    assert_eq!(timers.waker_will_wake(live, &waker), Some(true));
    assert_eq!(timers.next_deadline(), Some(5));
}

#[test]
fn a_replaced_waker_comes_back() {
    let mut timers = Timers::new();
    let (first, waker) = counted();
    let key = timers.insert(1, waker);
    let (second, waker) = counted();
    assert_eq!(timers.waker_will_wake(key, &waker), Some(false));
    let old = timers.replace_waker(key, waker).expect("the timer is armed");
    assert_eq!((Arc::strong_count(&first), Arc::strong_count(&second)), (2, 2));
    drop(old);
    expire(&mut timers, 1);
    assert_eq!((first.0.load(Ordering::Relaxed), second.0.load(Ordering::Relaxed)), (0, 1));
}

/// TM2
#[test]
fn never_does_not_come_but_is_drained() {
    let mut timers = Timers::new();
    let (count, waker) = counted();
    let key = timers.insert(NEVER, waker);
    assert_eq!(timers.next_deadline(), None);
    assert_eq!(expire(&mut timers, NEVER), 0);
    let mut all = WakeList::default();
    timers.drain(&mut all);
    all.wake_all();
    assert_eq!(count.0.load(Ordering::Relaxed), 1);
    assert!(timers.cancel(key).is_none());
    check(&timers);
}

/// TM8
#[test]
fn twelve_days_and_two_years() {
    const DAY: Nanos = 86_400_000_000_000;
    let mut timers = Timers::new();
    let mut now = 1;
    for jump in [12 * DAY, 730 * DAY, NEVER - 2 - 742 * DAY] {
        let later = now + jump;
        let order = [later, now, later - 1, NEVER].map(|deadline| timers.insert(deadline, noop()));
        assert_eq!(expire(&mut timers, now), 1);
        assert_eq!(expire(&mut timers, later - 1), 1);
        assert_eq!(expire(&mut timers, later), 1);
        assert!(timers.cancel(order[3]).is_some());
        now = later;
    }
}

/// TM5
#[test]
fn a_burst_gives_its_memory_back() {
    let mut timers = Timers::new();
    let keys: Vec<_> = (0..100_000).map(|deadline| timers.insert(deadline, noop())).collect();
    for key in keys {
        timers.cancel(key);
    }
    assert!(timers.slots.capacity() <= SMALL && timers.heap.capacity() <= SMALL);
    check(&timers);
}

/// TM5: one timer that stays, in the worst place, holds the burst's memory no longer than until its next deadline.
#[test]
fn a_burst_beside_a_heartbeat_gives_its_memory_back() {
    let mut timers = Timers::new();
    for _ in 0..3 {
        let keys: Vec<_> = (0..100_000).map(|_| timers.insert(9, noop())).collect();
        let last = timers.insert(5, noop());
        for key in &keys[..90_000] {
            timers.cancel(*key);
        }
        assert!(timers.cancel(last).is_some());
        let heartbeat = timers.insert(6, noop());
        for key in &keys[90_000..] {
            timers.cancel(*key);
        }
        assert_eq!(timers.len(), 1);
        assert!(timers.heap.capacity() <= SMALL);
        check(&timers);
        timers.cancel(heartbeat);
        assert!(timers.slots.capacity() <= SMALL);
    }
}

#[test]
fn a_steady_timer_keeps_its_slot_and_its_memory() {
    let mut timers = Timers::new();
    let slots: Vec<_> = (0..1_000)
        .map(|deadline| {
            let key = timers.insert(deadline, noop());
            timers.cancel(key);
            key.slot
        })
        .collect();
    assert!(slots.iter().all(|&slot| slot == 0));
    assert!(timers.slots.capacity() > 0, "the small table is kept");
}

#[derive(Debug, Clone)]
enum Step {
    Insert(Nanos),
    Reset(usize, Nanos),
    Cancel(usize),
    Replace(usize),
    Expire(Nanos),
}

fn deadline() -> impl Strategy<Value = Nanos> {
    prop_oneof![4 => 0..100_u64, 1 => any::<u64>(), 1 => Just(NEVER)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => deadline().prop_map(Step::Insert),
        2 => (any::<prop::sample::Index>(), deadline()).prop_map(|(key, to)| Step::Reset(key.index(512), to)),
        3 => any::<prop::sample::Index>().prop_map(|key| Step::Cancel(key.index(512))),
        1 => any::<prop::sample::Index>().prop_map(|key| Step::Replace(key.index(512))),
        1 => (0..120_u64).prop_map(Step::Expire),
        1 => deadline().prop_map(Step::Expire),
    ]
}

proptest! {
    /// TM8: whatever is done, the timers behave as a sorted list of them would, and a key that fired stays dead.
    #[test]
    fn like_a_sorted_list(steps in prop::collection::vec(step(), 1..600)) {
        let mut timers = Timers::new();
        // Every timer ever made: its key and its counter; and the deadlines of those that are armed.
        let mut made: Vec<(TimerKey, Arc<Count>)> = Vec::new();
        let mut armed: BTreeMap<usize, Nanos> = BTreeMap::new();
        let mut wakes: Vec<usize> = Vec::new();
        for step in steps {
            match step {
                Step::Insert(deadline) => {
                    let (count, waker) = counted();
                    armed.insert(made.len(), deadline);
                    made.push((timers.insert(deadline, waker), count));
                    wakes.push(0);
                }
                Step::Reset(index, to) if index < made.len() => {
                    prop_assert_eq!(timers.reset(made[index].0, to), armed.contains_key(&index));
                    armed.entry(index).and_modify(|deadline| *deadline = to);
                }
                Step::Cancel(index) if index < made.len() => {
                    prop_assert_eq!(timers.cancel(made[index].0).is_some(), armed.remove(&index).is_some());
                    prop_assert_eq!(Arc::strong_count(&made[index].1), 1);
                }
                Step::Replace(index) if index < made.len() => {
                    let (count, waker) = counted();
                    let replaced = timers.replace_waker(made[index].0, waker);
                    prop_assert_eq!(replaced.is_ok(), armed.contains_key(&index));
                    if replaced.is_ok() {
                        made[index].1 = count;
                    }
                }
                Step::Expire(now) => {
                    let due: Vec<usize> =
                        armed.iter().filter(|&(_, &at)| at <= now && at != NEVER).map(|(&index, _)| index).collect();
                    prop_assert_eq!(expire(&mut timers, now), due.len());
                    for index in due {
                        armed.remove(&index);
                        wakes[index] += 1;
                    }
                }
                _ => {}
            }
            check(&timers);
            prop_assert_eq!(timers.len(), armed.len());
            prop_assert_eq!(timers.next_deadline(), armed.values().min().copied().filter(|&at| at != NEVER));
            for (index, (_, count)) in made.iter().enumerate() {
                prop_assert_eq!(count.0.load(Ordering::Relaxed), wakes[index]);
            }
        }
    }
}
