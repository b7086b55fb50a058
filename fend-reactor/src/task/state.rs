//! The state word of a task: one atomic that says what the task is doing, who still cares, and how many references
//! there are to it.
//!
//! Every change is a named transition. It makes the change in one atomic step and returns what the caller must now
//! do; nothing outside this file looks at bits. The life cycle that the transitions draw is in [`raw`](super::raw).
//!
//! Transitions acquire and release, so whoever makes one sees what was written before the earlier ones. That holds
//! for a wake-up of a task that is scheduled already, too: it changes nothing and is written all the same, so that
//! the poll to come sees what the waking thread did before.

use crate::sync::atomic::AtomicUsize;
use crate::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

/// A thread owns the stage: it polls the future, drops it or stores the output.
const RUNNING: usize = 1 << 0;
/// The future is gone and the output is stored. Final.
const COMPLETE: usize = 1 << 1;
/// There is a `Runnable`; while `RUNNING`, there shall be one when the poll ends.
const SCHEDULED: usize = 1 << 2;
/// There is a `JoinHandle`.
const JOIN_INTEREST: usize = 1 << 3;
/// The join waker is set, and belongs to whoever completes the task.
const JOIN_WAKER: usize = 1 << 4;
/// The future shall be dropped instead of being polled again.
const ABORT: usize = 1 << 5;
/// With ABORT: the runtime asked for it, for the first of the reasons in [`CancelCause`].
const SHUT_DOWN: usize = 1 << 6;
/// With ABORT: the same, for the second of them. With both flags: for the fourth.
const NO_THREAD: usize = 1 << 7;
/// With ABORT: the same, for the third of them.
const QUEUE_FULL: usize = 1 << 8;
/// One reference. The count fills the rest of the word.
const REF: usize = 1 << 9;
/// More references than memory could hold wakers for: only a leak in a loop gets here.
const REFS_MAX: usize = usize::MAX / 2;

/// The state word.
#[derive(Debug)]
pub(super) struct State(AtomicUsize);

/// The state at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Snapshot(usize);

/// Why a task is cancelled. The first one to ask is the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CancelCause {
    /// Somebody aborted it.
    Abort,
    /// Its runtime ended.
    ShutDown,
    /// There was no thread to run it on.
    NoThread,
    /// There was no room in the queue of its pool.
    QueueFull,
    /// Its runtime or pool is that of the process that this one was forked from.
    Forked,
}

/// What the owner of a `Runnable` does.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// Poll the future.
    Poll,
    /// Drop the future and complete as cancelled.
    Cancel,
    /// Nothing: the task was shut down, or is being shut down by another thread.
    Over,
}

/// What a thread does whose poll came back pending.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Suspend {
    /// Nothing. Its reference is gone, another one exists.
    Idle,
    /// Schedule the task again: its reference is the `Runnable`'s.
    Reschedule,
    /// Drop the future and complete as cancelled: the thread still owns the stage.
    Cancel,
}

/// What a thread does that completed a task.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Completed {
    /// Drop the output: nobody wants it.
    Unwanted,
    /// Nothing: the `JoinHandle` will find the output.
    Wanted,
    /// Take the join waker and wake it.
    Awaited,
}

/// What a thread does that woke or aborted a task through a reference it keeps.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Notify {
    Nothing,
    /// Schedule the `Runnable` that a new reference was made for.
    Schedule,
}

/// What a thread does that woke a task and gave its reference away.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotifyOwned {
    /// Nothing. The reference is gone.
    Nothing,
    /// Schedule the `Runnable` that a new reference was made for, then drop the old one.
    Schedule,
    /// Free the task: this was the last reference.
    Free,
}

/// What a thread does that shuts a task down.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ShutDown {
    /// Drop the future and complete as cancelled: the thread owns the stage now.
    Cancel,
    /// Nothing: it is complete, or the thread that polls it will see the flag.
    Flagged,
}

/// What a `JoinHandle` that is dropped does.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Detach {
    /// Nothing. Its reference is gone.
    Done,
    /// Drop the join waker, then the reference.
    DropWaker,
    /// Drop the output unless it was taken, then the reference.
    DropOutput,
}

/// The task completed, so the join waker cannot be changed and the output is there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AlreadyComplete;

impl Snapshot {
    pub(super) fn is_running(self) -> bool {
        self.has(RUNNING)
    }

    pub(super) fn is_complete(self) -> bool {
        self.has(COMPLETE)
    }

    pub(super) fn is_scheduled(self) -> bool {
        self.has(SCHEDULED)
    }

