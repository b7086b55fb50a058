//! What is told of many samples.

/// Samples of one figure.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Samples(Vec<f64>);

impl Samples {
    pub(super) fn add(&mut self, value: f64) {
        let place = self.0.partition_point(|other| *other < value);
        self.0.insert(place, value);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[cfg(test)]
    pub(super) fn sorted(&self) -> &[f64] {
        &self.0
    }

    /// The one in the middle, or between the two that are.
    pub(super) fn median(&self) -> f64 {
        let count = self.0.len();
        match count {
            0 => f64::NAN,
            _ if count % 2 == 1 => self.0[count / 2],
            _ => f64::midpoint(self.0[count / 2 - 1], self.0[count / 2]),
        }
    }

    /// From the smallest to the largest, as a part of the median.
    pub(super) fn spread(&self) -> f64 {
        match (self.0.first(), self.0.last()) {
            (Some(first), Some(last)) => (last - first) / self.median(),
            _ => f64::NAN,
        }
    }
}

/// Three digits, and no more.
pub(super) fn short(value: f64) -> String {
    let magnitude = value.abs();
    // Not "-0.00".
    let value = if magnitude < 0.005 { 0.0 } else { value };
    match () {
        () if value.is_nan() => "-".to_owned(),
        () if magnitude >= 1000.0 => thousands(value.round()),
        () if magnitude >= 100.0 => format!("{value:.0}"),
        () if magnitude >= 10.0 => format!("{value:.1}"),
        () => format!("{value:.2}"),
    }
}

fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        let left = digits.len() - place;
        if place > 0 && left % 3 == 0 && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(values: &[f64]) -> Samples {
        let mut samples = Samples::default();
        values.iter().for_each(|value| samples.add(*value));
        samples
    }

    #[test]
    fn medians_and_spreads() {
        assert!(samples(&[]).median().is_nan());
        assert_eq!(samples(&[3.0, 1.0, 2.0]).median(), 2.0);
        assert_eq!(samples(&[4.0, 1.0, 2.0, 3.0]).median(), 2.5);
        assert_eq!(samples(&[4.0, 1.0, 2.0]).spread(), 1.5);
        assert_eq!(samples(&[4.0, 1.0]).sorted(), [1.0, 4.0]);
    }

    #[test]
    fn numbers_are_short() {
        let all = [f64::NAN, -0.001, 0.123, 1.0, 12.345, 123.45, 1234.5, 1_234_567.0, -1234.0].map(short);
        assert_eq!(
            all,
            ["-", "0.00", "0.12", "1.00", "12.3", "123", "1,235", "1,234,567", "-1,234"].map(str::to_owned)
        );
    }
}
