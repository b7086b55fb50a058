//! When the next request is due: at once, together with all others, or at its time.

use std::time::Duration;

/// What says when a request is sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// On each connection as soon as the one before is answered.
    Closed,
    /// On all connections, and again on all of them when all are answered.
    Lockstep,
    /// This many per second, evenly spaced, whether the earlier ones are answered or not.
    Rate(f64),
}

/// How much there is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// This many requests.
    Requests(u64),
    /// What is sent in this time, and all of it is answered.
    Time(Duration),
}

/// Gives out the requests of one run. All times are nanoseconds of one clock.
#[derive(Debug)]
pub(super) struct Schedule {
    kind: Kind,
    /// Requests not given out yet.
    left: u64,
    /// After it none is given out.
    end: u64,
}

#[derive(Debug)]
enum Kind {
    Closed,
    /// Not given out yet of those that go together, and how many these are.
    Lockstep {
        left: u64,
        together: u64,
    },
    Paced {
        begin: u64,
        interval: f64,
        given: u64,
    },
}

impl Schedule {
    /// Begins now.
    pub(super) fn new(pace: Pace, amount: Amount, connections: usize, now: u64) -> Schedule {
        let (left, end) = match (amount, pace) {
            (Amount::Requests(requests), _) => (requests, u64::MAX),
            // What is due in that time, however late the server lets it be sent.
            (Amount::Time(time), Pace::Rate(rate)) => ((time.as_secs_f64() * rate).ceil() as u64, u64::MAX),
            (Amount::Time(time), _) => (u64::MAX, now.saturating_add(time.as_nanos() as u64)),
        };
        let kind = match pace {
            Pace::Closed => Kind::Closed,
            Pace::Lockstep => Kind::Lockstep { left: 0, together: connections as u64 },
            Pace::Rate(rate) => Kind::Paced { begin: now, interval: 1e9 / rate, given: 0 },
        };
        Schedule { kind, left, end }
    }

    /// A request that is to be sent now: since when it has been due. `in_flight` are those not answered yet.
    pub(super) fn next(&mut self, now: u64, in_flight: usize) -> Option<u64> {
        if self.is_over(now) {
            return None;
        }
        let due = match &mut self.kind {
            Kind::Closed => now,
            Kind::Lockstep { left, together } => {
                if *left == 0 {
                    if in_flight > 0 {
                        return None;
                    }
                    *left = *together;
                }
                *left -= 1;
                now
            }
            Kind::Paced { begin, interval, given } => {
                let due = *begin + (*given as f64 * *interval) as u64;
                if due > now {
                    return None;
                }
                *given += 1;
                due
            }
        };
        self.left -= 1;
        Some(due)
    }

    /// When the next request is due, where that is a time and not the answer to another one.
    pub(super) fn next_due(&self) -> Option<u64> {
        match self.kind {
            Kind::Paced { begin, interval, given } if self.left > 0 => {
                Some(begin + (given as f64 * interval) as u64)
            }
            _ => None,
        }
    }

    /// Whether there is none left to give out.
    pub(super) fn is_over(&self, now: u64) -> bool {
        self.left == 0 || now >= self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: u64 = 5_000_000_000;

    #[test]
    fn closed_gives_out_what_is_asked_for() {
        let mut schedule = Schedule::new(Pace::Closed, Amount::Requests(3), 2, BEGIN);
        assert_eq!(schedule.next(BEGIN + 1, 0), Some(BEGIN + 1));
        assert_eq!(schedule.next(BEGIN + 2, 1), Some(BEGIN + 2));
        assert_eq!(schedule.next_due(), None);
        assert!(!schedule.is_over(BEGIN + 2));
        assert_eq!(schedule.next(BEGIN + 3, 1), Some(BEGIN + 3));
        assert!(schedule.is_over(BEGIN + 3));
        assert_eq!(schedule.next(BEGIN + 4, 0), None);
    }

    #[test]
    fn closed_ends_with_its_time() {
        let second = Duration::from_secs(1);
        let mut schedule = Schedule::new(Pace::Closed, Amount::Time(second), 2, BEGIN);
        assert_eq!(schedule.next(BEGIN + 999_999_999, 0), Some(BEGIN + 999_999_999));
        assert_eq!(schedule.next(BEGIN + 1_000_000_000, 0), None);
        assert!(schedule.is_over(BEGIN + 1_000_000_000));
    }

    #[test]
    fn lockstep_waits_for_all() {
        let mut schedule = Schedule::new(Pace::Lockstep, Amount::Requests(5), 3, BEGIN);
        for in_flight in 0..3 {
            assert!(schedule.next(BEGIN, in_flight).is_some(), "{in_flight} in flight");
        }
        assert_eq!(schedule.next(BEGIN, 3), None);
        assert_eq!(schedule.next(BEGIN, 1), None, "one is not answered yet");
        assert!(schedule.next(BEGIN, 0).is_some());
        assert!(schedule.next(BEGIN, 1).is_some());
        assert_eq!(schedule.next(BEGIN, 2), None, "the last ones are fewer");
        assert!(schedule.is_over(BEGIN));
    }

    #[test]
    fn paced_gives_each_its_time() {
        let mut schedule = Schedule::new(Pace::Rate(4.0), Amount::Requests(4), 2, BEGIN);
        assert_eq!(schedule.next(BEGIN, 0), Some(BEGIN));
        assert_eq!(schedule.next(BEGIN + 249_999_999, 0), None);
        assert_eq!(schedule.next_due(), Some(BEGIN + 250_000_000));
        assert_eq!(schedule.next(BEGIN + 250_000_000, 0), Some(BEGIN + 250_000_000));
        // What is late keeps the time at which it was due.
        assert_eq!(schedule.next(BEGIN + 5_000_000_000, 0), Some(BEGIN + 500_000_000));
        assert_eq!(schedule.next(BEGIN + 5_000_000_001, 7), Some(BEGIN + 750_000_000));
        assert_eq!(schedule.next_due(), None);
        assert!(schedule.is_over(BEGIN));
    }

    #[test]
    fn a_pace_does_not_drift() {
        // A third of a nanosecond does not go into a whole one.
        let rate = 3e6;
        let mut schedule = Schedule::new(Pace::Rate(rate), Amount::Time(Duration::from_secs(2)), 1, BEGIN);
        let mut last = 0;
        let mut given = 0;
        while let Some(due) = schedule.next(BEGIN + 3_000_000_000, 0) {
            last = due;
            given += 1;
        }
        assert_eq!(given, 6_000_000);
        assert!(BEGIN + 2_000_000_000 - last <= 334, "the last one was due at {last}");
    }
}
