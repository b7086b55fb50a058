//! [`Places`]: how many questions may have sockets at once. The others wait in the order in which they came.
//!
//! ```text
//!  first poll ──a place is free──────────────────────────────▶ has a place
//!      │                                                         ▲      │
//!      └── all are taken ──▶ waits ──another's place is passed──▶ granted  └─dropped─▶ passed to the first who waits, else free
//! ```
//!
//! A place that comes free is passed to the first who waits, so that nobody who comes later takes it away. Whoever is dropped after that
//! and before its next poll passes it on.

use std::collections::{BTreeMap, HashSet};
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::sync::Mutex;
use crate::unwind::wake;

#[derive(Debug)]
pub(super) struct Places {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: usize,
    next_ticket: u64,
    /// By ticket, and so in the order of their coming.
    waiting: BTreeMap<u64, Waker>,
    /// Those who have a place and do not know yet. There are no more of them than places.
    granted: HashSet<u64>,
}

/// One of the places, until it is dropped.
#[derive(Debug)]
pub(super) struct Place<'a> {
    places: &'a Places,
}

/// Future of [`Places::take`].
#[derive(Debug)]
#[must_use = "no place is taken until it is awaited"]
pub(super) struct Take<'a> {
    places: &'a Places,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    New,
    Waits(u64),
    Over,
}

impl Places {
    /// At least one: with none, all would wait for ever.
    pub(super) fn new(count: usize) -> Places {
        let state =
            State { free: count.max(1), next_ticket: 0, waiting: BTreeMap::new(), granted: HashSet::new() };
        Places { state: Mutex::new(state) }
    }

    pub(super) fn take(&self) -> Take<'_> {
        Take { places: self, stage: Stage::New }
    }

    /// A place has come free.
    fn give_back(&self) {
        let waker = self.state.lock().pass_on();
        wake(waker);
    }
}

impl State {
    /// Gives a place to the first who waits: whom to wake.
    fn pass_on(&mut self) -> Option<Waker> {
        let Some((ticket, waker)) = self.waiting.pop_first() else {
            self.free += 1;
            return None;
        };
        self.granted.insert(ticket);
        Some(waker)
    }

    fn new_ticket(&mut self) -> u64 {
        self.next_ticket += 1;
        self.next_ticket
    }
}

impl<'a> Take<'a> {
    fn begin(&mut self, waker: Waker) -> Poll<Place<'a>> {
        let mut state = self.places.state.lock();
        // While somebody waits none is free.
        if state.free > 0 {
            state.free -= 1;
            drop(state);
            return self.finish();
        }
        let ticket = state.new_ticket();
        state.waiting.insert(ticket, waker);
        self.stage = Stage::Waits(ticket);
        Poll::Pending
    }

    fn go_on(&mut self, ticket: u64, waker: Waker) -> Poll<Place<'a>> {
        let mut state = self.places.state.lock();
        if state.granted.remove(&ticket) {
            drop(state);
            return self.finish();
        }
        let before = state.waiting.insert(ticket, waker);
        drop(state);
        drop(before);
        Poll::Pending
    }

    fn finish(&mut self) -> Poll<Place<'a>> {
        self.stage = Stage::Over;
        Poll::Ready(Place { places: self.places })
    }
}

impl<'a> Future for Take<'a> {
    type Output = Place<'a>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Place<'a>> {
        let this = self.get_mut();
        match this.stage {
            Stage::New => this.begin(cx.waker().clone()),
            Stage::Waits(ticket) => this.go_on(ticket, cx.waker().clone()),
            Stage::Over => panic!("a place was asked for after it was taken"),
        }
    }
}

