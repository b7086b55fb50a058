//! Randomness of the runtime: a small generator that starts from a seed, so that a run can be repeated.

use std::hash::{BuildHasher, RandomState};

/// xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled"). It picks whom
/// to steal from; it is no source of secrets.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn from_seed(seed: u64) -> Self {
        Random(seed | 1)
    }

    /// A seed that differs between runs, from the keys std draws for its hash maps.
    pub(crate) fn seed() -> u64 {
        RandomState::new().hash_one(0_u8)
    }

    /// A number below `bound`, which must not be 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let word = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D);
        (((word >> 32) * bound as u64) >> 32) as usize
    }
}
