//! What is printed at the end.

use std::fmt::{self, Write};
use std::time::Duration;

use crate::histogram::Histogram;
use crate::picture;
use crate::tally::{Latencies, Tally};

pub(crate) struct Report<'a> {
    pub(crate) tally: &'a Tally,
    pub(crate) took: Duration,
    /// Requests that were due and not sent.
    pub(crate) missed: u64,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { tally, took, missed } = self;
        let seconds = took.as_secs_f64();
        let (answered, failed) = (tally.answered(), tally.failed());
        writeln!(f, "{:<11}{answered} in {seconds:.2} s: {:.1}/s", "answers", answered as f64 / seconds)?;
        writeln!(
            f,
            "{:<11}{} in bodies: {}/s",
            "bytes",
            size(tally.bytes as f64),
            size(tally.bytes as f64 / seconds)
        )?;
        write_list(f, "status", tally.statuses.iter().map(|(status, count)| format!("{status}: {count}")))?;
        writeln!(f, "{:<11}{failed}", "failures")?;
        for (kind, (count, first)) in &tally.failures {
            writeln!(f, "{:<11}{kind}: {count}, the first: {first}", "")?;
        }
        if tally.under_way > 0 {
            writeln!(f, "{:<11}{} at the end", "unanswered", tally.under_way)?;
        }
        if *missed > 0 {
            writeln!(f, "{:<11}{missed} that were due: all connections were busy", "not sent")?;
        }
        if answered > 0 {
            write_latencies(f, &tally.latencies)?;
        }
        Ok(())
    }
}

fn write_list(f: &mut fmt::Formatter<'_>, name: &str, items: impl Iterator<Item = String>) -> fmt::Result {
    let items: Vec<_> = items.collect();
    if items.is_empty() { Ok(()) } else { writeln!(f, "{name:<11}{}", items.join("  ")) }
}

fn write_latencies(f: &mut fmt::Formatter<'_>, latencies: &Latencies) -> fmt::Result {
    let histogram: &Histogram = &latencies.histogram;
    let mut line = String::new();
    for (name, latency) in [
        ("min", latencies.shortest()),
        ("mean", latencies.mean()),
        ("p50", histogram.percentile(50)),
        ("p90", histogram.percentile(90)),
        ("p99", histogram.percentile(99)),
        ("p99.9", histogram.quantile(999, 1000)),
        ("max", histogram.max()),
    ] {
        write!(line, "{name} {}  ", time(latency))?;
    }
    writeln!(f, "{:<11}{}", "latency", line.trim_end())?;
    write!(f, "\n{}", picture::draw(histogram))
}

/// Three digits, and a unit.
fn time(latency: Duration) -> String {
    let seconds = latency.as_secs_f64();
    let (value, unit) = match seconds {
        ..1e-3 => (seconds * 1e6, "µs"),
        1e-3..1.0 => (seconds * 1e3, "ms"),
        _ => (seconds, "s"),
    };
    let decimals = if value < 10.0 {
        2
    } else if value < 100.0 {
        1
    } else {
        0
    };
    format!("{value:.decimals$} {unit}")
}

fn size(bytes: f64) -> String {
    let (value, unit) = match bytes {
        ..1e3 => return format!("{bytes:.0} B"),
        ..1e6 => (bytes / 1e3, "kB"),
        ..1e9 => (bytes / 1e6, "MB"),
        _ => (bytes / 1e9, "GB"),
    };
    format!("{value:.1} {unit}")
}
