//! The state word of a source: what it is ready for, and how often that was said.
//!
//! A task that gets `WouldBlock` clears the readiness it acted on. Between the kernel's answer and the clear, the driver
//! may report the fd ready again; a clear that wiped this out would leave the task asleep beside its data. So each
//! side of the fd counts its events in a *tick*, and a clear only takes effect while the tick is the one that was seen.
//!
//! ```text
//! 62            37 36           11  10       9         8           7               6        5..3             2..0
//! [ write tick  ][  read tick   ][ MARKED ][ DETACHED ][ PEER_CLOSED ][ PRIORITY_CLOSED ][ PRIORITY ][ write's ][ read's ]
//! ```
//!
//! Each direction owns its bits: an error, which concerns all four, is kept once for each. So no clear of one direction
//! takes anything from another, and a reader that found nothing does not hide a broken pipe from the writer.

use std::fmt;
use std::sync::atomic::Ordering::{AcqRel, Acquire};

use crate::dispatcher::{Direction, Readiness};
use crate::sync::atomic::AtomicU64;

const READABLE: u64 = 1;
const READ_CLOSED: u64 = 1 << 1;
const READ_ERROR: u64 = 1 << 2;
const WRITABLE: u64 = 1 << 3;
const WRITE_CLOSED: u64 = 1 << 4;
const WRITE_ERROR: u64 = 1 << 5;
/// Out-of-band data, or an error.
const PRIORITY: u64 = 1 << 6;
/// Both directions are closed, as the wait for priority sees it.
const PRIORITY_CLOSED: u64 = 1 << 7;
/// Anything that ends a wait for the peer's close.
const PEER_CLOSED: u64 = 1 << 8;
/// No driver will report anything any more.
const DETACHED: u64 = 1 << 9;
/// Out-of-band data was announced once, or may have been taken unannounced. Never cleared: taking that data leaves its mark in the stream, and a read stops there.
const MARKED: u64 = 1 << 10;

const READ_SIDE: u64 = READABLE | READ_CLOSED | READ_ERROR | PRIORITY | PRIORITY_CLOSED | PEER_CLOSED;
const WRITE_SIDE: u64 = WRITABLE | WRITE_CLOSED | WRITE_ERROR;

/// A counter inside the word.
#[derive(Clone, Copy)]
struct Tick {
    shift: u32,
}

const READ_TICK: Tick = Tick { shift: 11 };
const WRITE_TICK: Tick = Tick { shift: READ_TICK.shift + Tick::BITS };

impl Tick {
    /// 2^26 events would have to come between a system call and the clear after it for a tick to lie.
    const BITS: u32 = 26;
    const MAX: u64 = (1 << Self::BITS) - 1;

    const fn of(self, word: u64) -> u64 {
        (word >> self.shift) & Self::MAX
    }

    const fn with(self, word: u64, tick: u64) -> u64 {
        (word & !(Self::MAX << self.shift)) | ((tick & Self::MAX) << self.shift)
    }

    const fn bumped(self, word: u64) -> u64 {
        self.with(word, self.of(word) + 1)
    }
}

const fn tick_of(direction: Direction) -> Tick {
    match direction {
        Direction::Write => WRITE_TICK,
        Direction::Read | Direction::Priority | Direction::PeerClosed => READ_TICK,
    }
}

#[inline]
const fn owned_by(direction: Direction) -> u64 {
    match direction {
        Direction::Read => READABLE | READ_CLOSED | READ_ERROR,
        Direction::Write => WRITABLE | WRITE_CLOSED | WRITE_ERROR,
        Direction::Priority => PRIORITY | PRIORITY_CLOSED,
        Direction::PeerClosed => PEER_CLOSED,
    }
}

/// The bits that `readiness` sets, in every direction it concerns: a look into a table, since each event asks.
#[inline]
fn bits_of(readiness: Readiness) -> u64 {
    static BITS: [u16; Readiness::SETS] = {
        let mut table = [0; Readiness::SETS];
        let mut set = 0;
        while set < Readiness::SETS {
            table[set] = bits_of_each(Readiness::from_index(set)) as u16;
            set += 1;
        }
        table
    };
    u64::from(BITS[readiness.index()])
}

const fn bits_of_each(readiness: Readiness) -> u64 {
    const BITS: [(Readiness, u64); 6] = [
        (Readiness::READABLE, READABLE),
        (Readiness::WRITABLE, WRITABLE),
        (Readiness::PRIORITY, PRIORITY | MARKED),
        (Readiness::READ_CLOSED, READ_CLOSED | PEER_CLOSED),
        (Readiness::WRITE_CLOSED, WRITE_CLOSED | PRIORITY_CLOSED | PEER_CLOSED),
        (Readiness::ERROR, READ_ERROR | WRITE_ERROR | PRIORITY | PEER_CLOSED),
    ];
    let (mut bits, mut kind) = (0, 0);
    while kind < BITS.len() {
        if readiness.intersects(BITS[kind].0) {
            bits |= BITS[kind].1;
        }
        kind += 1;
    }
    bits
}

