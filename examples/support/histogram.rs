//! Latencies counted in buckets: a fixed amount of memory however long the run, at a known loss of precision.

use std::time::Duration;

/// Buckets for each power of two: a value is off by at most 1/64.
const STEPS: u32 = 64;
const STEP_BITS: u32 = STEPS.trailing_zeros();

/// How often each latency was seen.
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max: Duration,
}

impl Histogram {
    pub(crate) fn new() -> Histogram {
        let buckets = (u64::BITS - STEP_BITS + 1) * STEPS;
        Histogram { counts: vec![0; buckets as usize], total: 0, max: Duration::ZERO }
    }

    pub(crate) fn add(&mut self, latency: Duration) {
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.counts[bucket(nanos)] += 1;
        self.total += 1;
        self.max = self.max.max(latency);
    }

    pub(crate) fn merge(&mut self, other: &Histogram) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
        self.max = self.max.max(other.max);
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    pub(crate) fn max(&self) -> Duration {
        self.max
    }

    /// The latency that `percent` of all do not exceed.
    pub(crate) fn percentile(&self, percent: u64) -> Duration {
        self.quantile(percent, 100)
    }

    /// The latency that `parts` in `whole` do not exceed: for 99.9 %, 999 in 1000.
    pub(crate) fn quantile(&self, parts: u64, whole: u64) -> Duration {
        let rank = (u128::from(self.total) * u128::from(parts)).div_ceil(u128::from(whole));
        let mut seen = 0;
        let found = self.buckets().find(|(_, count)| {
            seen += u128::from(*count);
            seen >= rank
        });
        found.map_or(Duration::ZERO, |(longest, _)| longest).min(self.max)
    }

    /// The longest latency of each bucket, the shortest first, and how many are in it.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> {
        self.counts.iter().enumerate().map(|(index, count)| (Duration::from_nanos(upper_end(index)), *count))
    }
}

/// Values below `STEPS` have a bucket each; above, the leading bit and the `STEP_BITS` behind it decide.
fn bucket(value: u64) -> usize {
    let shift = (u64::BITS - value.leading_zeros()).saturating_sub(STEP_BITS + 1);
    ((value >> shift) + u64::from(shift * STEPS)) as usize
}

/// The largest value of a bucket.
fn upper_end(bucket: usize) -> u64 {
    let shift = (bucket as u64 / u64::from(STEPS)).saturating_sub(1);
    let step = bucket as u64 - shift * u64::from(STEPS);
    u64::try_from(((u128::from(step) + 1) << shift) - 1).unwrap_or(u64::MAX)
}
