//! Counts values in buckets that grow with the value, so that three digits of every one are kept: a percentile is at most 0.1 % off.
//!
//! Values below 2,048 have a bucket each. Above, every power of two is cut into 1,024 buckets of the same width.

/// Bits of a value that its bucket keeps, the highest one included.
const KEPT: u32 = 11;
/// Buckets of one power of two.
const HALF: usize = 1 << (KEPT - 1);

/// How often which values were seen.
#[derive(Debug)]
pub struct Histogram {
    /// Zeroed pages of the kernel until a value falls into them.
    buckets: Vec<u64>,
    count: u64,
    sum: u128,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram { buckets: vec![0; bucket_of(u64::MAX) + 1], count: 0, sum: 0, max: 0 }
    }
}

impl Histogram {
    /// Counts this value once. Allocates nothing.
    pub fn record(&mut self, value: u64) {
        self.buckets[bucket_of(value)] += 1;
        self.count += 1;
        self.sum += u128::from(value);
        self.max = self.max.max(value);
    }

    /// How many were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The largest one, exactly; 0 when there is none.
    #[must_use]
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The mean, exactly; 0 when there is none.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum as f64 / self.count as f64 }
    }

    /// The smallest value that at least this part (0 to 1) of all values do not exceed, rounded up to the end of its bucket; 0 when
    /// there is none.
    #[must_use]
    pub fn quantile(&self, part: f64) -> u64 {
        let wanted = ((self.count as f64 * part).ceil() as u64).clamp(1, self.count.max(1));
        let mut seen = 0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return last_of(bucket).min(self.max);
            }
        }
        0
    }
}

fn bucket_of(value: u64) -> usize {
    // How far the value is shifted until it has no more bits than are kept.
    let shift = (u64::BITS - value.leading_zeros()).saturating_sub(KEPT);
    shift as usize * HALF + (value >> shift) as usize
}

/// The largest value of a bucket.
fn last_of(bucket: usize) -> u64 {
    let shift = (bucket / HALF).saturating_sub(1);
    let kept = (bucket - shift * HALF) as u64;
    (kept << shift) + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges() -> impl Iterator<Item = u64> {
        let powers = (0..u64::BITS).map(|bit| 1_u64 << bit);
        powers.flat_map(|power| [power - 1, power, power + 1, power + power / 3]).chain([u64::MAX])
    }

    #[test]
    fn buckets_follow_each_other() {
        let mut next = 0_u64;
        for bucket in 0..=bucket_of(u64::MAX) {
            assert_eq!(bucket_of(next), bucket, "the first value of bucket {bucket}");
            assert_eq!(bucket_of(last_of(bucket)), bucket, "the last value of bucket {bucket}");
            next = last_of(bucket).wrapping_add(1);
        }
        assert_eq!(next, 0, "the last bucket ends with the last value");
    }

    #[test]
    fn three_digits_are_kept() {
        for value in edges() {
            let last = last_of(bucket_of(value));
            assert!(last >= value && last - value <= value / 1_000, "{value} became {last}");
        }
    }

    #[test]
    fn quantiles_of_known_values() {
        let mut histogram = Histogram::default();
        // In an order that is not theirs.
        for index in 0..1_000_u64 {
            histogram.record((index * 7) % 1_000 + 1);
        }
        assert_eq!(histogram.count(), 1_000);
        assert_eq!(histogram.quantile(0.0), 1);
        assert_eq!(histogram.quantile(0.5), 500);
        assert_eq!(histogram.quantile(0.9), 900);
        assert_eq!(histogram.quantile(0.999), 999);
        assert_eq!(histogram.quantile(1.0), 1_000);
        assert_eq!(histogram.max(), 1_000);
        assert!((histogram.mean() - 500.5).abs() < 1e-9);
    }

    #[test]
    fn no_quantile_is_above_the_largest_value() {
        let mut histogram = Histogram::default();
        histogram.record(1_000_000_001);
        assert_eq!(histogram.quantile(0.5), 1_000_000_001);
        histogram.record(u64::MAX);
        histogram.record(u64::MAX);
        assert_eq!(histogram.quantile(0.99), u64::MAX);
        assert!(histogram.mean() > 1e19, "the sum does not overflow");
    }

    #[test]
    fn nothing_seen_is_zero() {
        let histogram = Histogram::default();
        assert_eq!((histogram.quantile(0.5), histogram.max(), histogram.count()), (0, 0, 0));
        assert!(histogram.mean().abs() < f64::EPSILON);
    }
}
