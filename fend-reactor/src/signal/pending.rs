//! [`Pending`]: signals that a listener has taken over and not yet handed out.
//!
//! Standard signals are kept once each, the newest in the place of the first; real-time signals each for itself, since they are queued and
//! carry values.

use std::collections::VecDeque;

use super::info::SignalInfo;
use super::listener::CAPACITY;
use super::number::Signal;

/// The real-time signals begin here for the kernel, though not for the C library.
const STANDARD: usize = 32;

enum Queued {
    /// What is in `latest`.
    Standard(usize),
    Realtime(SignalInfo),
}

pub(super) struct Pending {
    queue: VecDeque<Queued>,
    latest: [Option<SignalInfo>; STANDARD],
}

impl Pending {
    pub(super) fn new() -> Pending {
        Pending { queue: VecDeque::new(), latest: [None; STANDARD] }
    }

    /// How many more it takes over. Standard signals take no more room than one each, and one more of each real-time signal is let in to
    /// say that others were missed.
    pub(super) fn room(&self) -> usize {
        CAPACITY.saturating_sub(self.queue.len())
    }

    pub(super) fn push(&mut self, info: SignalInfo) {
        let number = info.signal().as_raw().unsigned_abs() as usize;
        match self.latest.get_mut(number) {
            None => self.queue.push_back(Queued::Realtime(info)),
            Some(Some(earlier)) => earlier.join(&info),
            Some(empty) => {
                *empty = Some(info);
                self.queue.push_back(Queued::Standard(number));
            }
        }
    }

    pub(super) fn pop(&mut self) -> Option<SignalInfo> {
        match self.queue.pop_front()? {
            Queued::Standard(number) => self.latest[number].take(),
            Queued::Realtime(info) => Some(info),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Forgets the signals of this number.
    pub(super) fn remove(&mut self, signal: Signal) {
        let number = signal.as_raw().unsigned_abs() as usize;
        if let Some(latest) = self.latest.get_mut(number) {
            *latest = None;
        }
        self.queue.retain(|queued| match queued {
            Queued::Standard(other) => *other != number,
            Queued::Realtime(info) => info.signal() != signal,
        });
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::signal::record::Record;

    fn info(signal: Signal, pid: i32) -> SignalInfo {
        let record = Record { signal: signal.as_raw(), code: libc::SI_USER, pid, uid: 0, value: 0 };
        SignalInfo::from_record(record).unwrap()
    }

    fn drain(pending: &mut Pending) -> Vec<(Signal, Option<u32>, u64)> {
        std::iter::from_fn(|| pending.pop()).map(|info| (info.signal(), info.pid(), info.count())).collect()
    }

    #[test]
    fn a_standard_signal_is_kept_once_with_the_newest_details() {
        let mut pending = Pending::new();
        for (signal, pid) in [(Signal::HUP, 1), (Signal::TERM, 2), (Signal::HUP, 3)] {
            pending.push(info(signal, pid));
        }
        pending.push(SignalInfo::missed(Signal::HUP, 5));
        pending.push(SignalInfo::missed(Signal::INT, 2));
        pending.push(info(Signal::INT, 4));
        let expected = [(Signal::HUP, Some(3), 7), (Signal::TERM, Some(2), 1), (Signal::INT, Some(4), 3)];
        assert_eq!(drain(&mut pending), expected);
        pending.push(info(Signal::HUP, 9));
        assert_eq!(drain(&mut pending), [(Signal::HUP, Some(9), 1)]);
        assert!(pending.is_empty());
    }

    #[test]
    fn realtime_signals_are_kept_one_by_one() {
        let mut pending = Pending::new();
        let realtime = Signal::realtime(1).unwrap();
        pending.push(info(realtime, 1));
        pending.push(info(realtime, 2));
        pending.push(SignalInfo::missed(realtime, 3));
        assert_eq!((pending.len(), pending.room()), (3, CAPACITY - 3));
        assert_eq!(
            drain(&mut pending),
            [(realtime, Some(1), 1), (realtime, Some(2), 1), (realtime, None, 3)]
        );
    }

    #[test]
    fn what_is_removed_is_forgotten() {
        let mut pending = Pending::new();
        let realtime = Signal::realtime(1).unwrap();
        for signal in [Signal::HUP, realtime, Signal::TERM, realtime] {
            pending.push(info(signal, 1));
        }
        pending.remove(realtime);
        pending.remove(Signal::HUP);
        pending.remove(Signal::USR1);
        pending.push(info(Signal::HUP, 2));
        assert_eq!(drain(&mut pending), [(Signal::TERM, Some(1), 1), (Signal::HUP, Some(2), 1)]);
    }
}