impl Drop for Take<'_> {
    fn drop(&mut self) {
        let Stage::Waits(ticket) = mem::replace(&mut self.stage, Stage::Over) else { return };
        let mut state = self.places.state.lock();
        let waker = state.waiting.remove(&ticket);
        let granted = state.granted.remove(&ticket);
        drop(state);
        drop(waker);
        if granted {
            self.places.give_back();
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.places.give_back();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn poll<'a>(take: Pin<&mut Take<'a>>, count: &Arc<Count>) -> Poll<Place<'a>> {
        take.poll(&mut Context::from_waker(&Waker::from(count.clone())))
    }

    fn woken(count: &Count) -> usize {
        count.0.load(Ordering::Relaxed)
    }

    /// DN8: a queue, not a failure.
    #[test]
    fn places_are_passed_on_in_the_order_of_asking() {
        let places = Places::new(1);
        let wakes: [Arc<Count>; 3] = Default::default();
        let (mut first, mut second, mut third) =
            (pin!(places.take()), pin!(places.take()), pin!(places.take()));
        let Poll::Ready(place) = poll(first.as_mut(), &wakes[0]) else { panic!("it is free") };
        assert!(poll(second.as_mut(), &wakes[1]).is_pending());
        assert!(poll(third.as_mut(), &wakes[2]).is_pending());

        drop(place);
        assert_eq!((woken(&wakes[1]), woken(&wakes[2])), (1, 0));
        // Nobody gets in between.
        assert!(poll(pin!(places.take()), &wakes[0]).is_pending());
        assert!(poll(third.as_mut(), &wakes[2]).is_pending());
        let Poll::Ready(place) = poll(second.as_mut(), &wakes[1]) else { panic!("it was passed on") };
        drop(place);
        assert_eq!(woken(&wakes[2]), 1);
        assert!(poll(third.as_mut(), &wakes[2]).is_ready());
    }

    #[test]
    fn a_place_is_not_lost_with_the_one_who_was_to_have_it() {
        let places = Places::new(1);
        let wakes: [Arc<Count>; 2] = Default::default();
        let mut holder = pin!(places.take());
        let Poll::Ready(place) = poll(holder.as_mut(), &wakes[0]) else { panic!("it is free") };
        let mut granted = Box::pin(places.take());
        let mut gone = Box::pin(places.take());
        let mut last = pin!(places.take());
        assert!(poll(granted.as_mut(), &wakes[0]).is_pending());
        assert!(poll(gone.as_mut(), &wakes[0]).is_pending());
        assert!(poll(last.as_mut(), &wakes[1]).is_pending());
        drop(gone);
        drop(place);
        assert_eq!((woken(&wakes[0]), woken(&wakes[1])), (1, 0));
        drop(granted);
        assert_eq!(woken(&wakes[1]), 1);
        assert!(poll(last.as_mut(), &wakes[1]).is_ready());
        let state = places.state.lock();
        assert!(state.free == 1 && state.waiting.is_empty() && state.granted.is_empty(), "{state:?}");
    }

    #[test]
    fn without_any_place_there_is_one_all_the_same() {
        let places = Places::new(0);
        assert!(poll(pin!(places.take()), &Arc::default()).is_ready());
    }

    /// A waker that asks for a place itself would wait for the lock for ever.
    #[test]
    fn wakers_are_woken_and_dropped_without_the_lock() {
        struct Asks(Arc<Places>);
        impl Wake for Asks {
            fn wake(self: Arc<Self>) {
                drop(self.0.take());
                assert!(self.0.state.is_free());
            }
        }
        impl Drop for Asks {
            fn drop(&mut self) {
                assert!(self.0.state.is_free());
            }
        }
        let places = Arc::new(Places::new(1));
        let asks = || Waker::from(Arc::new(Asks(places.clone())));
        let mut holder = pin!(places.take());
        let Poll::Ready(place) = holder.as_mut().poll(&mut Context::from_waker(&asks())) else {
            panic!("it is free")
        };
        let mut waits = Box::pin(places.take());
        for _ in 0..2 {
            assert!(waits.as_mut().poll(&mut Context::from_waker(&asks())).is_pending());
        }
        drop(place);
        drop(waits);
        assert_eq!(places.state.lock().free, 1);
    }

    #[test]
    fn a_waker_that_panics_is_not_the_business_of_who_gives_a_place_back() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("when it is dropped, too");
            }
        }
        struct Panics;
        impl Wake for Panics {
            fn wake(self: Arc<Self>) {
                std::panic::panic_any(Bomb);
            }
        }
        let places = Places::new(1);
        let mut holder = pin!(places.take());
        let Poll::Ready(place) = poll(holder.as_mut(), &Arc::default()) else { panic!("it is free") };
        let mut waits = pin!(places.take());
        assert!(waits.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::new(Panics)))).is_pending());
        drop(place);
        assert!(poll(waits.as_mut(), &Arc::default()).is_ready());
    }
}
