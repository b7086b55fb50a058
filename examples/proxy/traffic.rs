//! What all connections have moved, by the counts of those that are open and the totals of those that are over.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fend::io::CopyProgress;
use fend::time::interval;

type Progress = (CopyProgress, CopyProgress);

#[derive(Default)]
pub(crate) struct Traffic {
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    open: HashMap<u64, Progress>,
    /// Of connections that are over: their number, and the bytes up and down.
    over: (u64, u64, u64),
}

/// One open connection. Dropped, it is over.
pub(crate) struct Entry {
    traffic: Arc<Traffic>,
    key: u64,
}

impl Traffic {
    pub(crate) fn enter(self: &Arc<Traffic>, progress: Progress) -> Entry {
        let mut counts = self.counts();
        let key = counts.over.0 + counts.open.len() as u64;
        counts.open.insert(key, progress);
        Entry { traffic: self.clone(), key }
    }

    /// Prints a line for each second in which something has moved. Ends when nobody reads it.
    pub(crate) async fn print_each_second(self: Arc<Traffic>) {
        let mut seconds = interval(Duration::from_secs(1));
        let (mut then, mut before) = (seconds.tick().await, (0, 0));
        loop {
            let now = seconds.tick().await;
            let (open, up, down) = self.totals();
            if (up, down) != before {
                let rate = |bytes: u64| in_mib(bytes) / (now - then).as_secs_f64();
                let (up_rate, down_rate) = (rate(up - before.0), rate(down - before.1));
                let line = format!("{up_rate:>9.1} MiB/s up {down_rate:>9.1} MiB/s down {open:>6} open");
                if writeln!(io::stdout(), "{line}").is_err() {
                    return;
                }
            }
            (then, before) = (now, (up, down));
        }
    }

    /// Open connections, and all bytes up and down.
    fn totals(&self) -> (usize, u64, u64) {
        let counts = self.counts();
        let add = |(up, down), (one, other): &Progress| (up + one.copied(), down + other.copied());
        let (up, down) = counts.open.values().fold((counts.over.1, counts.over.2), add);
        (counts.open.len(), up, down)
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut counts = self.traffic.counts();
        if let Some((up, down)) = counts.open.remove(&self.key) {
            counts.over.0 += 1;
            counts.over.1 += up.copied();
            counts.over.2 += down.copied();
        }
    }
}

pub(crate) fn in_mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
