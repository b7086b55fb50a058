//! [`Record`]: what a handler has learnt of one signal, as it is handed over to a listener.

/// What siginfo_t (sigaction(2)) says, as far as it is the same for many codes. Which fields mean something, the code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) signal: i32,
    /// `si_code`.
    pub(crate) code: i32,
    /// `si_pid`; of a timer, its number.
    pub(crate) pid: i32,
    /// `si_uid`; of a timer, its overrun.
    pub(crate) uid: u32,
    /// `si_value`, in its bytes; of a child, `si_status`.
    pub(crate) value: u64,
}

/// How many words a record takes.
pub(super) const WORDS: usize = 3;

impl Record {
    pub(super) fn to_words(self) -> [u64; WORDS] {
        [two(self.signal as u32, self.code as u32), two(self.pid as u32, self.uid), self.value]
    }

    pub(super) fn from_words([first, second, value]: [u64; WORDS]) -> Record {
        let (signal, code) = halves(first);
        let (pid, uid) = halves(second);
        Record { signal: signal as i32, code: code as i32, pid: pid as i32, uid, value }
    }
}

fn two(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

#[expect(clippy::cast_possible_truncation, reason = "the upper half is cut off")]
fn halves(word: u64) -> (u32, u32) {
    (word as u32, (word >> 32) as u32)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_from_its_words() {
        let record = Record { signal: 64, code: -60, pid: -1, uid: u32::MAX, value: u64::MAX - 1 };
        assert_eq!(Record::from_words(record.to_words()), record);
        let record = Record { signal: 1, code: 0x80, pid: i32::MAX, uid: 0, value: 1 };
        assert_eq!(Record::from_words(record.to_words()), record);
    }
}
