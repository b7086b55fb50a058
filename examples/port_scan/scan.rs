//! All ports of all addresses, so many at once.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use fend::signal::Signal;
use fend::task::TaskGroup;

use crate::command_line::Command;
use crate::descriptors::concurrency;
use crate::ports::Ports;
use crate::probe::{Probe, State};
use crate::report::{Counts, Found, Report};
use crate::targets::resolve;

pub(crate) struct Scan {
    addresses: Vec<SocketAddr>,
    ports: Ports,
    probe: Probe,
    concurrency: usize,
    list_closed: bool,
    begin: Instant,
    /// The number of the next probe that nobody has begun.
    next: AtomicUsize,
    results: Mutex<Results>,
}

#[derive(Default)]
struct Results {
    counts: Counts,
    found: Vec<Found>,
    /// What this machine could not do: how often, and the first.
    failures: usize,
    failure: Option<String>,
}

impl Scan {
    pub(crate) async fn of(command: &Command) -> Result<Scan, String> {
        let concurrency = concurrency(command.concurrency)?;
        let addresses = resolve(&command.hosts, command.family, command.allow_remote).await?;
        let say = command.say.as_ref().map_or_else(Vec::new, |spoken| spoken.0.clone());
        Ok(Scan {
            addresses,
            ports: command.ports.clone(),
            probe: Probe { timeout: command.timeout, banners: command.banners, say },
            concurrency,
            list_closed: command.all,
            begin: Instant::now(),
            next: AtomicUsize::new(0),
            results: Mutex::default(),
        })
    }

    /// The number of probes.
    pub(crate) fn total(&self) -> usize {
        self.addresses.len() * self.ports.as_slice().len()
    }

    /// Each of these tasks takes the next port when it has done with one, so that a port without an answer keeps one of them alone waiting.
    /// Dropped, it gives up what is under way.
    pub(crate) async fn run(self: &Arc<Scan>) -> Result<(), String> {
        let mut tasks = TaskGroup::new();
        for _ in 0..self.concurrency.min(self.total()) {
            let scan = self.clone();
            tasks.spawn(async move { scan.look_at_the_rest().await });
        }
        let ended: Result<Vec<()>, _> = tasks.join_all().await.into_iter().collect();
        ended.map(drop).map_err(|error| error.to_string())
    }

    async fn look_at_the_rest(&self) {
        while let Some(address) = self.address(self.next.fetch_add(1, Ordering::Relaxed)) {
            let seen = self.probe.look_at(address).await;
            let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
            match seen {
                Ok((state, banner)) => {
                    results.counts.add(state);
                    if state != State::Closed || self.list_closed {
                        results.found.push(Found { address, state, banner });
                    }
                }
                Err(error) => {
                    results.failures += 1;
                    results.failure.get_or_insert(error.to_string());
                }
            }
        }
    }

    fn address(&self, number: usize) -> Option<SocketAddr> {
        let ports = self.ports.as_slice();
        let mut address = *self.addresses.get(number / ports.len())?;
        address.set_port(ports[number % ports.len()]);
        Some(address)
    }

    /// Of what was looked at so far.
    pub(crate) fn counts(&self) -> Counts {
        self.results.lock().unwrap_or_else(PoisonError::into_inner).counts
    }

    /// In the order of the addresses and their ports.
    pub(crate) fn report(&self, stopped_by: Option<Signal>) -> Report {
        let elapsed = self.begin.elapsed();
        let results = std::mem::take(&mut *self.results.lock().unwrap_or_else(PoisonError::into_inner));
        let mut found = results.found;
        let place = |found: &Found| {
            let of_address = |address: &SocketAddr| address.ip() == found.address.ip();
            (self.addresses.iter().position(of_address), found.address.port())
        };
        found.sort_by_key(place);
        let mut complaints = Vec::new();
        if let Some(failure) = results.failure {
            complaints
                .push(format!("{} ports could not be looked at, the first: {failure}", results.failures));
        }
        if let Some(signal) = stopped_by {
            complaints.push(format!(
                "stopped by {signal}: {} of {} ports were looked at",
                results.counts.all(),
                self.total()
            ));
        }
        Report { found, counts: results.counts, elapsed, complaints }
    }
}
