//! The numbers of one listener, and what happens to them.

use std::collections::HashMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::task::Poll;
use std::time::{Duration, Instant};

use fend_reactor::io::AsyncFd;
use fend_reactor::task::{AbortHandle, CancellationToken};
use socket2::Socket;

use super::back_off::{BackOff, Pause};
use super::drain::DrainReport;
use super::metrics::ListenerMetrics;
use super::wait::wait_for;
use super::watched::Watched;
use crate::socket::Registered;

/// What a listener, its handles and its connections share.
pub(super) struct Shared {
    pub(super) state: Watched<State>,
    /// Open for each accept(2), and shut when the drain begins: what is accepted was accepted before.
    gate: RwLock<bool>,
    /// Cancelled when the drain begins.
    pub(super) stop: CancellationToken,
    /// How a connection of this family is ended while others hold it.
    pub(super) abort: fn(&Socket),
}

/// All under one lock.
#[derive(Debug)]
pub(super) struct State {
    pub(super) max: usize,
    /// Slots held by accepts that wait for a connection, or have one that is not admitted.
    reserved: usize,
    /// Those of them that have one, which is being prepared.
    preparing: usize,
    /// Accept loops that are not over.
    serving: usize,
    live: HashMap<u64, Live>,
    /// The key of the next connection. Never used twice.
    next: u64,
    counts: Counts,
    accepted: u64,
    limit_reached: u64,
    transient_errors: u64,
    back_offs: u64,
    back_off: BackOff,
    last_error: Option<io::ErrorKind>,
    /// What had ended when the drain began.
    drain: Option<Counts>,
    /// The drain is over, or its deadline has passed: what accept(2) gives now comes too late.
    closed: bool,
    /// Set when the drain is over, or has waited long enough.
    report: Option<DrainReport>,
}

/// How connections have ended.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    finished: u64,
    panicked: u64,
    aborted: u64,
}

impl Counts {
    fn all(self) -> u64 {
        self.finished + self.panicked + self.aborted
    }
}

/// A connection that has not ended.
#[derive(Debug)]
struct Live {
    /// Its owner may close it or take it out of the runtime meanwhile.
    socket: Weak<AsyncFd<Socket>>,
    task: Option<AbortHandle>,
    aborted: bool,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Finished,
    Panicked,
    Aborted,
}

/// What follows an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The next accept, at once.
    Retry,
    /// A pause, the first of a row or a further one.
    Pause { length: Duration, first: bool },
    /// The pause that another task's error has begun.
    Join,
}

impl Shared {
    pub(super) fn new(abort: fn(&Socket)) -> Shared {
        let state = State {
            max: usize::MAX,
            reserved: 0,
            preparing: 0,
            serving: 0,
            live: HashMap::new(),
            next: 0,
            counts: Counts::default(),
            accepted: 0,
            limit_reached: 0,
            transient_errors: 0,
            back_offs: 0,
            back_off: BackOff::default(),
            last_error: None,
            drain: None,
            closed: false,
            report: None,
        };
        Shared { state: Watched::new(state), gate: RwLock::new(true), stop: CancellationToken::new(), abort }
    }

