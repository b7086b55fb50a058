//! One client: sends a request, waits for its answer, and goes on with the next.

use std::time::{Duration, Instant};

use fend::task::CancellationToken;
use fend::time::{sleep, sleep_until, timeout};
use futures_lite::future::or;
use hyper::Request;

use crate::channel::Channel;
use crate::connect::PAUSE;
use crate::failure::{Failure, Kind};
use crate::schedule::Schedule;
use crate::tally::Tallies;
use crate::target::Body;

/// What all clients share.
pub(crate) struct Job {
    pub(crate) schedule: Schedule,
    pub(crate) request: Request<Body>,
    pub(crate) timeout: Duration,
    pub(crate) tallies: Tallies,
    /// Cancelled when it is over: what is under way then is not waited for.
    pub(crate) over: CancellationToken,
}

/// The client of this number, until there is nothing more to ask or it is over.
pub(crate) async fn run(number: usize, mut channel: Channel, job: &Job) {
    let mut under_way = false;
    or(ask_all(number, &mut channel, job, &mut under_way), job.over.cancelled()).await;
    if under_way {
        job.tallies.of(number).under_way += 1;
    }
}

async fn ask_all(number: usize, channel: &mut Channel, job: &Job, under_way: &mut bool) {
    while let Some(due) = job.schedule.next() {
        if due > Instant::now() {
            sleep_until(due).await;
        }
        *under_way = true;
        let outcome = match timeout(job.timeout, channel.exchange(&job.request)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failure::new(Kind::TimedOut, format!("no answer within {:?}", job.timeout))),
        };
        *under_way = false;
        let no_connection = outcome.as_ref().is_err_and(|failure| failure.kind == Kind::Connect);
        job.tallies.of(number).add(outcome, due.elapsed());
        if no_connection {
            sleep(PAUSE).await;
        }
    }
}
