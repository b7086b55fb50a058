//! The threads that call the C library.
//!
//! They are started when there is work and none of them is idle, up to a limit, and end after a while without any. When none can be started, the
//! lookups wait for those that there are; without any they fail. What a thread is given is a value, so that tests can have it hang.
//!
//! The child of a fork has none of the threads: its lookups have a pool of their own, and what was begun before gives an error there.
//!
//! Signals are blocked on these threads, but for those that a thread causes itself: a handler of the program's would run here, deep in code
//! that is not its own, and interrupt system calls of modules that do not expect it.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Condvar, PoisonError};
use std::task::Waker;
use std::thread;
use std::time::Duration;

use fend_reactor::io::{Origin, PerProcess};

use super::queue::{Job, Place, Queue};
use super::waiting::Waiting;
use super::{Answer, Outcome, Question, Request, c_library};
use crate::addr_info::AddrList;
use crate::error::{Cause, LookupError};
use crate::sync::{Mutex, MutexGuard};
use crate::unwind::{caught, wake};

/// Of the pool that all resolvers share which ask for none of their own.
const SHARED_THREADS: usize = 8;

/// A few threads that call the C library, and the lookups that wait for one. When it is dropped, idle threads end, and lookups that are under way
/// or wait are answered.
#[derive(Debug)]
pub(crate) struct Pool(Arc<Shared>);

/// How a pool is made.
struct Settings {
    /// Of its threads: at most 15 bytes, as the kernel keeps no more.
    name: &'static str,
    threads: usize,
    most_queued: usize,
    /// After which a thread ends that has nothing to do.
    idle: Duration,
    /// `None` for std's own default.
    stack_size: Option<usize>,
    resolve: Arc<Resolve>,
}

/// What a thread does with a question.
type Resolve = dyn Fn(&Question) -> Outcome + Send + Sync;

impl Settings {
    fn new(threads: usize) -> Settings {
        Settings {
            name: "fend-dns",
            threads: threads.max(1),
            most_queued: 10_240,
            idle: Duration::from_secs(10),
            stack_size: None,
            resolve: Arc::new(c_library::answer),
        }
    }
}

impl Pool {
    /// The pool of the process.
    pub(crate) fn shared() -> Arc<Pool> {
        static SHARED: PerProcess<Arc<Pool>> = PerProcess::new();
        SHARED.get_or_init(|| Arc::new(Pool::new(SHARED_THREADS))).clone()
    }

    /// A pool of at most `threads` threads, and of one at least.
    pub(crate) fn new(threads: usize) -> Pool {
        Pool::with(Settings::new(threads))
    }

    fn with(settings: Settings) -> Pool {
        let state = State { queue: Queue::new(settings.most_queued), threads: 0, idle: 0, is_closed: false };
        let origin = Origin::here();
        Pool(Arc::new(Shared { settings, origin, state: Mutex::new(state), work: Condvar::new() }))
    }

