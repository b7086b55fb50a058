//! Who waits for an answer of the C library, and for which one. Without threads and locks: [`pool`](super::pool) has those.
//!
//! ```text
//!            no place                   taken                 finished
//!  question ─────────▶ outside          ┌────▶ under way ──────────────▶ answered: all who wait are woken
//!      │                  │ called in   │          │
//!      │                  ▼             │          │ nobody waits any more: goes on, and its answer is thrown away
//!      └───────────────▶ queued ────────┘          │ unless somebody asks the same before it is there
//!         place            │
//!                          │ nobody waits any more: removed at once
//! ```
//!
//! What is bounded: of questions that differ, `most` are queued at once, and as many as there are threads are under way. Everybody else
//! has a waker here and nothing more, and it is the future that holds the question; it takes the waker along when it is dropped. So
//! memory follows the futures that are alive, of which the program has the say.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};
use std::task::Waker;

use super::{Outcome, Question};

/// A question, and its answer when there is one.
#[derive(Debug)]
pub(super) struct Job {
    question: Arc<Question>,
    outcome: OnceLock<Outcome>,
}

impl Job {
    pub(super) fn question(&self) -> &Question {
        &self.question
    }

    pub(super) fn outcome(&self) -> Option<&Outcome> {
        self.outcome.get()
    }
}

/// Every method gives the wakers that it has no more use for. They are to be woken, or dropped, when the lock is no longer held.
#[derive(Debug)]
pub(super) struct Queue {
    most: usize,
    /// Queued or under way.
    live: HashMap<Arc<Question>, Live>,
    queued: BTreeMap<u64, Arc<Job>>,
    outside: BTreeMap<u64, Waker>,
    /// Places of those who have been called in from outside, and have not come yet.
    kept: usize,
    next_ticket: u64,
}

#[derive(Debug)]
struct Live {
    job: Arc<Job>,
    /// While it is queued: where.
    queued_as: Option<u64>,
    waiters: BTreeMap<u64, Waker>,
}

/// Where a future waits.
#[derive(Debug)]
pub(super) enum Place {
    /// For the answer.
    Inside { job: Arc<Job>, ticket: u64 },
    /// For a place in the queue.
    Outside { ticket: u64 },
}

impl Queue {
    /// At most `most` questions are queued.
    pub(super) fn new(most: usize) -> Queue {
        Queue {
            most,
            live: HashMap::new(),
            queued: BTreeMap::new(),
            outside: BTreeMap::new(),
            kept: 0,
            next_ticket: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.queued.len()
    }

    fn ticket(&mut self) -> u64 {
        self.next_ticket += 1;
        self.next_ticket
    }

    /// Somebody new asks. A question that is there already needs no place. Nobody overtakes those outside.
    pub(super) fn enter(&mut self, question: &Arc<Question>, waker: Waker) -> Place {
        let ticket = self.ticket();
        if let Some(live) = self.live.get_mut(question) {
            live.waiters.insert(ticket, waker);
            return Place::Inside { job: live.job.clone(), ticket };
        }
        if !self.outside.is_empty() || self.queued.len() + self.kept >= self.most {
            self.outside.insert(ticket, waker);
            return Place::Outside { ticket };
        }
        self.enqueue(ticket, question, waker)
    }

    fn enqueue(&mut self, ticket: u64, question: &Arc<Question>, waker: Waker) -> Place {
        let job = Arc::new(Job { question: question.clone(), outcome: OnceLock::new() });
        let waiters = BTreeMap::from([(ticket, waker)]);
        self.queued.insert(ticket, job.clone());
        self.live.insert(question.clone(), Live { job: job.clone(), queued_as: Some(ticket), waiters });
        Place::Inside { job, ticket }
    }

    /// Who stands outside comes in, if he has been called. Else his waker is replaced, and `Err` gives the one that he had.
    pub(super) fn come_in(
        &mut self,
        ticket: u64,
        question: &Arc<Question>,
        waker: Waker,
    ) -> Result<(Place, Option<Waker>), Waker> {
        if let Some(old) = self.outside.get_mut(&ticket) {
            return Err(std::mem::replace(old, waker));
        }
        self.kept -= 1;
        if let Some(live) = self.live.get_mut(question) {
            live.waiters.insert(ticket, waker);
            let place = Place::Inside { job: live.job.clone(), ticket };
            // The place was not needed.
            return Ok((place, self.call_next()));
        }
        Ok((self.enqueue(ticket, question, waker), None))
    }

    /// Keeps a place for the first outside, if there is one of both: who is to be woken.
    fn call_next(&mut self) -> Option<Waker> {
        if self.queued.len() + self.kept >= self.most {
            return None;
        }
        let (_, waker) = self.outside.pop_first()?;
        self.kept += 1;
        Some(waker)
    }

    /// The answer is not there yet: from now on this waker is to be woken. Gives the one before.
    pub(super) fn replace_waker(&mut self, job: &Job, ticket: u64, waker: Waker) -> Option<Waker> {
        self.live.get_mut(&job.question)?.waiters.insert(ticket, waker)
    }

    /// Somebody gives up waiting. The first waker is his, to be dropped, the second that of who has his place now.
    pub(super) fn leave(&mut self, place: &Place) -> (Option<Waker>, Option<Waker>) {
        match place {
            Place::Outside { ticket } => match self.outside.remove(ticket) {
                Some(waker) => (Some(waker), None),
                None => {
                    self.kept -= 1;
                    (None, self.call_next())
                }
            },
            Place::Inside { job, ticket } => self.leave_job(job, *ticket),
        }
    }

    fn leave_job(&mut self, job: &Arc<Job>, ticket: u64) -> (Option<Waker>, Option<Waker>) {
        // One that is answered may have a successor of the same question.
        let Some(live) = self.live.get_mut(&job.question).filter(|live| Arc::ptr_eq(&live.job, job)) else {
            return (None, None);
        };
        let own = live.waiters.remove(&ticket);
        if let (true, Some(queued_as)) = (live.waiters.is_empty(), live.queued_as) {
            self.queued.remove(&queued_as);
            self.live.remove(&job.question);
            return (own, self.call_next());
        }
        (own, None)
    }

    /// The next one is taken from the queue and under way, and somebody from outside gets its place.
    pub(super) fn take(&mut self) -> Option<(Arc<Job>, Option<Waker>)> {
        let (_, job) = self.queued.pop_first()?;
        if let Some(live) = self.live.get_mut(&job.question) {
            live.queued_as = None;
        }
        Some((job, self.call_next()))
    }

    /// There is an answer: all who wait for it are to be woken.
    pub(super) fn finish(&mut self, job: &Job, outcome: Outcome) -> impl Iterator<Item = Waker> + use<> {
        // Each job is finished once.
        let _ = job.outcome.set(outcome);
        let live = self.live.remove(&job.question);
        live.into_iter().flat_map(|live| live.waiters.into_values())
    }
}
