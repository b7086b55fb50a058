//! What the members of a scope share: who still runs, what went wrong first, and the token that ends them.
//!
//! Members are the body and the children. A child is let in by [`Core::admit`], which counts it; its [`Membership`]
//! counts it out when the child's future has been dropped. The scope ends in [`Core::try_close`], which finds no child
//! left and lets no further one in, in one step under the lock.

use std::any::Any;
use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Waker;

use crate::sync::Mutex;
use crate::task::CancellationToken;

/// A panic's payload.
pub(super) type Payload = Box<dyn Any + Send>;

/// Why a scope does not give its body's value.
pub(super) enum Failure<E> {
    Error(E),
    Panic(Payload),
}

pub(super) struct Core<E> {
    /// Cancelled when the members should end: by the user, by the first failure, by the end of the scope.
    pub(super) token: CancellationToken,
    state: Mutex<State<E>>,
}

struct State<E> {
    /// Children that were let in and have not left.
    children: usize,
    /// The body is over, and the scope waits for the last child.
    body_ended: bool,
    /// Nobody is let in any more.
    closed: bool,
    failure: Option<Failure<E>>,
    /// The task that polls the scope.
    waiter: Option<Waker>,
}

impl<E> Core<E> {
    pub(super) fn new() -> Arc<Self> {
        let state = State { children: 0, body_ended: false, closed: false, failure: None, waiter: None };
        Arc::new(Core { token: CancellationToken::new(), state: Mutex::new(state) })
    }

    /// Lets a child in, unless the scope is cancelled or over.
    pub(super) fn admit(self: &Arc<Self>) -> Option<Membership<E>> {
        let mut state = self.state.lock();
        if state.closed || self.token.is_cancelled() {
            return None;
        }
        state.children += 1;
        Some(Membership { core: self.clone() })
    }

    /// Takes note of a failure and ends the others. The first one counts, but a panic outranks an error: it must not
    /// be lost.
    pub(super) fn fail(&self, failure: Failure<E>) {
        let (_outranked, waiter) = {
            let mut state = self.state.lock();
            (state.note(failure), state.waiter.take())
        };
        self.token.cancel();
        wake(waiter);
    }

    /// Runs code of a member. Its panic fails the scope, and gives `None`.
    pub(super) fn catch<R>(&self, code: impl FnOnce() -> R) -> Option<R> {
        // Whoever is left with state that the panic broke is a member too: it ends without being polled again.
        match catch_unwind(AssertUnwindSafe(code)) {
            Ok(value) => Some(value),
            Err(payload) => {
                self.fail(Failure::Panic(payload));
                None
            }
        }
    }

    pub(super) fn has_failed(&self) -> bool {
        self.state.lock().failure.is_some()
    }

    /// Leaves the waker of the task that polls the scope. It is cloned, and the one before it dropped, outside the
    /// lock.
    pub(super) fn wait(&self, waker: &Waker) {
        if self.state.lock().waiter.as_ref().is_some_and(|waiter| waiter.will_wake(waker)) {
            return;
        }
        let waiter = Some(waker.clone());
        let _before = mem::replace(&mut self.state.lock().waiter, waiter);
    }

    /// From now on the last child to leave wakes the scope.
    pub(super) fn end_body(&self) {
        self.state.lock().body_ended = true;
    }

    /// Ends the scope if no child is left.
    pub(super) fn try_close(&self) -> bool {
        let mut state = self.state.lock();
        state.closed |= state.children == 0;
        state.closed
    }

    pub(super) fn take_failure(&self) -> Option<Failure<E>> {
        self.state.lock().failure.take()
    }

    /// Ends the scope, with or without children: they are asked to end.
    pub(super) fn abandon(&self) {
        let _waiter = {
            let mut state = self.state.lock();
            state.closed = true;
            state.waiter.take()
        };
        self.token.cancel();
    }

    fn leave(&self) {
        let waiter = {
            let mut state = self.state.lock();
            state.children -= 1;
            if state.children == 0 && state.body_ended { state.waiter.take() } else { None }
        };
        wake(waiter);
    }
}

impl<E> State<E> {
    /// Gives back the failure that does not count.
    fn note(&mut self, failure: Failure<E>) -> Option<Failure<E>> {
        match (&self.failure, &failure) {
            (None, _) | (Some(Failure::Error(_)), Failure::Panic(_)) => self.failure.replace(failure),
            _ => Some(failure),
        }
    }
}

impl<E> fmt::Debug for Core<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let children = self.state.lock().children;
        f.debug_struct("Scope")
            .field("children", &children)
            .field("is_cancelled", &self.token.is_cancelled())
            .finish()
    }
}

/// Wakes outside the lock under which the waker was taken. A panic of the scope's waker is no affair of the member
/// that ran it, who may be unwinding already.
fn wake(waiter: Option<Waker>) {
    if let Some(waiter) = waiter {
        let _ = catch_unwind(AssertUnwindSafe(|| waiter.wake()));
    }
}

/// A child's place in its scope, given up when dropped.
pub(super) struct Membership<E> {
    core: Arc<Core<E>>,
}

impl<E> Membership<E> {
    pub(super) fn core(&self) -> &Arc<Core<E>> {
        &self.core
    }

    /// The value of a child's result. An error fails the scope, and gives `None`.
    pub(super) fn settle<U>(&self, result: Result<U, E>) -> Option<U> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.core.fail(Failure::Error(error));
                None
            }
        }
    }
}

impl<E> Drop for Membership<E> {
    fn drop(&mut self) {
        self.core.leave();
    }
}
