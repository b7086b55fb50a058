//! A future that waits for an answer of the C library, on any executor.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::pool::{Shared, of_parent};
use super::queue::Place;
use super::{Outcome, Question};
use crate::unwind::wake;

/// Asks when it is first polled. Dropped while it is queued, the question is never asked; while the C library is at work, its answer
/// is thrown away.
#[derive(Debug)]
pub(super) struct Waiting {
    shared: Arc<Shared>,
    question: Arc<Question>,
    /// `None` until it is first polled.
    place: Option<Place>,
}

impl Waiting {
    pub(super) fn new(shared: Arc<Shared>, question: Question) -> Waiting {
        Waiting { shared, question: Arc::new(question), place: None }
    }

    fn outcome(&self) -> Option<Outcome> {
        match &self.place {
            Some(Place::Inside { job, .. }) => job.outcome().cloned(),
            _ => None,
        }
    }

    /// One step on the way to the answer, with the waker for the next.
    fn step(&mut self, cx: &Context<'_>) {
        let waker = cx.waker().clone();
        match &self.place {
            None => self.place = Some(self.shared.enter(&self.question, waker)),
            Some(Place::Outside { ticket }) => {
                if let Some(place) = self.shared.come_in(*ticket, &self.question, waker) {
                    self.place = Some(place);
                }
            }
            Some(Place::Inside { job, ticket }) => self.shared.replace_waker(job, *ticket, waker),
        }
    }
}

impl Future for Waiting {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        if let Some(outcome) = self.outcome() {
            return Poll::Ready(outcome);
        }
        if !self.shared.is_here() {
            return Poll::Ready(Err(of_parent(&self.question)));
        }
        self.step(cx);
        // It may have come since, or no thread could be started.
        self.outcome().map_or(Poll::Pending, Poll::Ready)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let Some(place) = self.place.take() else { return };
        if let Place::Inside { job, .. } = &place {
            if job.outcome().is_some() {
                return;
            }
        }
        if !self.shared.is_here() {
            return;
        }
        let (own, next) = self.shared.leave(&place);
        drop(own);
        wake(next);
    }
}
