//! What a pool decides under its lock: which job is next, who comes to run it, and when there is no room for another one.
//!
//! A job is queued, and then somebody has to come for it: a busy thread when its job is done, or one more thread. Of those there is one on
//! the way at a time, called from its sleep or started. When it has come and taken a job, it sends for the next one if jobs are left,
//! before it runs its own, which may take for ever. So a burst of short jobs costs few wake-ups and few threads, and jobs that sleep get
//! a thread each, as long as there are any to be had. While a job waits, this holds:
//!
//! - a thread was called, or no thread is idle; and
//! - a thread is on the way, or there are as many as there may be, or the last attempt to start one failed.

use std::collections::VecDeque;
use std::sync::Arc;

use super::job::Job;
use super::room::Room;
use super::seat::{Call, Seat};
use super::settings::Settings;
use crate::wake_list::WakeList;

#[derive(Debug, Default)]
pub(super) struct Queue {
    jobs: VecDeque<Job>,
    /// Those of `jobs` that were aborted, so that they only take space. Less than none for a moment: a thread may come by a job
    /// before it was counted.
    withdrawn: isize,
    pub(super) room: Room,
    /// The one that became idle last is the last.
    idle: Vec<Arc<Seat>>,
    calling: bool,
    starting: bool,
    /// The last attempt to start a thread failed: only a new job tries again.
    short: bool,
    end: End,
    pub(super) threads: usize,
    pub(super) running: usize,
    pub(super) counts: Counts,
}

/// What only grows.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counts {
    pub(super) started: usize,
    pub(super) peak: usize,
    pub(super) completed: u64,
    pub(super) cancelled: u64,
    pub(super) refused: u64,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum End {
    #[default]
    Open,
    /// Nobody can give jobs any more: what is queued is run.
    Finishing,
    /// No job is taken, and none begins.
    Closed,
}

/// Who must be fetched for the jobs that wait, once the lock is dropped.
#[must_use]
#[derive(Debug)]
pub(super) enum Help {
    Call(Call),
    /// Start the thread with this number, and say so if it fails.
    Start(usize),
}

/// What a job that is given meets with.
#[must_use]
#[derive(Debug)]
pub(super) enum Push {
    Queued(Option<Help>),
    Full(Job),
    Closed(Job),
}