    /// Waits until one connection more is allowed. `None` once the drain has begun.
    pub(super) async fn reserve(&self) -> Option<Reservation<'_>> {
        let mut waited = false;
        let reserved = self.state.wait(|state| {
            if state.drain.is_some() {
                return Some(false);
            }
            if state.reserve() {
                return Some(true);
            }
            // Slots of accepts that wait for a connection are not the limit's doing.
            if !waited && state.live.len() >= state.max {
                waited = true;
                state.limit_reached += 1;
            }
            None
        });
        // Made only when there is one to give back.
        reserved.await.then(|| Reservation { shared: self, preparing: false })
    }

    /// Waits while a pause is on: until it is over, a connection has ended, or the drain begins.
    ///
    /// # Errors
    ///
    /// When there is nothing to wait with: neither a runtime nor a thread.
    pub(super) async fn pause(&self) -> io::Result<()> {
        while let Some((pause, left)) = self.state.with(State::pause_to_wait_for) {
            let mut over = pin!(wait_for(left)?);
            let news = |state: &mut State| {
                (state.pause_to_wait_for().map(|(current, _)| current) != Some(pause)).then_some(())
            };
            let mut early = pin!(self.state.wait(news));
            let by_time = poll_fn(|cx| {
                if early.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(false);
                }
                over.as_mut().poll(cx).map(|()| true)
            });
            if by_time.await {
                // The clock of a runtime may be ahead of the system's, which the pause is measured by.
                self.state.with(|state| state.back_off.finish(pause));
            }
        }
        Ok(())
    }

    /// An error for want of something: what follows.
    pub(super) fn back_off(&self, error: io::ErrorKind) -> Step {
        self.state.with(|state| state.step(Instant::now(), error))
    }

    /// An error that concerned one connection: what follows. `counts` when too many in a row are to lead to a pause.
    pub(super) fn retry(&self, error: io::ErrorKind, counts: bool) -> Step {
        self.state.with(|state| {
            state.transient_errors += 1;
            state.last_error = Some(error);
            if counts && state.back_off.retry() { state.step(Instant::now(), error) } else { Step::Retry }
        })
    }

    /// The task that serves a connection, to be aborted with it.
    pub(super) fn attach(&self, id: u64, task: AbortHandle) {
        let late = self.state.with(|state| match state.live.get_mut(&id) {
            Some(live) if live.aborted => Some(task),
            Some(live) => {
                live.task = Some(task);
                None
            }
            None => None,
        });
        if let Some(task) = late {
            task.abort();
        }
    }

    pub(super) fn end(&self, id: u64, ending: Ending) {
        let ended = self.state.change(|state| state.end(id, ending));
        // Here, so that nothing of it is dropped under the lock.
        drop(ended);
    }

    /// An accept loop begins, which a drain waits for.
    pub(super) fn begin_serving(self: Arc<Self>) -> Serving {
        self.state.with(|state| state.serving += 1);
        Serving { shared: self }
    }

    /// Makes one accept(2), unless the drain has begun.
    pub(super) fn accept<R>(&self, accept: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
        let open = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        if !*open {
            // No `WouldBlock`: a clone of the listener, which shares its readiness, may go on to accept.
            return Err(io::Error::other("the listener has stopped"));
        }
        accept().inspect(|_| self.state.with(|state| state.preparing += 1))
    }

    pub(super) fn is_stopped(&self) -> bool {
        !*self.gate.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// No further connection is taken.
    pub(super) fn stop(&self) {
        {
            let mut open = self.gate.write().unwrap_or_else(PoisonError::into_inner);
            *open = false;
            // In one step for who looks through the gate: an accept loop that finds it shut ends, and may report at once.
            self.state.with(|state| _ = state.drain.get_or_insert(state.counts));
        }
        // Nobody is woken under the gate's lock.
        self.state.change(|_| ());
        self.stop.cancel();
    }

    /// Resolves when the drain is over: nothing is left, or a deadline has passed and all was done that can be.
    pub(super) async fn drained(&self) -> DrainReport {
        self.state.wait(State::report_when_over).await
    }

    /// Ends all connections: their tasks, and what others do with their sockets. Those that accepts still bring are ended by
    /// these.
    pub(super) fn abort_all(&self) {
        let all: Vec<_> = self.state.with(|state| {
            state.closed = true;
            let ended = |live: &mut Live| {
                live.aborted = true;
                (live.socket.clone(), live.task.take())
            };
            state.live.values_mut().map(ended).collect()
        });
        for (socket, task) in all {
            if let Some(fd) = socket.upgrade() {
                (self.abort)(fd.get_ref());
            }
            if let Some(task) = task {
                task.abort();
            }
        }
    }

    /// Gives up on what is left after all was aborted.
    pub(super) fn give_up(&self) -> DrainReport {
        self.state.change(|state| {
            let report = state.report_now();
            *state.report.get_or_insert(report)
        })
    }

    pub(super) fn metrics(&self) -> ListenerMetrics {
        self.state.with(|state| ListenerMetrics {
            accepted: state.accepted,
            active: state.live.len(),
            finished: state.counts.finished,
            panicked: state.counts.panicked,
            aborted: state.counts.aborted,
            limit_reached: state.limit_reached,
            transient_errors: state.transient_errors,
            back_offs: state.back_offs,
            back_off: state.current_pause(Instant::now()).map(|pause| pause.length),
            last_error: state.last_error,
            draining: state.drain.is_some(),
        })
    }
}

impl State {
    fn reserve(&mut self) -> bool {
        let free = self.live.len() + self.reserved < self.max;
        self.reserved += usize::from(free);
        free
    }

    fn current_pause(&self, now: Instant) -> Option<Pause> {
        self.back_off.current(now, self.counts.all())
    }

    /// The pause that an accept has to sit out, and what is left of it. None once the drain has begun.
    fn pause_to_wait_for(&mut self) -> Option<(Pause, Duration)> {
        let now = Instant::now();
        let pause = self.current_pause(now).filter(|_| self.drain.is_none())?;
        Some((pause, pause.until.saturating_duration_since(now)))
    }

    fn step(&mut self, now: Instant, error: io::ErrorKind) -> Step {
        let first = !self.back_off.is_on();
        self.last_error = Some(error);
        match self.back_off.step(now, self.counts.all()) {
            None => Step::Join,
            Some(length) => {
                self.back_offs += 1;
                Step::Pause { length, first }
            }
        }
    }