/// The readiness that `bits` stand for.
fn readiness_of(bits: u64) -> Readiness {
    const KINDS: [(u64, Readiness); 6] = [
        (READABLE, Readiness::READABLE),
        (WRITABLE, Readiness::WRITABLE),
        (PRIORITY, Readiness::PRIORITY),
        (READ_CLOSED | PEER_CLOSED, Readiness::READ_CLOSED),
        (WRITE_CLOSED | PRIORITY_CLOSED, Readiness::WRITE_CLOSED),
        (READ_ERROR | WRITE_ERROR, Readiness::ERROR),
    ];
    KINDS.iter().filter(|(set, _)| bits & set != 0).fold(Readiness::NONE, |all, (_, kind)| all | *kind)
}

/// Readiness as it was seen, to be cleared if no event has come since.
#[derive(Clone, Copy)]
pub(crate) struct Seen(u64);

impl Seen {
    #[inline]
    pub(super) fn is_ready(self, direction: Direction) -> bool {
        self.0 & owned_by(direction) != 0
    }

    #[inline]
    pub(crate) fn is_detached(self) -> bool {
        self.0 & DETACHED != 0
    }

    /// What `direction` is ready for.
    pub(crate) fn readiness(self, direction: Direction) -> Readiness {
        readiness_of(self.0 & owned_by(direction))
    }

    fn same_tick(self, word: u64, direction: Direction) -> bool {
        let tick = tick_of(direction);
        tick.of(self.0) == tick.of(word)
    }
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seen")
            .field("readiness", &readiness_of(self.0))
            .field("detached", &self.is_detached())
            .field("read_tick", &READ_TICK.of(self.0))
            .field("write_tick", &WRITE_TICK.of(self.0))
            .finish()
    }
}

/// The word itself. Every change is one of the named transitions below.
pub(super) struct ReadinessWord(AtomicU64);

impl ReadinessWord {
    /// A source believed to be ready for `assumed`.
    pub(super) fn new(assumed: Readiness) -> Self {
        ReadinessWord(AtomicU64::new(bits_of(assumed)))
    }

    #[inline]
    pub(super) fn load(&self) -> Seen {
        Seen(self.0.load(Acquire))
    }

    /// The kernel reported `readiness`: adds it, and bumps the tick of each side it touches.
    pub(super) fn set(&self, readiness: Readiness) {
        let bits = bits_of(readiness);
        self.update(|word| {
            let mut next = word | bits;
            if bits & READ_SIDE != 0 {
                next = READ_TICK.bumped(next);
            }
            if bits & WRITE_SIDE != 0 {
                next = WRITE_TICK.bumped(next);
            }
            Some(next)
        });
    }

    /// No event will come any more; waits end in an error from now on.
    pub(super) fn detach(&self) {
        self.0.fetch_or(DETACHED, AcqRel);
    }

    /// Out-of-band data is about to be taken, perhaps before the driver has seen it announced. Before and not after: a read that
    /// stops at the mark in between must not trust its short count. One that began earlier is told by the tick.
    pub(super) fn mark(&self) {
        if self.0.load(Acquire) & MARKED == 0 {
            self.0.fetch_or(MARKED, AcqRel);
        }
    }

    /// The kernel said `WouldBlock`: forgets all that belongs to `direction`, closed and error included (a FIFO whose
    /// writer came back is open again), unless an event came after `seen`.
    pub(super) fn clear(&self, seen: Seen, direction: Direction) {
        self.clear_bits(seen, direction, owned_by(direction));
    }

    /// A stream's read or write came back short, so the kernel's buffer is empty (or full): forgets "readable" (or
    /// "writable") without asking the kernel again. Does nothing when there may be more to learn at once: an end of
    /// stream, or an error. A source that was ever sent out-of-band data always asks: a read stops at the urgent mark with
    /// data behind it, for which no event will come.
    #[inline]
    pub(super) fn clear_after_short(&self, seen: Seen, direction: Direction) {
        let (plain, more) = match direction {
            Direction::Read => (READABLE, READ_CLOSED | READ_ERROR | PRIORITY_CLOSED | MARKED),
            Direction::Write => (WRITABLE, WRITE_CLOSED | WRITE_ERROR),
            Direction::Priority | Direction::PeerClosed => return,
        };
        if seen.0 & more == 0 {
            self.clear_bits(seen, direction, plain);
        }
    }

