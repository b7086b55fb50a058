//! Checks of what the kernel would cut off, round or wrap without a word.

use std::io;
use std::ops::RangeInclusive;
use std::time::Duration;

use libc::c_int;

use super::c_option::COption;

/// What one step of an option's number stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    Milliseconds,
    Microseconds,
}

impl Unit {
    fn one(self) -> Duration {
        match self {
            Unit::Seconds => Duration::from_secs(1),
            Unit::Milliseconds => Duration::from_millis(1),
            Unit::Microseconds => Duration::from_micros(1),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Unit::Seconds => "seconds",
            Unit::Milliseconds => "milliseconds",
            Unit::Microseconds => "microseconds",
        }
    }

    /// `count` of them.
    pub(crate) fn times(self, count: u32) -> Duration {
        self.one() * count
    }

    /// How many of them `duration` is, when it is a whole number of them.
    fn count(self, duration: Duration) -> Option<u128> {
        let (whole, rest) =
            (duration.as_nanos() / self.one().as_nanos(), duration.as_nanos() % self.one().as_nanos());
        (rest == 0).then_some(whole)
    }
}

/// `value`, when it lies in `range`.
pub(crate) fn number(option: &COption, value: u64, range: RangeInclusive<c_int>) -> io::Result<c_int> {
    c_int::try_from(value)
        .ok()
        .filter(|value| range.contains(value))
        .ok_or_else(|| option.refuse(value, format_args!("{} to {}", range.start(), range.end())))
}

/// `duration` as a whole number of `unit`s, when it is one and lies in `range`.
pub(crate) fn duration(
    option: &COption,
    duration: Duration,
    unit: Unit,
    range: RangeInclusive<c_int>,
) -> io::Result<c_int> {
    unit.count(duration)
        .and_then(|count| c_int::try_from(count).ok())
        .filter(|count| range.contains(count))
        .ok_or_else(|| {
            let (start, end) = (range.start(), range.end());
            option
                .refuse(format_args!("{duration:?}"), format_args!("{start} to {end} whole {}", unit.name()))
        })
}

#[cfg(test)]
mod tests {
    use super::super::c_option::c_option;
    use super::*;

    const OPTION: COption = c_option!(SOL_TCP, TCP_KEEPIDLE);

    #[test]
    fn whole_units_within_the_range_pass() {
        let seconds = |d| duration(&OPTION, d, Unit::Seconds, 1..=10).ok();
        assert_eq!(seconds(Duration::from_secs(1)), Some(1));
        assert_eq!(seconds(Duration::from_secs(10)), Some(10));
        assert_eq!(seconds(Duration::from_secs(11)), None);
        assert_eq!(seconds(Duration::ZERO), None);
        assert_eq!(seconds(Duration::from_millis(1500)), None);
        assert_eq!(seconds(Duration::from_secs(1 << 32) + Duration::from_secs(1)), None, "no wrapping");
        assert_eq!(seconds(Duration::MAX), None);
        let millis = duration(&OPTION, Duration::from_millis(1500), Unit::Milliseconds, 0..=c_int::MAX);
        assert_eq!(millis.unwrap(), 1500);
    }

    #[test]
    fn the_error_names_option_value_and_range() {
        let error = duration(&OPTION, Duration::from_millis(1500), Unit::Seconds, 1..=32767).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(error.to_string(), "set TCP_KEEPIDLE to 1.5s: not 1 to 32767 whole seconds");
        let error = number(&OPTION, 1 << 40, 1..=127).unwrap_err();
        assert!(error.to_string().ends_with("to 1099511627776: not 1 to 127"), "{error}");
    }
}