    fn admit(&mut self, socket: Weak<AsyncFd<Socket>>) -> u64 {
        let id = self.next;
        self.next += 1;
        self.live.insert(id, Live { socket, task: None, aborted: false });
        self.accepted += 1;
        self.back_off.reset();
        id
    }

    fn end(&mut self, id: u64, ending: Ending) -> Option<Live> {
        let live = self.live.remove(&id)?;
        let ending = if live.aborted { Ending::Aborted } else { ending };
        match ending {
            Ending::Finished => self.counts.finished += 1,
            Ending::Panicked => self.counts.panicked += 1,
            Ending::Aborted => self.counts.aborted += 1,
        }
        Some(live)
    }

    fn report_when_over(&mut self) -> Option<DrainReport> {
        let is_empty = self.live.is_empty() && self.serving == 0 && self.preparing == 0;
        let report = self.report.or_else(|| is_empty.then(|| self.report_now()))?;
        // What was said to be all must be all.
        self.closed = true;
        self.report = Some(report);
        Some(report)
    }

    fn report_now(&self) -> DrainReport {
        let before = self.drain.unwrap_or_default();
        DrainReport {
            finished: self.counts.finished - before.finished,
            panicked: self.counts.panicked - before.panicked,
            aborted: self.counts.aborted - before.aborted,
            stuck: self.live.len() + self.preparing,
        }
    }
}

/// A slot for a connection that is waited for. Given back when it is dropped.
pub(super) struct Reservation<'a> {
    shared: &'a Shared,
    preparing: bool,
}

impl Reservation<'_> {
    /// [`Shared::accept`] has given a connection. False when it comes so late that it will be ended at once.
    pub(super) fn take(&mut self) -> bool {
        self.preparing = true;
        self.shared.state.with(|state| !state.closed)
    }

    /// The slot is taken by a connection: its key. `None` when it has come too late, after a drain whose deadline has passed: it counts
    /// as aborted then.
    pub(super) fn admit(self, socket: &Registered) -> Option<u64> {
        let socket = Arc::downgrade(socket);
        // In one step, or another accept could slip in between; the drop finds nothing left to do.
        let admit = |state: &mut State| {
            if state.closed {
                state.accepted += 1;
                state.counts.aborted += 1;
                return None;
            }
            state.reserved -= 1;
            state.preparing -= 1;
            Some(state.admit(socket))
        };
        let id = self.shared.state.with(admit)?;
        std::mem::forget(self);
        Some(id)
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.shared.state.change(|state| {
            state.reserved -= 1;
            state.preparing -= usize::from(self.preparing);
        });
    }
}

/// An accept loop that is not over.
pub(super) struct Serving {
    shared: Arc<Shared>,
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.shared.state.change(|state| state.serving -= 1);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("state", &self.state).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_lite::future::{block_on, poll_once};

    use super::*;

    /// Begins a pause that is on however slow the machine is: it is ahead of the clock.
    fn begin_pause(shared: &Shared) {
        let ahead = Instant::now() + Duration::from_secs(60);
        let step = shared.state.with(|state| state.step(ahead, io::ErrorKind::OutOfMemory));
        assert!(matches!(step, Step::Pause { first: true, .. }));
    }

    /// What the two steps of [`Shared::stop`] leave between them.
    #[test]
    fn a_drain_that_has_begun_ends_a_pause() {
        let shared = Shared::new(|_| ());
        begin_pause(&shared);
        assert!(block_on(poll_once(shared.pause())).is_none(), "a pause is on");
        shared.state.change(|state| state.drain = Some(Counts::default()));
        assert!(!shared.stop.is_cancelled());
        let over = block_on(poll_once(shared.pause())).expect("no pause any more");
        over.unwrap();
    }

    /// An accept loop ends as soon as it finds the gate shut, and what it reports then must be what came since the drain began.
    #[test]
    fn who_finds_the_gate_shut_finds_a_drain() {
        for _ in 0..2000 {
            let shared = Shared::new(|_| ());
            let begun = std::thread::scope(|scope| {
                let loop_ends = scope.spawn(|| {
                    while !shared.is_stopped() {
                        std::hint::spin_loop();
                    }
                    shared.state.with(|state| state.drain.is_some())
                });
                shared.stop();
                loop_ends.join().expect("no panic")
            });
            assert!(begun);
        }
    }

    #[test]
    fn the_error_of_who_joins_a_pause_is_the_last() {
        let shared = Shared::new(|_| ());
        begin_pause(&shared);
        assert_eq!(shared.back_off(io::ErrorKind::StorageFull), Step::Join);
        let metrics = shared.metrics();
        assert_eq!((metrics.back_offs, metrics.last_error), (1, Some(io::ErrorKind::StorageFull)));
    }
}