    /// The out-of-band data that `seen` announced was taken. Without this the next wait for priority would end at once:
    /// there is no `WouldBlock` to clear it, the kernel answers a second read of an urgent byte with `EINVAL`.
    pub(super) fn take_priority(&self, seen: Seen) {
        self.clear_bits(seen, Direction::Priority, PRIORITY);
    }

    fn clear_bits(&self, seen: Seen, direction: Direction, bits: u64) {
        self.update(|word| (word & bits != 0 && seen.same_tick(word, direction)).then_some(word & !bits));
    }

    fn update(&self, change: impl FnMut(u64) -> Option<u64>) {
        let _ = self.0.fetch_update(AcqRel, Acquire, change);
    }
}

impl fmt::Debug for ReadinessWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.load().fmt(f)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const KINDS: [Readiness; 6] = [
        Readiness::READABLE,
        Readiness::WRITABLE,
        Readiness::PRIORITY,
        Readiness::READ_CLOSED,
        Readiness::WRITE_CLOSED,
        Readiness::ERROR,
    ];

    fn word_at(readiness: Readiness, read_tick: u64, write_tick: u64) -> ReadinessWord {
        let bits = bits_of(readiness);
        ReadinessWord(AtomicU64::new(WRITE_TICK.with(READ_TICK.with(bits, read_tick), write_tick)))
    }

    #[test]
    fn the_fields_do_not_overlap() {
        assert_eq!(READ_SIDE & WRITE_SIDE, 0);
        assert_eq!((READ_SIDE | WRITE_SIDE) & (DETACHED | MARKED), 0);
        assert_eq!(READ_SIDE | WRITE_SIDE | DETACHED | MARKED, (1 << READ_TICK.shift) - 1);
        const { assert!(WRITE_TICK.shift + Tick::BITS <= u64::BITS) };
        let owned = Direction::ALL.map(owned_by);
        assert_eq!(owned.iter().sum::<u64>(), READ_SIDE | WRITE_SIDE);
        assert_eq!(owned.iter().fold(0, |all, bits| all | bits), READ_SIDE | WRITE_SIDE);
    }

    /// RE8, RE9: the bits answer exactly the waits that `Direction::mask` names.
    #[test]
    fn each_kind_ends_the_waits_whose_mask_holds_it() {
        for kind in KINDS {
            for direction in Direction::ALL {
                let word = ReadinessWord::new(Readiness::NONE);
                word.set(kind);
                assert_eq!(
                    word.load().is_ready(direction),
                    direction.mask().intersects(kind),
                    "{kind:?} {direction:?}"
                );
            }
        }
    }

    /// RE4
    #[test]
    fn an_event_between_the_system_call_and_the_clear_is_kept() {
        let word = ReadinessWord::new(Readiness::READABLE);
        let seen = word.load();
        word.set(Readiness::READABLE);
        word.clear(seen, Direction::Read);
        assert!(word.load().is_ready(Direction::Read));
        word.clear(word.load(), Direction::Read);
        assert!(!word.load().is_ready(Direction::Read));
    }

    /// RE4: the counter's wrap.
    #[test]
    fn a_tick_wraps_into_itself_only() {
        let word = word_at(Readiness::READABLE | Readiness::WRITABLE, Tick::MAX, Tick::MAX);
        let seen = word.load();
        word.set(Readiness::READABLE);
        assert_eq!((READ_TICK.of(word.load().0), WRITE_TICK.of(word.load().0)), (0, Tick::MAX));
        word.clear(seen, Direction::Read);
        assert!(word.load().is_ready(Direction::Read), "the wrapped tick differs from the one seen");
        word.set(Readiness::WRITABLE);
        assert_eq!((READ_TICK.of(word.load().0), WRITE_TICK.of(word.load().0)), (0, 0));
        assert!(!word.load().is_detached());
        word.clear(word.load(), Direction::Write);
        assert!(!word.load().is_ready(Direction::Write));
    }

    /// RE5
    #[test]
    fn the_sides_are_independent() {
        let word = ReadinessWord::new(Readiness::READABLE | Readiness::WRITABLE);
        let seen = word.load();
        word.set(Readiness::WRITABLE);
        word.clear(seen, Direction::Read);
        assert!(!word.load().is_ready(Direction::Read), "a write event does not hold up a read clear");
        assert!(word.load().is_ready(Direction::Write));

        word.set(Readiness::READABLE);
        let seen = word.load();
        word.set(Readiness::READABLE);
        word.clear(seen, Direction::Write);
        assert!(!word.load().is_ready(Direction::Write), "a read event does not hold up a write clear");
        assert!(word.load().is_ready(Direction::Read));
    }

    /// RE5, RE9
    #[test]
    fn a_reader_that_clears_leaves_the_error_to_all_others() {
        let word = ReadinessWord::new(Readiness::NONE);
        word.set(Readiness::ERROR | Readiness::READ_CLOSED | Readiness::READABLE);
        word.clear(word.load(), Direction::Read);
        let seen = word.load();
        assert!(!seen.is_ready(Direction::Read));
        for other in [Direction::Write, Direction::Priority, Direction::PeerClosed] {
            assert!(seen.is_ready(other), "{other:?}");
        }
    }

    /// RE7
    #[test]
    fn a_short_read_clears_plain_readiness_only() {
        let word = ReadinessWord::new(Readiness::READABLE);
        word.clear_after_short(word.load(), Direction::Read);
        assert!(!word.load().is_ready(Direction::Read));
        for more in [
            Readiness::READ_CLOSED,
            Readiness::ERROR,
            Readiness::PRIORITY,
            Readiness::READ_CLOSED | Readiness::WRITE_CLOSED,
        ] {
            let word = ReadinessWord::new(Readiness::NONE);
            word.set(Readiness::READABLE | more);
            word.clear_after_short(word.load(), Direction::Read);
            assert!(word.load().readiness(Direction::Read).contains(Readiness::READABLE), "{more:?}");
        }
    }

    /// RE7
    #[test]
    fn an_end_of_stream_after_the_short_read_is_kept() {
        let word = ReadinessWord::new(Readiness::READABLE);
        let seen = word.load();
        word.set(Readiness::READABLE | Readiness::READ_CLOSED);
        word.clear_after_short(seen, Direction::Read);
        assert!(
            word.load().readiness(Direction::Read).contains(Readiness::READABLE | Readiness::READ_CLOSED)
        );
    }

    /// RE7: the mark outlives its announcement, whichever way that was cleared.
    #[test]
    fn a_source_with_an_urgent_mark_never_trusts_a_short_read_again() {
        let taken = |word: &ReadinessWord| word.take_priority(word.load());
        let not_there = |word: &ReadinessWord| word.clear(word.load(), Direction::Priority);
        let word = ReadinessWord::new(Readiness::READABLE);
        word.mark();
        word.clear_after_short(word.load(), Direction::Read);
        assert!(word.load().is_ready(Direction::Read), "taken before it was announced");
        assert!(!word.load().is_ready(Direction::Priority), "nothing is announced by that");
        for clear_priority in [taken, not_there] {
            let word = ReadinessWord::new(Readiness::NONE);
            word.set(Readiness::READABLE | Readiness::WRITABLE | Readiness::PRIORITY);
            clear_priority(&word);
            assert!(!word.load().is_ready(Direction::Priority));
            word.clear_after_short(word.load(), Direction::Read);
            assert!(word.load().is_ready(Direction::Read));
            word.clear(word.load(), Direction::Read);
            assert!(!word.load().is_ready(Direction::Read), "`WouldBlock` is trusted");
            word.set(Readiness::READABLE);
            word.clear_after_short(word.load(), Direction::Read);
            assert!(word.load().is_ready(Direction::Read), "for good");
            word.clear_after_short(word.load(), Direction::Write);
            assert!(!word.load().is_ready(Direction::Write), "writes know no mark");
        }
    }

    #[test]
    fn an_error_is_no_urgent_mark() {
        let word = ReadinessWord::new(Readiness::NONE);
        word.set(Readiness::ERROR);
        for direction in Direction::ALL {
            word.clear(word.load(), direction);
        }
        word.set(Readiness::READABLE);
        word.clear_after_short(word.load(), Direction::Read);
        assert!(!word.load().is_ready(Direction::Read));
    }

    #[test]
    fn a_short_write_clears_unless_broken() {
        let word = ReadinessWord::new(Readiness::WRITABLE | Readiness::READ_CLOSED);
        word.clear_after_short(word.load(), Direction::Write);
        assert!(!word.load().is_ready(Direction::Write));
        word.set(Readiness::WRITABLE | Readiness::ERROR);
        word.clear_after_short(word.load(), Direction::Write);
        assert!(word.load().readiness(Direction::Write).contains(Readiness::WRITABLE));
    }

    #[test]
    fn taken_priority_leaves_the_hang_up() {
        let word = ReadinessWord::new(Readiness::NONE);
        word.set(Readiness::PRIORITY);
        word.take_priority(word.load());
        assert!(!word.load().is_ready(Direction::Priority));
        word.set(Readiness::PRIORITY | Readiness::WRITE_CLOSED);
        word.take_priority(word.load());
        assert!(word.load().is_ready(Direction::Priority));
    }

    #[test]
    fn detached_stays() {
        let word = ReadinessWord::new(Readiness::NONE);
        word.detach();
        word.set(Readiness::READABLE);
        word.clear(word.load(), Direction::Read);
        assert!(word.load().is_detached());
    }
}
