//! How it goes, on a line of the terminal that is written over and over.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use fend::time::interval_at;

use crate::client::Job;

const STEP: Duration = Duration::from_millis(500);

/// Goes back to the begin of the line, and empties it.
const AGAIN: &str = "\r\x1b[K";

/// Shows it until it is dropped. Where standard error is no terminal, there is nothing to show.
pub(crate) async fn show(job: &Job) {
    if !io::stderr().is_terminal() {
        return std::future::pending().await;
    }
    let _end = Emptied;
    let mut ticks = interval_at(Instant::now() + STEP, STEP);
    let mut before = (job.schedule.start(), 0);
    loop {
        let now = ticks.tick().await;
        let (answered, failed) = job.tallies.counts();
        let per_second = (answered - before.1) as f64 / (now - before.0).as_secs_f64();
        let seconds = (now - job.schedule.start()).as_secs_f64();
        before = (now, answered);
        let line = format!("{seconds:6.1} s  {answered} answers  {per_second:.0}/s  {failed} failed");
        // A terminal that is gone shows nothing.
        let _ = write!(io::stderr(), "{AGAIN}{line}");
    }
}

/// Leaves an empty line behind for the report.
struct Emptied;

impl Drop for Emptied {
    fn drop(&mut self) {
        let _ = write!(io::stderr(), "{AGAIN}");
    }
}
