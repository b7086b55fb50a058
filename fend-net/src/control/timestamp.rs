//! [`Timestamp`]: when a packet came in or went out.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// When a packet came in or went out: socket(7), and the kernel's `timestamping.rst`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Timestamp {
    /// By the system's clock, in the kernel.
    pub software: Option<SystemTime>,
    /// By the clock of the network card, which counts from a start of its own.
    pub hardware: Option<Duration>,
}

/// `struct timeval`.
pub(super) fn of_timeval(data: &[u8]) -> Option<Timestamp> {
    let (seconds, micros) = pair(data)?;
    Some(Timestamp {
        software: system_time(since_start(seconds, micros.checked_mul(1000)?)?),
        hardware: None,
    })
}

/// `struct timespec`.
pub(super) fn of_timespec(data: &[u8]) -> Option<Timestamp> {
    let (seconds, nanos) = pair(data)?;
    Some(Timestamp { software: system_time(since_start(seconds, nanos)?), hardware: None })
}

/// `struct scm_timestamping`: software, one that is no longer used, and hardware. Zero is none.
pub(super) fn of_timestamping(data: &[u8]) -> Option<Timestamp> {
    if data.len() % 3 != 0 {
        return None;
    }
    let (software, rest) = data.split_at(data.len() / 3);
    let time = |data| {
        let (seconds, nanos) = pair(data)?;
        since_start(seconds, nanos)
    };
    let some = |time: Duration| (!time.is_zero()).then_some(time);
    Some(Timestamp {
        software: some(time(software)?).and_then(system_time),
        hardware: some(time(&rest[rest.len() / 2..])?),
    })
}

/// Two numbers of the size of a word: 64 bits, or 32 on small machines.
fn pair(data: &[u8]) -> Option<(i64, i64)> {
    let (first, second) = data.split_at(data.len() / 2);
    let number = |bytes: &[u8]| match bytes.len() {
        8 => Some(i64::from_ne_bytes(bytes.try_into().ok()?)),
        4 => Some(i32::from_ne_bytes(bytes.try_into().ok()?).into()),
        _ => None,
    };
    Some((number(first)?, number(second)?))
}

/// `None` for what no clock shows: before its start, or a fraction of a second or more.
fn since_start(seconds: i64, nanos: i64) -> Option<Duration> {
    let nanos = u32::try_from(nanos).ok().filter(|nanos| *nanos < 1_000_000_000)?;
    Some(Duration::new(seconds.try_into().ok()?, nanos))
}

fn system_time(since_epoch: Duration) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(since_epoch)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(numbers: &[i64]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_ne_bytes()).collect()
    }

    #[test]
    fn times_are_read() {
        let at = |seconds, nanos| UNIX_EPOCH + Duration::new(seconds, nanos);
        assert_eq!(of_timeval(&bytes(&[5, 6])).unwrap().software, Some(at(5, 6000)));
        assert_eq!(of_timespec(&bytes(&[5, 6])).unwrap().software, Some(at(5, 6)));
        let both = of_timestamping(&bytes(&[1, 2, 3, 4, 5, 6])).unwrap();
        assert_eq!((both.software, both.hardware), (Some(at(1, 2)), Some(Duration::new(5, 6))));
        assert_eq!(of_timestamping(&bytes(&[0; 6])), Some(Timestamp::default()));
        assert_eq!(of_timespec(&[5, 0, 0, 0, 6, 0, 0, 0]).unwrap().software, Some(at(5, 6)));
    }

    #[test]
    fn what_no_clock_shows_is_none() {
        for numbers in [[-1, 0], [0, -1], [0, 1_000_000_000], [0, i64::MAX], [i64::MIN, 0]] {
            assert_eq!(of_timespec(&bytes(&numbers)), None);
            assert_eq!(of_timeval(&bytes(&numbers)), None);
        }
        // More seconds than a SystemTime has room for: known to be a time, and no more.
        let far = of_timespec(&bytes(&[i64::MAX, 999_999_999]));
        assert!(far.is_some());
        for len in [0, 1, 7, 9, 15, 17, 24] {
            assert_eq!(of_timespec(&vec![0; len]), None);
        }
    }
}
