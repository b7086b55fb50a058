//! All that was measured, and its form as JSON.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::growth::Chart;
use super::machine;
use super::rounds::Row;
use super::rows::{EXACT, TIMED};

/// What a run has found. A row that was left out is missing.
#[derive(Debug, Default)]
pub(super) struct Results {
    /// By row, by peer.
    pub(super) exact: BTreeMap<&'static str, BTreeMap<&'static str, f64>>,
    pub(super) timed: BTreeMap<&'static str, Row>,
    pub(super) charts: Vec<Chart>,
}

impl Results {
    /// Every sample.
    pub(super) fn to_json(&self) -> Value {
        let exact = EXACT.iter().filter_map(|row| {
            Some(json!({ "name": row.name, "title": row.title, "at_most": finite(row.at_most), "peers": self.exact.get(row.name)? }))
        });
        let timed = TIMED.iter().filter_map(|row| {
            let peers: BTreeMap<_, Vec<Value>> = self.timed.get(row.name)?.iter().map(|(name, samples)| {
                let samples = samples.iter().map(|sample| {
                    json!({ "value": sample.value, "p99_us": sample.p99, "cache_line_ns": sample.calibration })
                });
                (*name, samples.collect())
            }).collect();
            Some(json!({ "name": row.name, "title": row.title, "wanted": row.wanted, "peers": peers }))
        });
        let charts = self.charts.iter().map(|chart| {
            let curves: BTreeMap<_, _> =
                chart.curves.iter().map(|curve| (curve.name, &curve.points)).collect();
            json!({ "name": chart.name, "title": chart.title, "x": chart.x, "y": chart.y, "curves": curves })
        });
        json!({
            "machine": machine::facts().into_iter().collect::<BTreeMap<_, _>>(),
            "exact": exact.collect::<Vec<_>>(),
            "timed": timed.collect::<Vec<_>>(),
            "growth": charts.collect::<Vec<_>>(),
        })
    }
}

/// JSON has no infinity.
fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
