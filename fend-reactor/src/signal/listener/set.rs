//! [`SignalSet`]: a set of signals that handlers read while listeners change it.

use crate::sync::atomic::{
    AtomicU64,
    Ordering::{AcqRel, Acquire},
};

/// One more than the largest number of a signal on any machine that Linux runs on (MIPS).
pub(crate) const SIGNALS: usize = 128;

const WORDS: usize = SIGNALS / 64;

pub(super) struct SignalSet([AtomicU64; WORDS]);

impl SignalSet {
    pub(super) fn new() -> SignalSet {
        SignalSet(std::array::from_fn(|_| AtomicU64::new(0)))
    }

    pub(super) fn contains(&self, signal: usize) -> bool {
        self.0[signal / 64].load(Acquire) & bit(signal) != 0
    }

    pub(super) fn insert(&self, signal: usize) {
        self.0[signal / 64].fetch_or(bit(signal), AcqRel);
    }

    pub(super) fn remove(&self, signal: usize) {
        self.0[signal / 64].fetch_and(!bit(signal), AcqRel);
    }

    /// Empties it, and hands what was in it to `each`.
    pub(super) fn take(&self, mut each: impl FnMut(usize)) {
        for (index, word) in self.0.iter().enumerate() {
            let mut bits = word.swap(0, AcqRel);
            while bits != 0 {
                each(index * 64 + bits.trailing_zeros() as usize);
                bits &= bits - 1;
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        (0..SIGNALS).filter(|signal| self.contains(*signal))
    }
}

fn bit(signal: usize) -> u64 {
    1 << (signal % 64)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_what_was_put_in() {
        let set = SignalSet::new();
        [1, 63, 64, 127, 17].iter().for_each(|signal| set.insert(*signal));
        set.remove(17);
        assert!(set.contains(127) && !set.contains(17) && !set.contains(2));
        assert_eq!(set.iter().collect::<Vec<_>>(), [1, 63, 64, 127]);
        let mut taken = Vec::new();
        set.take(|signal| taken.push(signal));
        assert_eq!(taken, [1, 63, 64, 127]);
        assert_eq!(set.iter().count(), 0);
    }
}