    /// Dropped while it waits, a request is never made; while the C library is at work, its answer is thrown away.
    ///
    /// Polled by any executor. It keeps what it needs of the pool.
    pub(crate) fn lookup(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<AddrList, LookupError>> + Send + use<> {
        let waiting = Waiting::new(self.0.clone(), Question::Addresses(request));
        async move { waiting.await.map(Answer::into_addresses) }
    }

    /// The name of an address; as [`lookup`](Pool::lookup) else.
    pub(crate) fn name_of(
        &self,
        address: IpAddr,
    ) -> impl Future<Output = Result<String, LookupError>> + Send + use<> {
        let waiting = Waiting::new(self.0.clone(), Question::NameOf(address));
        async move { waiting.await.map(Answer::into_name) }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if !self.0.is_here() {
            return;
        }
        self.0.lock().is_closed = true;
        self.0.work.notify_all();
    }
}

/// What threads and futures have of a pool.
pub(super) struct Shared {
    settings: Settings,
    origin: Origin,
    state: Mutex<State>,
    work: Condvar,
}

struct State {
    queue: Queue,
    /// Those that there are, or are about to be started.
    threads: usize,
    /// Those of them that wait for work. One that was notified counts until it has woken up.
    idle: usize,
    is_closed: bool,
}

/// What new work asks for.
enum Hire {
    Call,
    Start,
    Nobody,
}

impl State {
    fn hire(&mut self, limit: usize) -> Hire {
        if self.queue.len() > 0 && self.idle >= self.queue.len() {
            return Hire::Call;
        }
        if self.queue.len() == 0 || self.threads >= limit {
            return Hire::Nobody;
        }
        self.threads += 1;
        Hire::Start
    }
}

impl Shared {
    /// Whether the threads are those of this process: not in the child of a fork. There, the lock may be held by one that is gone.
    pub(super) fn is_here(&self) -> bool {
        self.origin.is_here()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    pub(super) fn enter(self: &Arc<Self>, question: &Arc<Question>, waker: Waker) -> Place {
        let mut state = self.lock();
        let place = state.queue.enter(question, waker);
        let hire = state.hire(self.settings.threads);
        drop(state);
        self.carry_out(hire);
        place
    }

    /// `None`: still outside.
    pub(super) fn come_in(
        self: &Arc<Self>,
        ticket: u64,
        question: &Arc<Question>,
        waker: Waker,
    ) -> Option<Place> {
        let mut state = self.lock();
        let result = state.queue.come_in(ticket, question, waker);
        let hire = state.hire(self.settings.threads);
        drop(state);
        self.carry_out(hire);
        // An old waker of `Err` is dropped here, after the lock.
        let (place, next) = result.ok()?;
        wake(next);
        Some(place)
    }

    pub(super) fn replace_waker(&self, job: &Job, ticket: u64, waker: Waker) {
        let mut state = self.lock();
        // Answered since: it would be kept by a later job of the same question.
        let old =
            if job.outcome().is_some() { Some(waker) } else { state.queue.replace_waker(job, ticket, waker) };
        drop(state);
        drop(old);
    }

    pub(super) fn leave(&self, place: &Place) -> (Option<Waker>, Option<Waker>) {
        self.lock().queue.leave(place)
    }

    fn carry_out(self: &Arc<Self>, hire: Hire) {
        match hire {
            Hire::Call => self.work.notify_one(),
            Hire::Nobody => {}
            Hire::Start => {
                if let Err(error) = self.start_thread() {
                    self.thread_failed(&error);
                }
            }
        }
    }

    fn start_thread(self: &Arc<Self>) -> io::Result<()> {
        let shared = self.clone();
        let mut builder = thread::Builder::new().name(self.settings.name.to_owned());
        if let Some(stack_size) = self.settings.stack_size {
            builder = builder.stack_size(stack_size);
        }
        builder.spawn(move || shared.run()).map(drop)
    }

    /// Other threads come to the work in time. Without any, all that is queued fails, and then what is outside, as it comes in.
    fn thread_failed(&self, error: &io::Error) {
        let mut state = self.lock();
        state.threads -= 1;
        let mut wakers = Vec::new();
        while state.threads == 0 {
            let Some((job, next)) = state.queue.take() else { break };
            wakers.extend(next);
            wakers
                .extend(state.queue.finish(&job, Err(no_thread(job.question(), self.settings.name, error))));
        }
        drop(state);
        wake(wakers);
    }

    /// A thread's life.
    fn run(&self) {
        fend_reactor::io::block_signals();
        while let Some(job) = self.next_job() {
            let outcome = caught(|| (self.settings.resolve)(job.question()));
            let outcome = outcome.unwrap_or_else(|text| Err(panicked(job.question(), &text)));
            let wakers: Vec<_> = self.lock().queue.finish(&job, outcome).collect();
            wake(wakers);
        }
    }

    /// Waits for work. `None`: the thread is no longer counted, and ends.
    fn next_job(&self) -> Option<Arc<Job>> {
        let mut state = self.lock();
        state.idle += 1;
        let has_none = |state: &mut State| state.queue.len() == 0 && !state.is_closed;
        let waited = self.work.wait_timeout_while(state, self.settings.idle, has_none);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.idle -= 1;
        let Some((job, next)) = state.queue.take() else {
            state.threads -= 1;
            return None;
        };
        drop(state);
        wake(next);
        Some(job)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_here() {
            return f.write_str("Shared(of another process)");
        }
        let state = self.lock();
        f.debug_struct("Shared")
            .field("threads", &state.threads)
            .field("idle", &state.idle)
            .field("queued", &state.queue.len())
            .finish_non_exhaustive()
    }
}

fn no_thread(question: &Question, name: &str, error: &io::Error) -> LookupError {
    let message = format!("cannot start thread {name:?}, and there is no other: {error}");
    LookupError::new(question.subject(), Cause::Io(io::Error::new(error.kind(), message)))
}

/// For a lookup that was begun before a fork, in the child.
pub(super) fn of_parent(question: &Question) -> LookupError {
    let message = "the lookup was begun in the process that this one was forked from: look up again";
    LookupError::new(question.subject(), Cause::Io(io::Error::other(message)))
}

fn panicked(question: &Question, text: &str) -> LookupError {
    LookupError::new(
        question.subject(),
        Cause::Io(io::Error::other(format!("the lookup has panicked: {text}"))),
    )
}

#[cfg(test)]
mod tests;
