//! Bytes without a pattern that a lost or repeated piece could hide in, and the sum by which two ends compare what they saw.

/// Makes the same bytes at each run, piece by piece.
pub(crate) struct Noise {
    state: u64,
}

impl Noise {
    pub(crate) fn new(seed: u64) -> Noise {
        Noise { state: seed | 1 }
    }

    pub(crate) fn fill(&mut self, buf: &mut [u8]) {
        for piece in buf.chunks_mut(8) {
            self.state ^= self.state << 13;
            self.state ^= self.state >> 7;
            self.state ^= self.state << 17;
            piece.copy_from_slice(&self.state.to_le_bytes()[..piece.len()]);
        }
    }
}

/// How many bytes passed, and their hash: FNV-1a of 64 bits. Pieces may be cut anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) count: u64,
    hash: u64,
}

impl Sum {
    pub(crate) fn new() -> Sum {
        Sum { count: 0, hash: 0xCBF2_9CE4_8422_2325 }
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.count += bytes.len() as u64;
        for byte in bytes {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }
}

/// Sizes of pieces: from one byte to more than a socket takes at once, none a power of two.
pub(crate) fn odd_sizes() -> impl Iterator<Item = usize> {
    [1, 7, 65_535, 333, 4_097, 300_001, 16_383, 2, 50_001].into_iter().cycle()
}
