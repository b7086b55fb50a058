//! A value behind a lock, and tasks that wait until it is as they need it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use fend_reactor::task::WakeList;

/// A value whose changes wake whoever waits for one.
///
/// No waker is cloned, dropped or woken under the lock. One that panics keeps no other asleep, and its panic goes no further.
#[derive(Debug, Default)]
pub(super) struct Watched<T> {
    inner: Mutex<Inner<T>>,
}

#[derive(Debug, Default)]
struct Inner<T> {
    value: T,
    waiters: Vec<(u64, Waker)>,
    next_key: u64,
}

impl<T> Watched<T> {
    pub(super) fn new(value: T) -> Self {
        Watched { inner: Mutex::new(Inner { value, waiters: Vec::new(), next_key: 0 }) }
    }

    /// Looks at the value or changes it in a way that nobody waits for.
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.lock().value)
    }

    /// Changes the value, and has all who wait look at it again.
    pub(super) fn change<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        let mut wakes = WakeList::default();
        let result = {
            let mut inner = self.lock();
            let result = f(&mut inner.value);
            inner.waiters.drain(..).for_each(|(_, waker)| wakes.push(waker));
            result
        };
        wakes.wake_all();
        result
    }

    /// Resolves to what `f` gives, once it gives something. `f` runs under the lock, and may change the value.
    pub(super) fn wait<R, F: FnMut(&mut T) -> Option<R>>(&self, f: F) -> Wait<'_, T, F> {
        Wait { watched: self, key: None, f }
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leave(&self, key: u64) {
        let left = {
            let mut inner = self.lock();
            let position = inner.waiters.iter().position(|(waiter, _)| *waiter == key);
            position.map(|position| inner.waiters.swap_remove(position))
        };
        drop(left);
    }
}

/// Future of [`Watched::wait`].
#[derive(Debug)]
pub(super) struct Wait<'a, T, F> {
    watched: &'a Watched<T>,
    /// Its place among the waiters, which a change may have taken since.
    key: Option<u64>,
    f: F,
}

impl<T, F> Unpin for Wait<'_, T, F> {}

impl<T, R, F: FnMut(&mut T) -> Option<R>> Future for Wait<'_, T, F> {
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<R> {
        let this = &mut *self;
        let mut waker = cx.waker().clone();
        let mut inner = this.watched.lock();
        if let Some(result) = (this.f)(&mut inner.value) {
            drop(inner);
            return Poll::Ready(result);
        }
        let waiting = this.key.and_then(|key| inner.waiters.iter().position(|(waiter, _)| *waiter == key));
        match waiting {
            // The one before is dropped with `waker`, after the lock.
            Some(position) => std::mem::swap(&mut inner.waiters[position].1, &mut waker),
            None => {
                let key = inner.next_key;
                inner.next_key += 1;
                inner.waiters.push((key, waker));
                this.key = Some(key);
                return Poll::Pending;
            }
        }
        drop(inner);
        Poll::Pending
    }
}

impl<T, F> Drop for Wait<'_, T, F> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.watched.leave(key);
        }
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

    struct Bomb;

    impl Wake for Bomb {
        fn wake(self: Arc<Self>) {
            panic!("a waker panics, as it should");
        }
    }

    /// A change may come from a destructor, in a thread that has nothing to do with the waker.
    #[test]
    fn a_waker_that_panics_keeps_no_other_asleep() {
        let watched = Watched::new(());
        let count = Arc::new(Count::default());
        let wakers = [Waker::from(count.clone()), Waker::from(Arc::new(Bomb)), Waker::from(count.clone())];
        let mut waits = wakers.each_ref().map(|_| watched.wait(|()| None::<()>));
        for (wait, waker) in waits.iter_mut().zip(&wakers) {
            assert!(Pin::new(wait).poll(&mut Context::from_waker(waker)).is_pending());
        }
        watched.change(|()| ());
        assert_eq!(count.0.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_change_wakes_who_waits_and_a_dropped_wait_leaves() {
        let watched = Watched::new(0);
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let mut cx = Context::from_waker(&waker);
        let woken = || count.0.load(Ordering::Relaxed);
        {
            let mut wait = pin!(watched.wait(|n| (*n > 1).then_some(*n)));
            assert_eq!(wait.as_mut().poll(&mut cx), Poll::Pending);
            assert_eq!(wait.as_mut().poll(&mut cx), Poll::Pending);
            watched.with(|n| *n += 1);
            assert_eq!(woken(), 0);
            watched.change(|_| ());
            assert_eq!(woken(), 1, "one waiter, polled twice");
            assert_eq!(wait.as_mut().poll(&mut cx), Poll::Pending);
            watched.change(|n| *n += 1);
            assert_eq!(wait.as_mut().poll(&mut cx), Poll::Ready(2));
        }
        {
            let mut wait = pin!(watched.wait(|n| (*n > 2).then_some(())));
            assert_eq!(wait.as_mut().poll(&mut cx), Poll::Pending);
        }
        let before = woken();
        watched.change(|_| ());
        assert_eq!(woken(), before, "nobody waits any more");
        assert_eq!(Arc::strong_count(&count), 2, "no waker is left behind");
    }
}
