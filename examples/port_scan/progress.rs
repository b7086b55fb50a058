//! How far the scan is, on a line of the terminal that is written over.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fend::task::JoinHandle;
use fend::time::interval;

use crate::scan::Scan;

/// How often the line is new.
const EVERY: Duration = Duration::from_millis(200);

/// Back to the beginning of the line, and away with what is there (ECMA-48 EL).
const CLEAR: &str = "\r\x1b[K";

/// A task that tells of it, when standard error is a terminal.
pub(crate) struct Progress(Option<JoinHandle<()>>);

impl Progress {
    pub(crate) fn begin(scan: Arc<Scan>, quiet: bool) -> Progress {
        let is_wanted = !quiet && io::stderr().is_terminal();
        Progress(is_wanted.then(|| fend::spawn(show(scan))))
    }

    /// Leaves no trace of it.
    pub(crate) async fn end(self) {
        if let Some(task) = self.0 {
            task.cancel().await;
            let _ = write!(io::stderr(), "{CLEAR}");
        }
    }
}

async fn show(scan: Arc<Scan>) {
    let begin = Instant::now();
    let mut ticks = interval(EVERY);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let (counts, total) = (scan.counts(), scan.total());
        let rate = counts.all() as f64 / begin.elapsed().as_secs_f64();
        let line = format!("{} of {total} ports, {} open, {rate:.0} a second", counts.all(), counts.open);
        // Short enough for any terminal, and a terminal takes it at once.
        if write!(io::stderr(), "{CLEAR}{line}").is_err() {
            return;
        }
    }
}
