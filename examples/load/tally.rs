//! What has come of the requests.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use crate::channel::Answer;
use crate::failure::{Failure, Kind};
use crate::histogram::Histogram;

#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) statuses: BTreeMap<u16, u64>,
    /// How many of a kind, and what the first one said.
    pub(crate) failures: BTreeMap<Kind, (u64, String)>,
    /// Of bodies.
    pub(crate) bytes: u64,
    /// Requests whose answer was not there at the end.
    pub(crate) under_way: u64,
    pub(crate) latencies: Latencies,
}

/// Those of answers, of whatever status.
pub(crate) struct Latencies {
    pub(crate) histogram: Histogram,
    shortest: Option<Duration>,
    sum: Duration,
}

/// Several, so that threads do not wait for each other, and far fewer than there may be connections, since each takes 30 KB.
pub(crate) struct Tallies(Vec<Mutex<Tally>>);

const TALLIES: usize = 16;

impl Default for Latencies {
    fn default() -> Latencies {
        Latencies { histogram: Histogram::new(), shortest: None, sum: Duration::ZERO }
    }
}

impl Latencies {
    fn add(&mut self, latency: Duration) {
        self.histogram.add(latency);
        self.shortest = Some(self.shortest.map_or(latency, |shortest| shortest.min(latency)));
        self.sum += latency;
    }

    fn merge(&mut self, other: &Latencies) {
        self.histogram.merge(&other.histogram);
        self.shortest = self.shortest.into_iter().chain(other.shortest).min();
        self.sum += other.sum;
    }

    pub(crate) fn shortest(&self) -> Duration {
        self.shortest.unwrap_or_default()
    }

    pub(crate) fn mean(&self) -> Duration {
        Duration::from_secs_f64(self.sum.as_secs_f64() / self.histogram.total().max(1) as f64)
    }
}

impl Tally {
    pub(crate) fn add(&mut self, outcome: Result<Answer, Failure>, latency: Duration) {
        match outcome {
            Ok(answer) => {
                *self.statuses.entry(answer.status.as_u16()).or_default() += 1;
                self.bytes += answer.bytes;
                self.latencies.add(latency);
            }
            Err(failure) => self.failures.entry(failure.kind).or_insert((0, failure.message)).0 += 1,
        }
    }

    fn merge(&mut self, other: &Tally) {
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        for (kind, (count, first)) in &other.failures {
            self.failures.entry(*kind).or_insert_with(|| (0, first.clone())).0 += count;
        }
        self.bytes += other.bytes;
        self.under_way += other.under_way;
        self.latencies.merge(&other.latencies);
    }

    pub(crate) fn answered(&self) -> u64 {
        self.latencies.histogram.total()
    }

    pub(crate) fn failed(&self) -> u64 {
        self.failures.values().map(|(count, _)| count).sum()
    }

    /// Answers with a status below 400.
    pub(crate) fn good(&self) -> u64 {
        self.statuses.range(..400).map(|(_, count)| count).sum()
    }
}

impl Tallies {
    pub(crate) fn new() -> Tallies {
        Tallies((0..TALLIES).map(|_| Mutex::default()).collect())
    }

    /// The one of this client.
    pub(crate) fn of(&self, client: usize) -> MutexGuard<'_, Tally> {
        self.0[client % TALLIES].lock().expect("no panic under this lock")
    }

    /// Answers and failures so far.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (0..TALLIES)
            .map(|index| self.of(index))
            .fold((0, 0), |(answered, failed), tally| (answered + tally.answered(), failed + tally.failed()))
    }

    pub(crate) fn sum(&self) -> Tally {
        let mut sum = Tally::default();
        (0..TALLIES).for_each(|index| sum.merge(&self.of(index)));
        sum
    }
}
