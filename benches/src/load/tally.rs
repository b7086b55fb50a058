//! What came of the requests of one run, and how it is told.

use std::io;
use std::time::Duration;

use super::histogram::Histogram;

/// Counts while a run goes on.
#[derive(Debug)]
pub(super) struct Tally {
    begin: u64,
    /// When the last answer came.
    end: u64,
    latency: Histogram,
    errors: u64,
    first_error: Option<io::Error>,
    /// Errors since the last answer, and how many of them end the load.
    in_a_row: usize,
    too_many: usize,
    /// Datagrams that were sent again.
    pub(super) lost: u64,
}

impl Tally {
    pub(super) fn new(now: u64, connections: usize) -> Tally {
        Tally {
            begin: now,
            end: now,
            latency: Histogram::default(),
            errors: 0,
            first_error: None,
            in_a_row: 0,
            too_many: (10 * connections).max(1_000),
            lost: 0,
        }
    }

    /// A request was answered now, so many nanoseconds after it was due.
    pub(super) fn answered(&mut self, now: u64, latency: u64) {
        self.end = now;
        self.in_a_row = 0;
        self.latency.record(latency);
    }

    /// A request, or a connection without one, failed.
    ///
    /// # Errors
    ///
    /// When nothing else has happened for long.
    pub(super) fn failed(&mut self, error: io::Error) -> io::Result<()> {
        self.errors += 1;
        self.in_a_row += 1;
        if self.first_error.is_none() {
            self.first_error = Some(error);
        }
        if self.in_a_row < self.too_many {
            return Ok(());
        }
        let error = format!("{} requests failed in a row", self.in_a_row);
        Err(self.explain(io::Error::other(error)))
    }

    /// Adds to an error that ends the load what may have led to it.
    pub(super) fn explain(&self, error: io::Error) -> io::Error {
        match &self.first_error {
            Some(first) => io::Error::new(error.kind(), format!("{error}; the first error was: {first}")),
            None => error,
        }
    }

    /// The first error, where all were to go well.
    pub(super) fn all_went_well(self) -> io::Result<()> {
        self.first_error.map_or(Ok(()), Err)
    }

    pub(super) fn report(self, cpu: Duration) -> Report {
        Report {
            seconds: Duration::from_nanos(self.end - self.begin).as_secs_f64(),
            cpu_seconds: cpu.as_secs_f64(),
            latency: self.latency,
            errors: self.errors,
            first_error: self.first_error.map(|error| error.to_string()),
            lost: self.lost,
        }
    }
}

/// What came of a load.
#[derive(Debug)]
pub struct Report {
    /// From the begin to the last answer, in seconds.
    pub seconds: f64,
    /// CPU time of this process in that time, in seconds.
    pub cpu_seconds: f64,
    /// How long answers took from when their requests were due, in nanoseconds.
    pub latency: Histogram,
    /// Requests that failed, and connections that the server ended between two requests.
    pub errors: u64,
    /// What the first of these was.
    pub first_error: Option<String>,
    /// Datagrams that were sent again because no answer came.
    pub lost: u64,
}

impl Report {
    /// Requests that were answered.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.latency.count()
    }

    /// One line of JSON; latencies in microseconds.
    #[must_use]
    pub fn to_json(&self) -> String {
        let quantile = |part| self.latency.quantile(part) as f64 / 1e3;
        format!(
            "{{\"requests\":{},\"seconds\":{},\"cpu_seconds\":{},\"mean\":{:.3},\"p50\":{},\"p90\":{},\"p99\":{},\
             \"p999\":{},\"max\":{},\"errors\":{},\"lost\":{}}}",
            self.requests(),
            self.seconds,
            self.cpu_seconds,
            self.latency.mean() / 1e3,
            quantile(0.5),
            quantile(0.9),
            quantile(0.99),
            quantile(0.999),
            self.latency.max() as f64 / 1e3,
            self.errors,
            self.lost,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_as_json() {
        let mut tally = Tally::new(1_000, 1);
        tally.answered(501_000, 2_000);
        tally.failed(io::Error::other("one")).unwrap();
        tally.failed(io::Error::other("two")).unwrap();
        let report = tally.report(Duration::from_millis(250));
        assert_eq!(report.first_error.as_deref(), Some("one"));
        assert_eq!(
            report.to_json(),
            "{\"requests\":1,\"seconds\":0.0005,\"cpu_seconds\":0.25,\"mean\":2.000,\"p50\":2,\"p90\":2,\"p99\":2,\
             \"p999\":2,\"max\":2,\"errors\":2,\"lost\":0}"
        );
    }

    #[test]
    fn errors_end_a_load_when_nothing_else_happens() {
        let mut tally = Tally::new(0, 1);
        for _ in 0..999 {
            tally.failed(io::Error::other("each")).unwrap();
        }
        tally.answered(1, 1);
        for _ in 0..999 {
            tally.failed(io::Error::other("each")).unwrap();
        }
        let error = tally.failed(io::Error::other("last")).unwrap_err();
        assert_eq!(error.to_string(), "1000 requests failed in a row; the first error was: each");
    }
}