    /// Of a task with ABORT: who has set it.
    pub(super) fn cancel_cause(self) -> CancelCause {
        match () {
            () if self.has(SHUT_DOWN) && self.has(NO_THREAD) => CancelCause::Forked,
            () if self.has(SHUT_DOWN) => CancelCause::ShutDown,
            () if self.has(NO_THREAD) => CancelCause::NoThread,
            () if self.has(QUEUE_FULL) => CancelCause::QueueFull,
            () => CancelCause::Abort,
        }
    }

    /// With ABORT, and its cause unless there was one before.
    fn cancelled_by(self, cause: CancelCause) -> Self {
        let flag = match cause {
            CancelCause::ShutDown if !self.has(ABORT) => SHUT_DOWN,
            CancelCause::NoThread if !self.has(ABORT) => NO_THREAD,
            CancelCause::QueueFull if !self.has(ABORT) => QUEUE_FULL,
            CancelCause::Forked if !self.has(ABORT) => SHUT_DOWN | NO_THREAD,
            _ => 0,
        };
        self.with(ABORT | flag)
    }

    pub(super) fn has_join_waker(self) -> bool {
        self.has(JOIN_WAKER)
    }

    fn has(self, flags: usize) -> bool {
        self.0 & flags != 0
    }

    fn with(self, flags: usize) -> Self {
        Snapshot(self.0 | flags)
    }

    fn without(self, flags: usize) -> Self {
        Snapshot(self.0 & !flags)
    }

    fn refs(self) -> usize {
        self.0 / REF
    }

    fn plus_ref(self) -> Self {
        check_refs(self.0);
        Snapshot(self.0 + REF)
    }

    fn minus_ref(self) -> Self {
        debug_assert!(self.refs() > 0, "a reference too many was dropped");
        Snapshot(self.0 - REF)
    }
}

impl State {
    /// A task that was just spawned: scheduled, joinable, with `refs` references.
    pub(super) fn new(refs: usize) -> Self {
        State(AtomicUsize::new(SCHEDULED | JOIN_INTEREST | (refs * REF)))
    }

    pub(super) fn load(&self) -> Snapshot {
        Snapshot(self.0.load(Acquire))
    }

    /// A `Runnable` is run: its reference stays with the thread that runs it.
    #[inline]
    pub(super) fn start(&self) -> Start {
        self.transition_unless(
            |now| now.has(RUNNING | COMPLETE).then_some(Start::Over),
            |now| {
                let action = if now.has(ABORT) { Start::Cancel } else { Start::Poll };
                (action, now.without(SCHEDULED).with(RUNNING))
            },
        )
    }

    /// The poll came back pending.
    #[inline]
    pub(super) fn suspend(&self) -> Suspend {
        let mut now = self.load();
        loop {
            debug_assert!(now.is_running() && !now.is_complete());
            // Each branch with an exchange of its own: joined, they compile to twice as much.
            if now.has(ABORT) {
                return Suspend::Cancel;
            }
            let exchanged = if now.has(SCHEDULED) {
                match self.exchange(now, now.without(RUNNING)) {
                    Ok(()) => return Suspend::Reschedule,
                    Err(seen) => seen,
                }
            } else {
                match self.exchange(now, now.without(RUNNING).minus_ref()) {
                    Ok(()) => return Suspend::Idle,
                    Err(seen) => seen,
                }
            };
            now = exchanged;
        }
    }

    /// The future is dropped and the output stored.
    #[inline]
    pub(super) fn complete(&self) -> Completed {
        // One instruction where an exclusive or, whose result is wanted, is a loop.
        let before = Snapshot(self.0.fetch_add(COMPLETE - RUNNING, AcqRel));
        debug_assert!(before.is_running() && !before.is_complete());
        debug_assert!(before.has(JOIN_INTEREST) || !before.has(JOIN_WAKER), "a join waker without a handle");
        match (before.has(JOIN_INTEREST), before.has(JOIN_WAKER)) {
            (false, _) => Completed::Unwanted,
            (true, false) => Completed::Wanted,
            (true, true) => Completed::Awaited,
        }
    }

    /// A waker is used and kept.
    #[inline]
    pub(super) fn wake_by_ref(&self) -> Notify {
        self.transition_unless(
            |now| now.has(COMPLETE).then_some(Notify::Nothing),
            |now| {
                if now.has(RUNNING | SCHEDULED) {
                    (Notify::Nothing, now.with(SCHEDULED))
                } else {
                    (Notify::Schedule, now.with(SCHEDULED).plus_ref())
                }
            },
        )
    }

    /// A waker is used up.
    #[inline]
    pub(super) fn wake_by_value(&self) -> NotifyOwned {
        self.transition(|now| {
            if now.has(COMPLETE) {
                let next = now.minus_ref();
                let action = if next.refs() == 0 { NotifyOwned::Free } else { NotifyOwned::Nothing };
                (action, Some(next))
            } else if now.has(RUNNING | SCHEDULED) {
                (NotifyOwned::Nothing, Some(now.with(SCHEDULED).minus_ref()))
            } else {
                (NotifyOwned::Schedule, Some(now.with(SCHEDULED).plus_ref()))
            }
        })
    }