/// Jobs that are not in the queue's way any more, to be dropped once the lock is.
#[must_use]
#[derive(Debug, Default)]
pub(super) struct Swept(#[expect(dead_code, reason = "dropped, and never looked at")] Vec<Job>);

/// Withdrawn jobs that the queue puts up with.
const LITTER: isize = 32;

impl Queue {
    /// Queues a job. With a `reserved` place it finds room.
    pub(super) fn push(&mut self, job: Job, settings: &Settings, reserved: bool) -> Push {
        if reserved {
            self.room.give_back();
        }
        if self.end != End::Open {
            self.counts.cancelled += 1;
            return Push::Closed(job);
        }
        if !reserved && !self.has_room(settings) {
            self.counts.refused += 1;
            return Push::Full(job);
        }
        self.jobs.push_back(job);
        self.short = false;
        Push::Queued(self.help(settings))
    }

    /// Who comes for the jobs that wait, if they need anybody.
    pub(super) fn help(&mut self, settings: &Settings) -> Option<Help> {
        if self.jobs.is_empty() || self.calling {
            return None;
        }
        if let Some(seat) = self.idle.pop() {
            self.calling = true;
            return Some(Help::Call(seat.call()));
        }
        if self.starting || self.short || self.threads >= settings.max_threads {
            return None;
        }
        self.starting = true;
        self.threads += 1;
        self.counts.started += 1;
        Some(Help::Start(self.counts.started))
    }

    /// The thread that was being started runs.
    pub(super) fn started(&mut self) {
        self.starting = false;
        self.counts.peak = self.counts.peak.max(self.threads);
    }

    /// It does not. Gives the jobs that nobody will come for, when it would have been the only thread.
    pub(super) fn start_failed(&mut self) -> VecDeque<Job> {
        self.starting = false;
        self.short = true;
        self.threads -= 1;
        if self.threads > 0 {
            return VecDeque::new();
        }
        std::mem::take(&mut self.jobs)
    }

    /// A thread takes a job.
    pub(super) fn take(&mut self) -> Option<Job> {
        let job = self.jobs.pop_front()?;
        self.running += 1;
        Some(job)
    }

    /// A thread is through with the job it took. False: the job was over before it began.
    pub(super) fn ran(&mut self, began: bool) {
        self.running -= 1;
        if began {
            self.counts.completed += 1;
        } else {
            self.withdrawn -= 1;
        }
    }

    /// A thread has found no job.
    pub(super) fn goes_idle(&mut self, seat: &Arc<Seat>) {
        seat.open();
        self.idle.push(seat.clone());
    }

    /// An idle thread is back: it was called, or its time is over.
    pub(super) fn comes_back(&mut self, seat: &Arc<Seat>) {
        if seat.is_called() {
            self.calling = false;
        } else {
            self.idle.retain(|other| !Arc::ptr_eq(other, seat));
        }
    }

    /// Whether a thread that finds no job leaves at once.
    pub(super) fn is_ending(&self) -> bool {
        self.end != End::Open
    }

    pub(super) fn thread_ends(&mut self) {
        self.threads -= 1;
    }

    /// A job that waits was aborted. Gives what lies about, when that has become much.
    pub(super) fn withdrawn(&mut self) -> Swept {
        self.withdrawn += 1;
        self.counts.cancelled += 1;
        if self.withdrawn > LITTER && self.withdrawn.unsigned_abs() * 2 > self.jobs.len() {
            return self.sweep();
        }
        Swept::default()
    }

    /// A job that was taken out was found withdrawn.
    pub(super) fn forget_withdrawn(&mut self, count: usize) {
        self.withdrawn -= count as isize;
    }

    pub(super) fn count_refused(&mut self, count: usize) {
        self.counts.refused += count as u64;
    }

    pub(super) fn count_cancelled(&mut self, count: usize) {
        self.counts.cancelled += count as u64;
    }

    fn sweep(&mut self) -> Swept {
        let (over, waiting) = std::mem::take(&mut self.jobs).into_iter().partition::<Vec<_>, _>(Job::is_over);
        self.jobs = waiting.into();
        self.forget_withdrawn(over.len());
        Swept(over)
    }

    /// Jobs that wait to be run.
    pub(super) fn waiting(&self) -> usize {
        self.jobs.len().saturating_add_signed(-self.withdrawn)
    }

    pub(super) fn idle(&self) -> usize {
        self.idle.len()
    }

    pub(super) fn has_room(&self, settings: &Settings) -> bool {
        self.waiting() + self.running + self.room.reserved() < settings.capacity()
    }

    /// Promises the room that there is to those who wait for it, first come, first served.
    pub(super) fn offer_room(&mut self, settings: &Settings, woken: &mut WakeList) {
        while self.room.is_wanted() && (self.is_ending() || self.has_room(settings)) {
            self.room.promise(woken);
        }
    }

    /// Lets the threads end when everything is run.
    pub(super) fn finish(&mut self) -> Vec<Call> {
        if self.end == End::Open {
            self.end = End::Finishing;
        }
        self.call_everybody()
    }

    /// Takes no job any more, and gives those that wait.
    pub(super) fn close(&mut self) -> (VecDeque<Job>, Vec<Call>) {
        self.end = End::Closed;
        (std::mem::take(&mut self.jobs), self.call_everybody())
    }

    fn call_everybody(&mut self) -> Vec<Call> {
        self.calling |= !self.idle.is_empty();
        self.idle.drain(..).map(Seat::call).collect()
    }
}
