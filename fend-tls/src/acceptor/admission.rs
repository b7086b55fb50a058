//! How many handshakes may run at once. Who comes later waits, first come, first served.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::sync::Mutex;
use crate::unwind::swallowed;

/// Places for handshakes.
pub(super) struct Admission {
    state: Mutex<State>,
}

struct State {
    limit: usize,
    /// Handshakes that run, and places that were given to those that still have to come for them.
    taken: usize,
    queue: VecDeque<Waiting>,
    next: u64,
}

struct Waiting {
    number: u64,
    waker: Waker,
}

/// A place in the queue, or none yet.
#[derive(Debug, Default)]
pub(super) struct Ticket(Option<u64>);

impl Admission {
    pub(super) fn new(limit: usize) -> Arc<Admission> {
        let state = State { limit: limit.max(1), taken: 0, queue: VecDeque::new(), next: 0 };
        Arc::new(Admission { state: Mutex::new(state) })
    }

    pub(super) fn set_limit(&self, limit: usize) {
        let woken = {
            let mut state = self.state.lock();
            state.limit = limit.max(1);
            state.fill()
        };
        wake(woken);
    }

    pub(super) fn limit(&self) -> usize {
        self.state.lock().limit
    }

    pub(super) fn taken(&self) -> usize {
        self.state.lock().taken
    }

    /// A place, or one in the queue.
    pub(super) fn poll_enter(self: &Arc<Self>, cx: &mut Context<'_>, ticket: &mut Ticket) -> Poll<Place> {
        // The executor's code, not under the lock.
        let mut waker = Some(cx.waker().clone());
        let entered = {
            let mut state = self.state.lock();
            match ticket.0 {
                None if state.taken < state.limit => {
                    state.taken += 1;
                    true
                }
                None => {
                    let number = state.next;
                    state.next += 1;
                    ticket.0 = Some(number);
                    let waker = waker.take().expect("it was cloned above");
                    state.queue.push_back(Waiting { number, waker });
                    false
                }
                Some(number) => match state.place_of(number) {
                    // The old one is dropped with `waker`.
                    Some(place) => {
                        let waiting = &mut state.queue[place];
                        waker = waker.map(|waker| std::mem::replace(&mut waiting.waker, waker));
                        false
                    }
                    // It was called, with a place.
                    None => true,
                },
            }
        };
        swallowed(|| drop(waker));
        if !entered {
            return Poll::Pending;
        }
        ticket.0 = None;
        Poll::Ready(Place { admission: self.clone() })
    }

    /// Gives up a place in the queue, or one that was given and not come for.
    pub(super) fn give_up(&self, ticket: &mut Ticket) {
        let Some(number) = ticket.0.take() else { return };
        let (gone, woken) = {
            let mut state = self.state.lock();
            match state.place_of(number) {
                Some(place) => (state.queue.remove(place), Vec::new()),
                None => {
                    state.taken -= 1;
                    (None, state.fill())
                }
            }
        };
        swallowed(|| drop(gone));
        wake(woken);
    }

    fn leave(&self) {
        let woken = {
            let mut state = self.state.lock();
            state.taken -= 1;
            state.fill()
        };
        wake(woken);
    }
}

impl State {
    /// Where in the queue it is. The numbers in it rise.
    fn place_of(&self, number: u64) -> Option<usize> {
        self.queue.binary_search_by_key(&number, |waiting| waiting.number).ok()
    }

    /// Gives free places to those that have waited longest. They are to be woken, with no lock held.
    fn fill(&mut self) -> Vec<Waker> {
        let mut called = Vec::new();
        while self.taken < self.limit {
            let Some(first) = self.queue.pop_front() else { break };
            self.taken += 1;
            called.push(first.waker);
        }
        called
    }
}

fn wake(wakers: Vec<Waker>) {
    for waker in wakers {
        swallowed(|| waker.wake());
    }
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.lock();
        f.debug_struct("Admission")
            .field("limit", &state.limit)
            .field("taken", &state.taken)
            .field("waiting", &state.queue.len())
            .finish()
    }
}

/// A handshake's place, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    admission: Arc<Admission>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.admission.leave();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    struct Guest {
        admission: Arc<Admission>,
        ticket: Ticket,
        woken: Arc<Count>,
    }

    impl Guest {
        fn of(admission: &Arc<Admission>) -> Guest {
            Guest { admission: admission.clone(), ticket: Ticket::default(), woken: Arc::default() }
        }

        fn enter(&mut self) -> Option<Place> {
            let waker = Waker::from(self.woken.clone());
            match self.admission.poll_enter(&mut Context::from_waker(&waker), &mut self.ticket) {
                Poll::Ready(place) => Some(place),
                Poll::Pending => None,
            }
        }

        fn woken(&self) -> usize {
            self.woken.0.load(Ordering::SeqCst)
        }
    }

    #[test]
    fn places_are_given_in_order_and_to_nobody_twice() {
        let admission = Admission::new(1);
        let mut guests: Vec<_> = (0..3).map(|_| Guest::of(&admission)).collect();
        let first = guests[0].enter().expect("there is room");
        assert!(guests[1].enter().is_none() && guests[2].enter().is_none());
        // Polled again, it keeps its place in the queue.
        assert!(guests[1].enter().is_none());
        drop(first);
        assert_eq!((guests[1].woken(), guests[2].woken()), (1, 0));
        assert!(guests[2].enter().is_none(), "the place is the other one's");
        let second = guests[1].enter().expect("it was called");
        drop(second);
        assert!(guests[2].enter().is_some());
        assert_eq!(admission.taken(), 0);
    }

    #[test]
    fn who_gives_up_hands_the_place_on() {
        let admission = Admission::new(1);
        let mut guests: Vec<_> = (0..4).map(|_| Guest::of(&admission)).collect();
        let place = guests[0].enter().expect("there is room");
        for guest in &mut guests[1..] {
            assert!(guest.enter().is_none());
        }
        // One leaves the queue, one does not come for its place.
        admission.give_up(&mut guests[1].ticket);
        drop(place);
        assert_eq!((guests[1].woken(), guests[2].woken()), (0, 1));
        admission.give_up(&mut guests[2].ticket);
        assert_eq!(guests[3].woken(), 1);
        assert!(guests[3].enter().is_some());
        assert_eq!(admission.taken(), 0);
    }

    #[test]
    fn a_higher_limit_lets_more_in_at_once() {
        let admission = Admission::new(1);
        let mut guests: Vec<_> = (0..3).map(|_| Guest::of(&admission)).collect();
        let _places: Vec<_> = guests.iter_mut().map(Guest::enter).collect();
        admission.set_limit(3);
        assert_eq!((guests[1].woken(), guests[2].woken()), (1, 1));
        let _places: Vec<_> = guests[1..].iter_mut().map(|guest| guest.enter().expect("room")).collect();
        assert_eq!(admission.taken(), 3);
    }
}