    /// Somebody asks the task to end. Its own thread will drop the future, which need not be `Send`.
    pub(super) fn abort(&self) -> Notify {
        self.transition(|now| {
            if now.has(COMPLETE | ABORT) {
                (Notify::Nothing, None)
            } else if now.has(RUNNING | SCHEDULED) {
                (Notify::Nothing, Some(now.with(ABORT)))
            } else {
                (Notify::Schedule, Some(now.with(ABORT | SCHEDULED).plus_ref()))
            }
        })
    }

    /// The task's list is closed, or nobody will run it: this thread drops the future unless another one is at it.
    pub(super) fn shut_down(&self, cause: CancelCause) -> ShutDown {
        self.transition(|now| {
            if now.has(COMPLETE) {
                (ShutDown::Flagged, None)
            } else if now.has(RUNNING) {
                (ShutDown::Flagged, Some(now.cancelled_by(cause)))
            } else {
                (ShutDown::Cancel, Some(now.cancelled_by(cause).with(RUNNING)))
            }
        })
    }

    /// The `JoinHandle` has written the join waker and lends it to the thread that will complete the task.
    #[inline]
    pub(super) fn lend_join_waker(&self) -> Result<(), AlreadyComplete> {
        self.transition_unless(
            |now| {
                debug_assert!(now.has(JOIN_INTEREST) && !now.has(JOIN_WAKER));
                now.has(COMPLETE).then_some(Err(AlreadyComplete))
            },
            |now| (Ok(()), now.with(JOIN_WAKER)),
        )
    }

    /// The `JoinHandle` takes the join waker back to change it.
    #[inline]
    pub(super) fn take_back_join_waker(&self) -> Result<(), AlreadyComplete> {
        self.transition_unless(
            |now| {
                debug_assert!(now.has(JOIN_INTEREST) && now.has(JOIN_WAKER));
                now.has(COMPLETE).then_some(Err(AlreadyComplete))
            },
            |now| (Ok(()), now.without(JOIN_WAKER)),
        )
    }

    /// The `JoinHandle` is dropped.
    #[inline]
    pub(super) fn detach(&self) -> Detach {
        self.transition_unless(
            |now| {
                debug_assert!(now.has(JOIN_INTEREST));
                now.has(COMPLETE).then_some(Detach::DropOutput)
            },
            |now| {
                let next = now.without(JOIN_INTEREST | JOIN_WAKER);
                if now.has(JOIN_WAKER) {
                    (Detach::DropWaker, next)
                } else {
                    // The task is not complete, so its list or its `Runnable` holds another reference.
                    (Detach::Done, next.minus_ref())
                }
            },
        )
    }

    /// One more reference, made from an existing one.
    #[inline]
    pub(super) fn add_ref(&self) {
        check_refs(self.0.fetch_add(REF, Relaxed));
    }

    /// `count` references less. True when they were the last: the task must be freed.
    #[inline]
    #[must_use]
    pub(super) fn drop_refs(&self, count: usize) -> bool {
        let before = Snapshot(self.0.fetch_sub(count * REF, AcqRel));
        debug_assert!(before.refs() >= count, "a reference too many was dropped");
        before.refs() == count
    }

    #[cfg(all(test, not(loom)))]
    pub(super) fn refs(&self) -> usize {
        self.load().refs()
    }

    /// Applies `step` in one atomic step and returns its action. `None` leaves the word as it is.
    #[inline(always)]
    fn transition<A>(&self, step: impl Fn(Snapshot) -> (A, Option<Snapshot>)) -> A {
        let mut now = self.load();
        loop {
            let (action, next) = step(now);
            let Some(next) = next else { return action };
            match self.exchange(now, next) {
                Ok(()) => return action,
                Err(seen) => now = seen,
            }
        }
    }

    /// Unless `stay` says what to do in this state, which leaves the word as it is, applies `step`. As [`transition`](Self::transition), in a
    /// form that compiles to half the instructions.
    #[inline(always)]
    fn transition_unless<A>(
        &self,
        stay: impl Fn(Snapshot) -> Option<A>,
        step: impl Fn(Snapshot) -> (A, Snapshot),
    ) -> A {
        let mut now = self.load();
        loop {
            if let Some(action) = stay(now) {
                return action;
            }
            let (action, next) = step(now);
            match self.exchange(now, next) {
                Ok(()) => return action,
                Err(seen) => now = seen,
            }
        }
    }

    #[inline(always)]
    fn exchange(&self, now: Snapshot, next: Snapshot) -> Result<(), Snapshot> {
        match self.0.compare_exchange_weak(now.0, next.0, AcqRel, Acquire) {
            Ok(_) => Ok(()),
            Err(seen) => Err(Snapshot(seen)),
        }
    }
}

