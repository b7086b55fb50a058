//! Who waits on a source.
//!
//! Each direction may have several waiters, and all of them are woken by its event: whoever finds the kernel's buffer empty
//! again waits again. There are two kinds. A *keyed* waiter belongs to a future, which takes its entry out when it is
//! dropped. A *polled* one was left by a poll function that may be called from anywhere (`AsyncRead` through `&T`) and
//! is never told that its caller lost interest; these are told apart by their wakers and bounded in number.
//!
//! The first reader and the first writer lie inline, so that the usual source, with one task for each direction, costs
//! no allocation. Nothing here clones, drops or wakes a waker: that runs foreign code, and a lock is held.

use std::mem;
use std::num::NonZeroU64;
use std::task::Waker;

use crate::dispatcher::{Direction, Readiness};
use crate::wake_list::{WakeList, discard};

/// How many polled waiters a direction keeps. Beyond it the oldest is woken and forgotten: one needless poll for
/// a task that still waits, and an end to entries of tasks that do not.
const MAX_POLLED: usize = 32;

/// Names an entry, and says what it waits for: a number that ascends, so that it tells the oldest too, above three bits for the direction and whether it
/// was left by a poll function. One word, since every connection that waits keeps some of them. (2^61 waits on one source are more than there will be.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WaiterKey(NonZeroU64);

impl WaiterKey {
    const POLLED: u64 = 1;

    fn new(number: NonZeroU64, direction: Direction, polled: bool) -> WaiterKey {
        let marks = ((direction as u64) << 1) | u64::from(polled);
        WaiterKey(number.checked_mul(KINDS).expect("fewer waits than that") | marks)
    }

    fn is_polled(self, direction: Direction) -> bool {
        self.0.get() % KINDS.get() == ((direction as u64) << 1) | Self::POLLED
    }

    fn direction(self) -> Direction {
        Direction::ALL[((self.0.get() % KINDS.get()) >> 1) as usize]
    }
}

/// Four directions, each polled or not.
const KINDS: NonZeroU64 = NonZeroU64::new(8).unwrap();

/// Who asks to be woken.
#[derive(Debug)]
pub(crate) enum Waiting<'a> {
    /// A future, which keeps the key of its entry.
    Keyed(&'a mut Option<WaiterKey>),
    /// The caller of a poll function.
    Polled,
}

/// A waker that has no place any more.
#[derive(Debug)]
#[must_use]
pub(crate) enum Spare {
    /// Another one wakes the same future or task.
    Replaced(Waker),
    /// It had to make room, and must be woken.
    Evicted(Waker),
}

impl Spare {
    /// Drops it or wakes it. That may run any code: no lock may be held.
    #[cold]
    pub(crate) fn settle(self) {
        match self {
            Spare::Replaced(waker) => discard(Some(waker)),
            Spare::Evicted(waker) => {
                let mut evicted = WakeList::default();
                evicted.push(waker);
                evicted.wake_all();
            }
        }
    }
}

#[derive(Debug)]
struct Waiter {
    key: WaiterKey,
    waker: Waker,
}

/// All waiters of one source.
#[derive(Debug)]
pub(crate) struct Waiters {
    reader: Option<Waiter>,
    writer: Option<Waiter>,
    /// Seldom there, so that it has its own place then.
    #[expect(clippy::box_collection, reason = "a word less for each source")]
    more: Option<Box<Vec<Waiter>>>,
    next: NonZeroU64,
}

impl Default for Waiters {
    fn default() -> Self {
        Waiters { reader: None, writer: None, more: None, next: NonZeroU64::MIN }
    }
}

