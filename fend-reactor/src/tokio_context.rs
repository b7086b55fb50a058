//! The tokio runtime that fend's threads are inside of, with the feature `tokio-context`.
//!
//! Libraries that are written for tokio alone look for the runtime of the current thread when they make a socket, a timer or a task, and
//! panic when there is none. So every thread that runs code of the user's for a fend runtime (a worker, a thread in `block_on`, one of a
//! blocking pool that has a job, one that has entered) holds a guard of [`Handle::enter`](tokio::runtime::Handle::enter) meanwhile. What such a
//! library makes then belongs to a runtime of ours: one thread, `fend-tokio`, waits for its I/O and timers and runs the tasks that it
//! spawns, and wakes the task of fend that waits for them, as any other thread would.
//!
//! - **One for the process**, whatever the number of fend runtimes, since tokio's objects outlive the runtime they were made under more
//!   often than not. It is made with the first fend runtime: then a failure is an error of `Builder::build`, and entering cannot fail. It is
//!   never dropped, and its thread ends with the process.
//! - **A thread that is inside a tokio runtime stays in that one**, as under `#[tokio::main]`: what runs there expects its own.
//! - **Entered once per stay**, not once per poll: a guard costs two changes of a thread-local and of a counter that all threads share.
//!   What nests in a stay finds that in [`HELD`], and does not ask tokio.
//! - **The child of a fork** has a copy of the runtime without its thread. It gets a new one, with its first fend runtime. The thread
//!   that forked may hold the parent's guard, deeper in its stack; there the new one goes on top.
//!
//! Rejected: a runtime of tokio's for each fend runtime (its end would have to wait for tokio's tasks, and cancel them under objects that
//! live on); tokio's `current_thread` flavour (without a thread that is always in it, nobody drives the timers while fend's workers are busy);
//! `block_on` of tokio around the worker's loop (then neither `Handle::block_on` nor dropping a runtime is allowed inside).

use std::cell::Cell;
use std::io;
use std::sync::OnceLock;

use tokio::runtime::{Builder, EnterGuard, Handle, Runtime};

use crate::fork::Origin;
use crate::sync::Mutex;
use crate::sys::PerProcess;

static TOKIO: PerProcess<Place> = PerProcess::new();

/// Where a process keeps its runtime.
#[derive(Debug, Default)]
struct Place {
    /// Of several threads that find no runtime, one makes it.
    making: Mutex<()>,
    runtime: OnceLock<Runtime>,
}

thread_local! {
    /// The process in which this thread came to hold the guard that it has. Only the outermost stay of a process sets it.
    static HELD: Cell<Option<Origin>> = const { Cell::new(None) };
}

/// Makes the runtime, unless this process has it.
///
/// # Errors
/// Those of epoll_create1(2) and of starting a thread.
pub(crate) fn prepare() -> io::Result<()> {
    let place = TOKIO.get_or_init(Place::default);
    let _one = place.making.lock();
    if place.runtime.get().is_none() {
        let runtime = build().map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("cannot start the tokio runtime of the feature tokio-context: {error}"),
            )
        })?;
        place.runtime.set(runtime).expect("nobody else makes one");
    }
    Ok(())
}

fn build() -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(1).thread_name("fend-tokio").enable_all().build()
}

/// A thread's stay inside the runtime. To be dropped on its thread, after what was entered later.
#[derive(Debug)]
pub(crate) struct Held {
    guard: Option<EnterGuard<'static>>,
    before: Option<Origin>,
}

/// Goes inside the runtime, unless this thread is inside one. `None`: it is, or there is none to go into.
pub(crate) fn hold() -> Option<Held> {
    let here = Origin::here();
    let before = HELD.get();
    let inside = match before {
        Some(origin) => origin == here,
        // While the thread ends there is nothing to enter any more.
        None => !Handle::try_current().is_err_and(|error| error.is_missing_context()),
    };
    if inside {
        return None;
    }
    let runtime = TOKIO.get_or_init(Place::default).runtime.get()?;
    HELD.set(Some(here));
    Some(Held { guard: Some(runtime.enter()), before })
}

impl Drop for Held {
    fn drop(&mut self) {
        HELD.set(self.before);
        // While the thread ends, what it would be put back into may be gone, and tokio panics then.
        if Handle::try_current().is_err_and(|error| error.is_thread_local_destroyed()) {
            std::mem::forget(self.guard.take());
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::thread;

    use super::*;

    /// Which runtime of tokio this thread is inside of.
    fn inside() -> Option<tokio::runtime::Id> {
        Handle::try_current().ok().map(|handle| handle.id())
    }

    fn ours() -> Option<tokio::runtime::Id> {
        TOKIO.get_or_init(Place::default).runtime.get().map(|runtime| runtime.handle().id())
    }

    #[test]
    fn the_outermost_stay_holds_the_guard() {
        prepare().unwrap();
        assert_eq!(inside(), None);
        let outer = hold();
        assert!(outer.is_some() && inside() == ours());
        assert!(hold().is_none(), "it is inside");
        drop(outer);
        assert_eq!(inside(), None);
        assert_eq!(HELD.get(), None);
    }

    #[test]
    fn a_runtime_of_the_users_stays() {
        prepare().unwrap();
        let users = Builder::new_current_thread().build().unwrap();
        let _entered = users.enter();
        assert!(hold().is_none());
        assert_eq!(inside(), Some(users.handle().id()));
    }

    /// Its destructor runs with those of the other thread-locals.
    #[derive(Default)]
    struct AtTheEnd(std::cell::RefCell<Option<Held>>);

    thread_local!(static AT_THE_END: AtTheEnd = AtTheEnd::default());

    #[test]
    fn a_thread_that_ends_with_its_guard_does_not_panic() {
        prepare().unwrap();
        thread::spawn(|| {
            // Made first, and so destroyed last: tokio's is gone by then.
            AT_THE_END.with(|_| ());
            let held = hold();
            AT_THE_END.with(|end| end.0.replace(held));
        })
        .join()
        .unwrap();
    }

    #[test]
    fn many_threads_make_one() {
        let made: Vec<_> = (0..8)
            .map(|_| {
                thread::spawn(|| {
                    prepare().unwrap();
                    let _held = hold();
                    inside()
                })
            })
            .collect();
        for made in made {
            assert_eq!(made.join().unwrap(), ours());
        }
    }
}
