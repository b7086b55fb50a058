//! The load generator against servers of std that answer well, late, wrongly or not at all.

mod churn;
mod datagrams;
mod echo;
mod failures;
mod http;
mod program;
mod servers;
mod tls;

use std::io;

use benches::load::options::Options;
use benches::load::{Load, Report};

/// The whole course of a load.
fn load(options: Options) -> io::Result<Report> {
    let mut load = Load::open(options)?;
    load.warm_up()?;
    load.measure()
}

/// All requests were answered, and nothing else happened.
fn assert_answered(report: &Report, requests: u64) {
    assert_eq!(report.first_error, None);
    assert_eq!((report.requests(), report.errors), (requests, 0));
    assert!(report.latency.quantile(0.5) > 0);
    assert!(
        report.latency.max() as f64 <= report.seconds * 1e9 + 1.0,
        "no answer takes longer than the load"
    );
}
