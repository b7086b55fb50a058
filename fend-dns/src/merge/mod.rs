//! Questions that are asked once for all who ask them at the same time.
//!
//! Everybody who asks holds an [`Asker`] of one shared question. There is no task behind it: whoever is polled when there is
//! something to do drives the question's future on behalf of all.
//!
//! ```text
//!             ┌──── poll, and it was woken ────┐
//!             │                                ▼
//!  join ──▶ Resting ◀──── pending ────────── Driven ──── ready, or it panicked ──▶ Done
//!             │
//!             └──── the last asker is dropped ──▶ Abandoned (the future is dropped at once)
//! ```
//!
//! # Why nobody is left asleep
//!
//! 1. A wake-up of the future sets `woken` and wakes all askers that wait: an asker that is alive but not polled any more (the
//!    other arm of a `select` has taken over) cannot stall the others, since any of them drives.
//! 2. An asker that comes while another drives waits. A wake-up that came before it did, while the future was being polled,
//!    has set `woken`; whoever drives sees that when the poll ends, and wakes all that wait by then.
//! 3. An asker registers its waker under the same lock under which it sees that there is nothing to do.
//!
//! Wakers are code of others: they are cloned before the lock is taken, and woken and dropped after it is released.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crate::sync::Mutex;
use crate::unwind::{caught, discard, wake};

/// What a question's future may be.
pub(crate) trait Answerable: Clone + Send + 'static {
    /// What all get when the future has panicked, with the panic's message.
    fn panicked(message: &str) -> Self;
}

type Driver<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The questions that are under way, each until it is answered or abandoned.
type Questions<K, T> = Arc<Mutex<HashMap<K, Arc<Shared<K, T>>>>>;

/// The register of them.
pub(crate) struct UnderWay<K, T> {
    questions: Questions<K, T>,
}

struct Shared<K, T> {
    key: K,
    home: Questions<K, T>,
    state: Mutex<State<T>>,
}

struct State<T> {
    stage: Stage<T>,
    /// The future has something to do.
    woken: bool,
    /// By asker; `None` for one that does not wait.
    wakers: Vec<Option<Waker>>,
    /// Places in `wakers` whose asker has gone.
    free: Vec<usize>,
}

enum Stage<T> {
    Resting(Driver<T>),
    Driven,
    Done(T),
    Abandoned,
}

impl<K: Hash + Eq + Clone + Send + 'static, T: Answerable> UnderWay<K, T> {
    pub(crate) fn new() -> UnderWay<K, T> {
        UnderWay { questions: Arc::default() }
    }

    /// Joins those who ask this already, or else begins: `begin` makes the future, which is polled first when the asker is.
    /// The flag says whether somebody was joined.
    pub(crate) fn join(&self, key: K, begin: impl FnOnce() -> Driver<T>) -> (Asker<K, T>, bool) {
        let mut questions = self.questions.lock();
        if let Some(asker) = questions.get(&key).and_then(Asker::join) {
            return (asker, true);
        }
        let shared = Arc::new(Shared::new(key.clone(), self.questions.clone(), begin()));
        // One that is done, or was abandoned, and has not been taken away yet. It has no future left to drop.
        questions.insert(key, shared.clone());
        (Asker { shared, place: 0 }, false)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.questions.lock().len()
    }
}

impl<K, T> fmt::Debug for UnderWay<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnderWay").finish_non_exhaustive()
    }
}

/// One who waits for the answer. Dropping the last of them drops the question's future at once.
pub(crate) struct Asker<K: Hash + Eq, T> {
    shared: Arc<Shared<K, T>>,
    place: usize,
}

impl<K: Hash + Eq, T> Asker<K, T> {
    fn join(shared: &Arc<Shared<K, T>>) -> Option<Asker<K, T>> {
        let place = shared.state.lock().enter()?;
        Some(Asker { shared: shared.clone(), place })
    }
}

impl<K: Hash + Eq + Send + Sync + 'static, T: Answerable> Future for Asker<K, T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let waker = cx.waker().clone();
        let turn = self.shared.state.lock().turn(self.place, waker);
        match turn {
            Turn::Wait(replaced) => {
                discard(replaced);
                Poll::Pending
            }
            Turn::Done(value, waker) => {
                discard(waker);
                Poll::Ready(value)
            }
            Turn::Drive(driver, replaced) => {
                discard(replaced);
                self.shared.drive(driver)
            }
        }
    }
}

impl<K: Hash + Eq, T> Drop for Asker<K, T> {
    fn drop(&mut self) {
        let (waker, abandoned) = self.shared.state.lock().leave(self.place);
        discard(waker);
        if let Some(driver) = abandoned {
            // First, so that nobody who comes now finds it.
            self.shared.go_home();
            discard(driver);
        }
    }
}