/// Ends the process rather than letting the count wrap around, as `Arc` does.
#[inline]
fn check_refs(word: usize) {
    if word > REFS_MAX {
        std::process::abort();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn flags_and_references_do_not_overlap() {
        let flags = [
            RUNNING,
            COMPLETE,
            SCHEDULED,
            JOIN_INTEREST,
            JOIN_WAKER,
            ABORT,
            SHUT_DOWN,
            NO_THREAD,
            QUEUE_FULL,
        ];
        assert_eq!(flags.iter().sum::<usize>(), flags.iter().fold(0, |all, flag| all | flag));
        assert_eq!(flags.iter().sum::<usize>(), REF - 1);
    }

    #[test]
    fn wakes_while_scheduled_coalesce() {
        let state = State::new(3);
        assert_eq!(state.wake_by_ref(), Notify::Nothing);
        state.add_ref();
        assert_eq!(state.wake_by_value(), NotifyOwned::Nothing);
        assert_eq!(state.refs(), 3);
    }

    #[test]
    fn a_wake_during_the_poll_makes_one_runnable() {
        let state = State::new(3);
        assert_eq!(state.start(), Start::Poll);
        assert_eq!(state.wake_by_ref(), Notify::Nothing);
        assert_eq!(state.wake_by_ref(), Notify::Nothing);
        assert_eq!(state.suspend(), Suspend::Reschedule);
        assert_eq!(state.refs(), 3);
        assert_eq!(state.start(), Start::Poll);
        assert_eq!(state.suspend(), Suspend::Idle);
        assert_eq!(state.refs(), 2);
    }

    #[test]
    fn the_output_wins_over_an_abort_during_the_poll() {
        let state = State::new(3);
        assert_eq!(state.start(), Start::Poll);
        assert_eq!(state.abort(), Notify::Nothing);
        assert_eq!(state.complete(), Completed::Wanted);
        assert_eq!(state.abort(), Notify::Nothing);
        assert_eq!(state.start(), Start::Over);
    }

    #[test]
    fn the_last_waker_of_a_complete_task_frees_it() {
        let state = State::new(2);
        assert_eq!(state.start(), Start::Poll);
        assert_eq!(state.detach(), Detach::Done);
        state.add_ref();
        assert_eq!(state.complete(), Completed::Unwanted);
        assert!(!state.drop_refs(1));
        assert_eq!(state.wake_by_ref(), Notify::Nothing);
        assert_eq!(state.wake_by_value(), NotifyOwned::Free);
    }

    #[test]
    fn the_join_waker_changes_hands() {
        let state = State::new(3);
        assert_eq!(state.lend_join_waker(), Ok(()));
        assert_eq!(state.take_back_join_waker(), Ok(()));
        assert_eq!(state.lend_join_waker(), Ok(()));
        assert_eq!(state.start(), Start::Poll);
        assert_eq!(state.complete(), Completed::Awaited);
        assert_eq!(state.take_back_join_waker(), Err(AlreadyComplete));
        assert_eq!(state.detach(), Detach::DropOutput);
    }

    /// Rule 5: the field of a detached task belongs to nobody, so nothing may say that a waker is lent.
    #[test]
    fn a_detached_task_lends_no_join_waker() {
        let state = State::new(3);
        assert_eq!(state.lend_join_waker(), Ok(()));
        assert_eq!(state.detach(), Detach::DropWaker);
        assert!(!state.load().has_join_waker());
        assert!(!state.drop_refs(1));
        assert_eq!(state.start(), Start::Poll);
        assert_eq!(state.complete(), Completed::Unwanted);
    }

    #[test]
    fn the_first_one_to_cancel_is_the_cause() {
        let (abort, end) = (State::new(3), State::new(3));
        assert_eq!(abort.abort(), Notify::Nothing);
        assert_eq!(abort.shut_down(CancelCause::ShutDown), ShutDown::Cancel);
        assert_eq!(abort.load().cancel_cause(), CancelCause::Abort);
        assert_eq!(end.start(), Start::Poll);
        assert_eq!(end.shut_down(CancelCause::ShutDown), ShutDown::Flagged);
        assert_eq!(end.abort(), Notify::Nothing);
        assert_eq!(end.suspend(), Suspend::Cancel);
        assert_eq!(end.load().cancel_cause(), CancelCause::ShutDown);
        for cause in [CancelCause::NoThread, CancelCause::QueueFull, CancelCause::Forked] {
            let refused = State::new(2);
            assert_eq!(refused.shut_down(cause), ShutDown::Cancel);
            assert_eq!(refused.load().cancel_cause(), cause);
        }
    }
}