impl Waiters {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.reader.is_none() && self.writer.is_none() && self.more().is_empty()
    }

    /// Puts `waker` in place. What comes back is to be dropped or woken once the lock is dropped.
    #[inline]
    pub(crate) fn park(&mut self, direction: Direction, waiting: Waiting<'_>, waker: Waker) -> Option<Spare> {
        match waiting {
            Waiting::Keyed(key) => self.park_keyed(direction, key, waker),
            Waiting::Polled => self.park_polled(direction, waker),
        }
    }

    #[inline]
    fn park_keyed(
        &mut self,
        direction: Direction,
        key: &mut Option<WaiterKey>,
        waker: Waker,
    ) -> Option<Spare> {
        let own = key.and_then(|key| self.iter_mut().find(|w| w.key == key));
        if let Some(waiter) = own {
            return Some(Spare::Replaced(mem::replace(&mut waiter.waker, waker)));
        }
        *key = Some(self.insert(direction, false, waker));
        None
    }

    fn park_polled(&mut self, direction: Direction, waker: Waker) -> Option<Spare> {
        if self.iter().any(|w| w.key.is_polled(direction) && w.waker.will_wake(&waker)) {
            return Some(Spare::Replaced(waker));
        }
        let evicted = if self.more().len() + 1 >= MAX_POLLED { self.oldest_polled(direction) } else { None };
        self.insert(direction, true, waker);
        evicted.map(Spare::Evicted)
    }

    /// Takes out the one that has waited longest, when there are as many as there may be.
    fn oldest_polled(&mut self, direction: Direction) -> Option<Waker> {
        let polled = || self.iter().filter(|w| w.key.is_polled(direction));
        if polled().count() < MAX_POLLED {
            return None;
        }
        let oldest = polled().map(|w| w.key.0).min().map(WaiterKey)?;
        self.remove(oldest)
    }

    fn insert(&mut self, direction: Direction, polled: bool, waker: Waker) -> WaiterKey {
        let key = WaiterKey::new(self.next, direction, polled);
        self.next = self.next.saturating_add(1);
        let waiter = Waiter { key, waker };
        match direction {
            Direction::Read if self.reader.is_none() => self.reader = Some(waiter),
            Direction::Write if self.writer.is_none() => self.writer = Some(waiter),
            _ => self.more.get_or_insert_default().push(waiter),
        }
        key
    }

    /// Takes out the entry of a future that was dropped; `None` when it was woken already.
    #[must_use = "the waker must be dropped outside the lock"]
    pub(crate) fn remove(&mut self, key: WaiterKey) -> Option<Waker> {
        for inline in [&mut self.reader, &mut self.writer] {
            if let Some(waiter) = inline.take_if(|w| w.key == key) {
                return Some(waiter.waker);
            }
        }
        let more = self.more.as_deref_mut()?;
        let index = more.iter().position(|w| w.key == key)?;
        Some(more.swap_remove(index).waker)
    }

    /// Moves everyone whose wait `readiness` ends to `wakes`.
    pub(crate) fn take_ready(&mut self, readiness: Readiness, wakes: &mut WakeList) {
        self.take_if(|direction| direction.mask().intersects(readiness), wakes);
    }

    /// Moves everyone to `wakes`.
    pub(crate) fn take_all(&mut self, wakes: &mut WakeList) {
        self.take_if(|_| true, wakes);
    }

    fn take_if(&mut self, ends: impl Fn(Direction) -> bool, wakes: &mut WakeList) {
        for inline in [&mut self.reader, &mut self.writer] {
            if let Some(waiter) = inline.take_if(|w| ends(w.key.direction())) {
                wakes.push(waiter.waker);
            }
        }
        let Some(more) = &mut self.more else { return };
        let mut index = 0;
        while index < more.len() {
            if ends(more[index].key.direction()) {
                wakes.push(more.swap_remove(index).waker);
            } else {
                index += 1;
            }
        }
    }

    fn more(&self) -> &[Waiter] {
        self.more.as_deref().map_or(&[], Vec::as_slice)
    }

    fn iter(&self) -> impl Iterator<Item = &Waiter> {
        self.reader.iter().chain(&self.writer).chain(self.more())
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut Waiter> {
        self.reader.iter_mut().chain(&mut self.writer).chain(self.more.as_deref_mut().into_iter().flatten())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::driver::testing::CountingWaker;

    fn park(
        waiters: &mut Waiters,
        direction: Direction,
        waiting: Waiting<'_>,
        waker: &CountingWaker,
    ) -> WakeList {
        let mut evicted = WakeList::default();
        if let Some(Spare::Evicted(waker)) = waiters.park(direction, waiting, waker.waker()) {
            evicted.push(waker);
        }
        evicted
    }

    fn take(waiters: &mut Waiters, readiness: Readiness) {
        let mut wakes = WakeList::default();
        waiters.take_ready(readiness, &mut wakes);
        wakes.wake_all();
    }

    /// RE6
    #[test]
    fn eight_waiters_all_cancelled_but_one() {
        for direction in Direction::ALL {
            for survivor in 0..8 {
                let mut waiters = Waiters::default();
                let wakers: Vec<_> = (0..8).map(|_| CountingWaker::new()).collect();
                let mut keys = [None; 8];
                for (key, waker) in keys.iter_mut().zip(&wakers) {
                    park(&mut waiters, direction, Waiting::Keyed(key), waker);
                }
                for (index, key) in keys.into_iter().enumerate().filter(|(index, _)| *index != survivor) {
                    assert!(waiters.remove(key.unwrap()).is_some(), "{index}");
                }
                take(&mut waiters, direction.mask());
                let woken: Vec<_> = wakers.iter().map(CountingWaker::wakes).collect();
                assert_eq!(woken.iter().sum::<usize>(), 1);
                assert_eq!(woken[survivor], 1);
                assert!(waiters.is_empty());
            }
        }
    }

    #[test]
    fn all_waiters_of_a_direction_are_woken_and_no_others() {
        let mut waiters = Waiters::default();
        let (readers, writer) = ([CountingWaker::new(), CountingWaker::new()], CountingWaker::new());
        for reader in &readers {
            park(&mut waiters, Direction::Read, Waiting::Polled, reader);
        }
        park(&mut waiters, Direction::Write, Waiting::Polled, &writer);
        take(&mut waiters, Readiness::READABLE);
        assert_eq!(readers.each_ref().map(CountingWaker::wakes), [1, 1]);
        assert_eq!(writer.wakes(), 0);
        assert!(!waiters.is_empty());
    }

    #[test]
    fn a_polled_waker_is_kept_once_for_each_direction() {
        let mut waiters = Waiters::default();
        let waker = CountingWaker::new();
        for _ in 0..100 {
            park(&mut waiters, Direction::Read, Waiting::Polled, &waker);
            park(&mut waiters, Direction::Write, Waiting::Polled, &waker);
        }
        assert_eq!(waiters.iter().count(), 2);
    }

    #[test]
    fn beyond_the_bound_the_oldest_polled_waker_is_woken() {
        let mut waiters = Waiters::default();
        let wakers: Vec<_> = (0..MAX_POLLED + 3).map(|_| CountingWaker::new()).collect();
        for waker in &wakers {
            park(&mut waiters, Direction::Read, Waiting::Polled, waker).wake_all();
        }
        let woken: Vec<_> = wakers.iter().map(CountingWaker::wakes).collect();
        assert_eq!(woken[..4], [1, 1, 1, 0]);
        assert_eq!(woken.iter().sum::<usize>(), 3);
        take(&mut waiters, Readiness::READABLE);
        assert!(wakers.iter().all(|w| w.wakes() == 1), "evicted or woken, each once");
    }

    #[test]
    fn keyed_waiters_are_not_bounded() {
        let mut waiters = Waiters::default();
        let wakers: Vec<_> = (0..100).map(|_| CountingWaker::new()).collect();
        let mut keys = vec![None; 100];
        for (key, waker) in keys.iter_mut().zip(&wakers) {
            assert_eq!(park(&mut waiters, Direction::Read, Waiting::Keyed(key), waker).len(), 0);
        }
        take(&mut waiters, Readiness::READ_CLOSED);
        assert!(wakers.iter().all(|w| w.wakes() == 1));
    }

    #[test]
    fn a_keyed_waiter_takes_its_new_waker() {
        let mut waiters = Waiters::default();
        let (old, new) = (CountingWaker::new(), CountingWaker::new());
        let mut key = None;
        park(&mut waiters, Direction::PeerClosed, Waiting::Keyed(&mut key), &old);
        park(&mut waiters, Direction::PeerClosed, Waiting::Keyed(&mut key), &new);
        take(&mut waiters, Readiness::READ_CLOSED);
        assert_eq!((old.wakes(), new.wakes()), (0, 1));
        assert_eq!(waiters.remove(key.unwrap()).map(drop), None);
    }
}
