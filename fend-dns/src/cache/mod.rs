//! Answers that are kept until they grow old.
//!
//! An answer is kept under its question (name and type), a "no" as well as a "yes", for as long as its TTL says, and no longer
//! than the resolver's `max_ttl` (a "no": than an hour). That it has grown old is seen when it is asked for: nothing runs in the
//! background and nothing is asked in advance.
//!
//! The answers lie in slots that a hand goes round, like that of a clock. When there is no room for a new answer, the hand
//! moves on and takes away those that have grown old, and of the others those that nobody has asked for since it last came by
//! ("second chance", which comes close to the least recently used at no cost per hit but a flag).
//!
//! There is one lock. What happens under it is one look into a hash map and one count up of an `Arc`: less than what the
//! rest of a lookup costs, which makes several locks not worth their words. Counters are beside it.

mod cost;

use std::collections::HashMap;
use std::fmt;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::name::Name;
use crate::native::{Answer, Outcome};
use crate::record::RecordType;
use crate::resolver::CacheStats;
use crate::sync::Mutex;

/// The longest that a "no" is kept, whatever it says: RFC 2308, section 5, calls one to three hours sensible.
const MAX_NEGATIVE: Duration = Duration::from_secs(3600);

/// An answer that takes more than this is not kept: it would push out a hundred others.
const MAX_COST: usize = 64 * 1024;

/// Clocks of different runtimes may be apart, since tests pause and advance them. An answer from further in the future than
/// this is of another clock and says nothing about when it grows old.
const CLOCKS_APART: Duration = Duration::from_secs(1);

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    pub(crate) name: Name,
    pub(crate) record_type: RecordType,
}

/// An answer, and for how many seconds it has been kept.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) answer: Arc<Answer>,
    pub(crate) age: u32,
}

impl Kept {
    /// Just come.
    pub(crate) fn fresh(answer: Arc<Answer>) -> Kept {
        Kept { answer, age: 0 }
    }
}

pub(crate) struct Cache {
    limit: usize,
    max_ttl: Duration,
    slots: Mutex<Slots>,
    hits: AtomicU64,
    misses: AtomicU64,
    merged: AtomicU64,
}

#[derive(Default)]
struct Slots {
    /// Of the configuration under which the answers came.
    generation: u64,
    places: HashMap<Arc<Question>, usize>,
    entries: Vec<Option<Entry>>,
    free: Vec<usize>,
    hand: usize,
    bytes: usize,
    evicted: u64,
}

struct Entry {
    question: Arc<Question>,
    answer: Arc<Answer>,
    since: Instant,
    until: Instant,
    cost: usize,
    /// Asked for since the hand came by.
    used: bool,
}

impl Entry {
    fn is_current(&self, now: Instant) -> bool {
        now < self.until && self.since.saturating_duration_since(now) < CLOCKS_APART
    }
}

impl Cache {
    /// Of so many bytes; 0 keeps nothing.
    pub(crate) fn new(limit: usize, max_ttl: Duration) -> Cache {
        Cache {
            limit,
            max_ttl,
            slots: Mutex::default(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            merged: AtomicU64::new(0),
        }
    }

    /// The answer, if it is kept and has not grown old. Counts nothing.
    pub(crate) fn get(&self, question: &Question, generation: u64, now: Instant) -> Option<Kept> {
        if self.limit == 0 {
            return None;
        }
        let (kept, old) = {
            let mut slots = self.slots.lock();
            let old = slots.enter(generation);
            (slots.get(question, generation, now), old)
        };
        drop(old);
        kept
    }

    /// Keeps an answer that was asked for under this generation of the configuration.
    pub(crate) fn insert(&self, question: &Question, answer: &Arc<Answer>, generation: u64, now: Instant) {
        let Some(lifetime) = self.lifetime(answer) else { return };
        let cost = cost::of(question, answer) + mem::size_of::<Option<Entry>>();
        if cost > self.limit.min(MAX_COST) {
            return;
        }
        let question = Arc::new(question.clone());
        let entry =
            Entry { question, answer: answer.clone(), since: now, until: now + lifetime, cost, used: false };
        let mut slots = self.slots.lock();
        let old = slots.enter(generation);
        if slots.generation == generation {
            slots.insert(entry, self.limit, now);
        }
        drop(slots);
        drop(old);
    }

    fn lifetime(&self, answer: &Answer) -> Option<Duration> {
        let most = match answer.outcome {
            Outcome::Found => self.max_ttl,
            Outcome::NoData | Outcome::NotFound => self.max_ttl.min(MAX_NEGATIVE),
        };
        let lifetime = Duration::from_secs(answer.ttl.into()).min(most);
        (lifetime > Duration::ZERO).then_some(lifetime)
    }

    pub(crate) fn clear(&self) {
        let old = self.slots.lock().empty();
        drop(old);
    }

    pub(crate) fn count_hits(&self, count: u64) {
        self.hits.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn count_miss(&self) {
        self.misses.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_merged(&self) {
        self.merged.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn stats(&self) -> CacheStats {
        let slots = self.slots.lock();
        CacheStats {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            merged: self.merged.load(Ordering::Relaxed),
            evicted: slots.evicted,
            entries: slots.places.len(),
            bytes: slots.bytes,
        }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("limit", &self.limit)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl Slots {
    /// Answers of an older configuration go, to be dropped by the caller once the lock is released.
    fn enter(&mut self, generation: u64) -> Option<Slots> {
        if generation <= self.generation {
            return None;
        }
        let old = self.empty();
        self.generation = generation;
        Some(old)
    }

    fn empty(&mut self) -> Slots {
        let kept = Slots { generation: self.generation, evicted: self.evicted, ..Slots::default() };
        mem::replace(self, kept)
    }

    fn get(&mut self, question: &Question, generation: u64, now: Instant) -> Option<Kept> {
        // A lookup that began under an older configuration gets nothing of the newer one.
        if self.generation != generation {
            return None;
        }
        let place = *self.places.get(question)?;
        let entry = self.entries[place].as_mut()?;
        if !entry.is_current(now) {
            self.remove(place);
            return None;
        }
        entry.used = true;
        let age = now.saturating_duration_since(entry.since).as_secs();
        Some(Kept { answer: entry.answer.clone(), age: u32::try_from(age).unwrap_or(u32::MAX) })
    }

    fn insert(&mut self, entry: Entry, limit: usize, now: Instant) {
        if let Some(&place) = self.places.get(&entry.question) {
            self.remove(place);
        }
        self.make_room(limit - entry.cost, now);
        let place = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            self.entries.len() - 1
        });
        self.bytes += entry.cost;
        self.places.insert(entry.question.clone(), place);
        self.entries[place] = Some(entry);
    }

    /// Moves the hand on until no more than `most` bytes are taken. The second time round it spares nobody, so it ends.
    fn make_room(&mut self, most: usize, now: Instant) {
        while self.bytes > most {
            let place = self.hand % self.entries.len();
            self.hand = place + 1;
            let Some(entry) = &mut self.entries[place] else { continue };
            let is_current = entry.is_current(now);
            if is_current && mem::take(&mut entry.used) {
                continue;
            }
            self.evicted += u64::from(is_current);
            self.remove(place);
        }
    }

    fn remove(&mut self, place: usize) {
        let Some(entry) = self.entries[place].take() else { return };
        self.places.remove(&entry.question);
        self.bytes -= entry.cost;
        self.free.push(place);
    }
}

#[cfg(test)]
mod tests;