/// What an asker that is polled has to do.
enum Turn<T> {
    /// Nothing: it is registered. A waker that it had before is to be dropped.
    Wait(Option<Waker>),
    Drive(Driver<T>, Option<Waker>),
    Done(T, Waker),
}

impl<K, T> Shared<K, T> {
    fn new(key: K, home: Questions<K, T>, driver: Driver<T>) -> Shared<K, T> {
        let state =
            State { stage: Stage::Resting(driver), woken: true, wakers: vec![None], free: Vec::new() };
        Shared { key, home, state: Mutex::new(state) }
    }
}

impl<K: Hash + Eq, T> Shared<K, T> {
    /// Who asks from now on begins anew.
    fn go_home(&self) {
        let mut questions = self.home.lock();
        let is_ours = questions.get(&self.key).is_some_and(|other| std::ptr::eq(&**other, self));
        let ours = if is_ours { questions.remove(&self.key) } else { None };
        drop(questions);
        drop(ours);
    }
}

impl<K: Hash + Eq + Send + Sync + 'static, T: Answerable> Shared<K, T> {
    fn drive(self: &Arc<Self>, mut driver: Driver<T>) -> Poll<T> {
        let waker = Waker::from(self.clone());
        let mut cx = Context::from_waker(&waker);
        let polled = caught(|| driver.as_mut().poll(&mut cx));
        let value = match polled {
            Ok(Poll::Pending) => {
                let missed = self.state.lock().rest(driver);
                wake(missed);
                return Poll::Pending;
            }
            Ok(Poll::Ready(value)) => value,
            Err(text) => T::panicked(&text),
        };
        // Before anybody hears of it: sockets are closed when the answer is there.
        discard(driver);
        let waiting = self.state.lock().finish(value.clone());
        self.go_home();
        wake(waiting);
        Poll::Ready(value)
    }
}

impl<K: Hash + Eq + Send + Sync + 'static, T: Answerable> Wake for Shared<K, T> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let waiting = self.state.lock().woken();
        wake(waiting);
    }
}

impl<T> State<T> {
    /// A place for one more asker, unless it is over.
    fn enter(&mut self) -> Option<usize> {
        match self.stage {
            Stage::Resting(_) | Stage::Driven => Some(self.free.pop().unwrap_or_else(|| {
                self.wakers.push(None);
                self.wakers.len() - 1
            })),
            Stage::Done(_) | Stage::Abandoned => None,
        }
    }

    fn woken(&mut self) -> Vec<Waker> {
        self.woken = true;
        self.take_wakers()
    }

    fn take_wakers(&mut self) -> Vec<Waker> {
        self.wakers.iter_mut().filter_map(Option::take).collect()
    }

    /// The poll is over and has come to nothing: those to wake, because a wake-up came meanwhile.
    fn rest(&mut self, driver: Driver<T>) -> Vec<Waker> {
        self.stage = Stage::Resting(driver);
        if self.woken { self.take_wakers() } else { Vec::new() }
    }

    fn finish(&mut self, value: T) -> Vec<Waker> {
        self.stage = Stage::Done(value);
        self.take_wakers()
    }

    /// Gives a place back: its waker, and the future when this was the last asker.
    fn leave(&mut self, place: usize) -> (Option<Waker>, Option<Driver<T>>) {
        let waker = self.wakers[place].take();
        self.free.push(place);
        if self.free.len() < self.wakers.len() {
            return (waker, None);
        }
        match mem::replace(&mut self.stage, Stage::Abandoned) {
            Stage::Resting(driver) => (waker, Some(driver)),
            Stage::Driven | Stage::Done(_) | Stage::Abandoned => (waker, None),
        }
    }
}

impl<T: Clone> State<T> {
    fn turn(&mut self, place: usize, waker: Waker) -> Turn<T> {
        if let Stage::Done(value) = &self.stage {
            return Turn::Done(value.clone(), waker);
        }
        // Before it drives, too: a wake-up during the poll must reach it.
        let replaced = self.wakers[place].replace(waker);
        if !self.woken {
            return Turn::Wait(replaced);
        }
        match mem::replace(&mut self.stage, Stage::Driven) {
            Stage::Resting(driver) => {
                self.woken = false;
                Turn::Drive(driver, replaced)
            }
            // Driven, by another: `rest` or `finish` will wake us.
            other => {
                self.stage = other;
                Turn::Wait(replaced)
            }
        }
    }
}

#[cfg(test)]
mod tests;
