//! Events that wait to be received, in their order, some of them the first half of a rename whose second half has not come yet.
//!
//! ```text
//!                    the second half comes
//!   MOVED_FROM ─▶ held ────────────────────────▶ joined: one event, in the place of the first half
//!                   │
//!                   └── it is the oldest event, and the next read of the kernel's queue, or HOLD, did not bring it ──▶ moved away
//! ```
//!
//! The kernel queues both halves one after the other, but other events may come between them, and a read may take the one and not the other.
//! What comes after a half that is held waits behind it.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::event::Event;

/// How long a first half is held when no further event comes. The kernel takes microseconds between the two.
pub(super) const HOLD: Duration = Duration::from_millis(10);

/// A first half.
#[derive(Debug)]
pub(super) struct Held {
    /// What is told when no second half comes.
    pub(super) event: Option<Event>,
    /// The directory that is on its way, when it is one of a tree.
    pub(super) directory: Option<i32>,
    cookie: u32,
    /// The read that brought it.
    read: u64,
}

#[derive(Debug)]
enum Waiting {
    Event(Event),
    Held(Held),
    /// A first half of which nothing is to be told, for it was for the watcher alone.
    Nothing,
}

/// What is at the head of the queue.
#[derive(Debug)]
pub(super) enum Head {
    Empty,
    Event,
    /// A first half that has to wait.
    Held,
    /// A first half to which no second one came.
    Overdue,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<Waiting>,
    /// The first halves, by their cookies: how many had been put into the queue before them.
    held: HashMap<u32, u64>,
    /// How many have left the queue.
    left: u64,
    /// How many reads there were.
    reads: u64,
    /// The time until which the head is held.
    deadline: Option<Instant>,
}

impl Queue {
    /// From now on events are from a further read.
    pub(super) fn begin_read(&mut self) {
        self.reads += 1;
        self.deadline = None;
    }

    pub(super) fn push(&mut self, event: Event) {
        self.waiting.push_back(Waiting::Event(event));
    }

    pub(super) fn hold(&mut self, cookie: u32, event: Option<Event>, directory: Option<i32>) {
        self.held.insert(cookie, self.left + self.waiting.len() as u64);
        self.waiting.push_back(Waiting::Held(Held { event, directory, cookie, read: self.reads }));
    }

    /// The first half with this cookie. It must then be [joined](Queue::join).
    pub(super) fn partner(&mut self, cookie: u32) -> Option<(u64, Held)> {
        let at = self.held.remove(&cookie)?;
        let index = usize::try_from(at.checked_sub(self.left)?).ok()?;
        match std::mem::replace(self.waiting.get_mut(index)?, Waiting::Nothing) {
            Waiting::Held(held) => Some((at, held)),
            _ => None,
        }
    }

    /// Puts the whole into the place of the first half that [`partner`](Queue::partner) gave.
    pub(super) fn join(&mut self, at: u64, event: Event) {
        let index = at.checked_sub(self.left).and_then(|index| usize::try_from(index).ok());
        match index.and_then(|index| self.waiting.get_mut(index)) {
            Some(place) => *place = Waiting::Event(event),
            None => self.push(event),
        }
    }

    pub(super) fn head(&mut self) -> Head {
        while let Some(Waiting::Nothing) = self.waiting.front() {
            self.drop_head();
        }
        match self.waiting.front() {
            None => Head::Empty,
            Some(Waiting::Held(held)) if held.read < self.reads => Head::Overdue,
            Some(Waiting::Held(_)) => Head::Held,
            Some(_) => Head::Event,
        }
    }

    fn drop_head(&mut self) -> Option<Waiting> {
        let head = self.waiting.pop_front()?;
        self.left += 1;
        Some(head)
    }

    /// Takes the head when it is an event.
    pub(super) fn pop(&mut self) -> Option<Event> {
        match self.head() {
            Head::Event => {}
            _ => return None,
        }
        match self.drop_head() {
            Some(Waiting::Event(event)) => Some(event),
            _ => None,
        }
    }

    /// Gives the head up when it is held: what is to be told takes its place. Returns the directory that did not arrive.
    pub(super) fn release(&mut self) -> Option<i32> {
        let Some(Waiting::Held(held)) = self.waiting.front_mut() else { return None };
        let (event, directory, cookie) = (held.event.take(), held.directory, held.cookie);
        self.waiting[0] = event.map_or(Waiting::Nothing, Waiting::Event);
        self.held.remove(&cookie);
        self.deadline = None;
        directory
    }

    /// Until when the head is held; it begins with the first question.
    pub(super) fn deadline(&mut self, now: Instant) -> Instant {
        *self.deadline.get_or_insert(now + HOLD)
    }

    #[cfg(all(test, not(loom)))]
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    #[cfg(all(test, not(loom)))]
    pub(super) fn holds_any(&self) -> bool {
        !self.held.is_empty()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::ffi::OsString;
    use std::path::Path;

    use super::super::event::{Event, EventKind, Place, Watch};
    use super::super::mask::Mask;
    use super::*;

    fn event(name: &str) -> Event {
        Event {
            watch: Some(Watch(1)),
            kind: EventKind::Created,
            mask: Mask::CREATE,
            cookie: 0,
            place: Place { watched: Path::new("/").into(), name: Some(OsString::from(name)) },
            from: None,
            found_by_scan: false,
            error: None,
        }
    }

    fn pop(queue: &mut Queue) -> Option<String> {
        queue.pop().map(|event| event.name().unwrap().to_str().unwrap().to_owned())
    }

    #[test]
    fn a_pair_takes_the_place_of_its_first_half() {
        let mut queue = Queue::default();
        queue.begin_read();
        queue.push(event("a"));
        queue.hold(7, Some(event("from")), None);
        queue.push(event("b"));
        let (at, held) = queue.partner(7).unwrap();
        assert_eq!(held.event.unwrap().name().unwrap(), "from");
        assert_eq!(pop(&mut queue).unwrap(), "a");
        queue.join(at, event("pair"));
        assert_eq!([pop(&mut queue), pop(&mut queue)].map(Option::unwrap), ["pair", "b"]);
        assert!(queue.is_empty() && !queue.holds_any() && queue.partner(7).is_none());
    }

    #[test]
    fn a_half_is_held_until_the_next_read() {
        let mut queue = Queue::default();
        queue.begin_read();
        queue.hold(7, Some(event("from")), Some(3));
        queue.push(event("b"));
        assert!(matches!(queue.head(), Head::Held) && pop(&mut queue).is_none());
        let now = Instant::now();
        assert_eq!(queue.deadline(now), now + HOLD);
        assert_eq!(queue.deadline(now + HOLD), now + HOLD, "it does not move");
        queue.begin_read();
        assert!(matches!(queue.head(), Head::Overdue));
        assert_eq!(queue.release(), Some(3));
        assert_eq!([pop(&mut queue), pop(&mut queue)].map(Option::unwrap), ["from", "b"]);
        assert!(!queue.holds_any());
    }

    #[test]
    fn of_a_half_that_nobody_asked_for_nothing_is_told() {
        let mut queue = Queue::default();
        queue.hold(7, None, Some(3));
        queue.push(event("b"));
        assert_eq!(queue.release(), Some(3));
        assert_eq!(pop(&mut queue).unwrap(), "b");
        assert!(matches!(queue.head(), Head::Empty));
    }
}
