//! What a watcher knows, and how the kernel's records become events.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::event::{Event, EventKind, Place, Watch};
use super::found::Found;
use super::mask::Mask;
use super::nodes::Nodes;
use super::queue::{Head, Queue};
use super::record::{Record, Records};
use super::scan::{Report, Scans};
use crate::sys::Inotify;

/// Steps without an event that one poll takes before others have their turn.
const STEPS: u32 = 8;

/// How often loose ends are tied after a read, each time with what the last time has found. Directories that are mounted in two places
/// would have no end.
const ROUNDS: u32 = 16;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) nodes: Nodes,
    pub(super) queue: Queue,
    pub(super) found: Found,
    pub(super) scans: Scans,
    /// Names of directories that could not be looked up, since one that they are in has another path by now: the kernel's queue will tell.
    pub(super) missing: BTreeSet<(i32, OsString)>,
    /// Directories that were not found where they were thought to be, and whether they are still to be read.
    pub(super) adrift: BTreeMap<i32, Option<Report>>,
    /// The bytes of the kernel's queue that were read.
    pub(super) taken: u64,
    /// Those of them that are processed.
    pub(super) position: u64,
    /// Whether the halves of a rename become one event.
    pub(super) joins: bool,
    /// The last read left nothing in the kernel's queue.
    pub(super) is_drained: bool,
    /// How often loose ends may be tied until the next read.
    pub(super) unsettled: u32,
    /// How often a directory was put into its place.
    pub(super) found_places: u64,
}

/// What a receiver is to do next.
#[derive(Debug)]
pub(super) enum Next {
    /// Take the event.
    Take,
    /// Read the kernel's queue.
    Read,
    /// Read the kernel's queue, but wait no longer than this.
    ReadUntil(Instant),
    /// Let others have their turn.
    Yield,
}

impl State {
    pub(super) fn new() -> State {
        State { joins: true, ..State::default() }
    }

    /// Works until there is an event to take, or something to wait for.
    pub(super) fn next(&mut self, inotify: &Inotify) -> Next {
        for _ in 0..STEPS {
            match self.queue.head() {
                Head::Event => return Next::Take,
                Head::Held => return Next::ReadUntil(self.queue.deadline(crate::time::now())),
                Head::Overdue => self.release(inotify),
                Head::Empty if self.scans.is_pending() => self.scan(inotify),
                Head::Empty if self.unsettled > 0 => self.settle(inotify),
                Head::Empty => return Next::Read,
            }
        }
        Next::Yield
    }

    /// Whether `next`, which was an answer of before, is still what there is to wait for.
    pub(super) fn still_waits(&mut self, next: &Next) -> bool {
        match (self.queue.head(), next) {
            (Head::Empty, Next::Read) => !self.scans.is_pending() && self.unsettled == 0,
            (Head::Held, Next::ReadUntil(deadline)) => self.queue.deadline(crate::time::now()) == *deadline,
            _ => false,
        }
    }

    /// Gives the held half at the head of the queue up when its time is over.
    pub(super) fn release_when_due(&mut self, inotify: &Inotify) {
        let now = crate::time::now();
        if matches!(self.queue.head(), Head::Held) && self.queue.deadline(now) <= now {
            self.release(inotify);
        }
    }

    fn release(&mut self, inotify: &Inotify) {
        if let Some(directory) = self.queue.release() {
            if !self.nodes.is_attached(directory) {
                self.forget_subtree(inotify, directory);
            }
        }
    }

    /// Takes what a read has brought. `drained` says that it has left nothing behind.
    pub(super) fn process(&mut self, inotify: &Inotify, bytes: &[u8], drained: bool) {
        self.queue.begin_read();
        self.is_drained = false;
        self.taken += bytes.len() as u64;
        for record in Records::new(bytes) {
            self.record(inotify, record);
            self.position += record.size as u64;
        }
        self.is_drained = drained;
        self.unsettle();
        self.found.forget_before(self.position);
    }

    /// A read has brought nothing.
    pub(super) fn nothing_left(&mut self) {
        if !std::mem::replace(&mut self.is_drained, true) {
            self.unsettle();
        }
    }

    /// Something has come to light by which loose ends may be tied.
    pub(super) fn unsettle(&mut self) {
        self.unsettled = ROUNDS;
    }

    fn record(&mut self, inotify: &Inotify, record: Record<'_>) {
        if record.mask.contains(Mask::Q_OVERFLOW) {
            return self.overflow(record);
        }
        // Else it is from a directory that has left its tree, or that had not come into it.
        if !self.nodes.contains(record.watch) {
            return;
        }
        if record.mask.contains(Mask::IGNORED) {
            self.ended(inotify, record);
        } else if record.mask.contains(Mask::MOVED_FROM) {
            self.moved_from(record);
        } else if record.mask.contains(Mask::MOVED_TO) {
            self.moved_to(inotify, record);
        } else if record.mask.contains(Mask::CREATE) {
            self.created(inotify, record);
        } else {
            if self.is_of_tree(record) && record.mask.contains(Mask::DELETE) {
                self.missing.remove(&(record.watch, record.name.to_owned()));
            }
            self.tell(record);
        }
    }

    /// It is about a directory in a tree.
    fn is_of_tree(&self, record: Record<'_>) -> bool {
        record.mask.contains(Mask::ISDIR)
            && self.nodes.root_of(record.watch).is_some_and(|(_, root)| root.is_tree)
    }

    fn created(&mut self, inotify: &Inotify, record: Record<'_>) {
        if !self.found.take(record.watch, record.name) {
            self.tell(record);
        }
        if self.is_of_tree(record) && !self.is_known_better(record) {
            self.arrive(inotify, record.watch, record.name, Report::Everything);
        }
    }

    /// What is known of the name in the record is of a later time than the record.
    fn is_known_better(&self, record: Record<'_>) -> bool {
        self.nodes.is_ahead(record.watch, record.name, self.position)
    }

    fn moved_from(&mut self, record: Record<'_>) {
        let mut directory = None;
        if self.is_of_tree(record) {
            self.missing.remove(&(record.watch, record.name.to_owned()));
            directory = self.nodes.child(record.watch, record.name).filter(|_| !self.is_known_better(record));
            if let Some(directory) = directory {
                self.nodes.detach(directory);
            }
        }
        let event = self.event(record);
        if directory.is_some() || (self.joins && event.is_some()) {
            self.queue.hold(record.cookie, event, directory);
        } else if let Some(event) = event {
            self.queue.push(event);
        }
    }

    fn moved_to(&mut self, inotify: &Inotify, record: Record<'_>) {
        let (mut from, mut directory) = (None, None);
        if let Some((at, held)) = self.queue.partner(record.cookie) {
            directory = held.directory;
            from = held.event.map(|event| (at, event));
        }
        match (from, self.event(record)) {
            (Some((at, from)), Some(to)) if self.joins => self.queue.join(at, joined(from, to)),
            (from, to) => {
                if let Some((at, from)) = from {
                    self.queue.join(at, from);
                }
                if let Some(to) = to {
                    self.queue.push(to);
                }
            }
        }
        match directory.filter(|directory| !self.nodes.is_attached(*directory)) {
            Some(directory) if self.is_of_tree(record) => self.moved_on(inotify, directory, record),
            Some(directory) => self.forget_subtree(inotify, directory),
            None if self.is_of_tree(record) && !self.is_known_better(record) => {
                self.arrive(inotify, record.watch, record.name, Report::Everything);
            }
            None => {}
        }
    }

    /// A directory that was on its way has come where the record says.
    fn moved_on(&mut self, inotify: &Inotify, directory: i32, record: Record<'_>) {
        let is_in_itself = self.nodes.upwards(record.watch).any(|above| above == directory);
        if is_in_itself || self.is_known_better(record) {
            // And has gone on since.
            self.nodes.suppose(directory, record.watch, record.name);
            self.adrift.entry(directory).or_insert(None);
        } else {
            self.seat(inotify, directory, record.watch, record.name, self.position);
        }
    }

    /// A watch is no more.
    fn ended(&mut self, inotify: &Inotify, record: Record<'_>) {
        if self.nodes.root(record.watch).is_some() {
            let event = self.event_of(record.watch, record.mask, None, EventKind::Ignored);
            self.queue.push(event);
        }
        self.forget_subtree(inotify, record.watch);
    }

    /// Events were lost: those of new directories among them. So trees are read again.
    fn overflow(&mut self, record: Record<'_>) {
        let mut event = self.event_of(record.watch, record.mask, None, EventKind::Overflow);
        event.watch = None;
        self.queue.push(event);
        self.scan_all(Report::NewDirectories, |_| true);
        // The last word on these may be lost.
        for root in self.nodes.ending() {
            let event = self.event_of(root, Mask::IGNORED, None, EventKind::Ignored);
            self.queue.push(event);
            for watch in self.nodes.subtree(root) {
                self.forget(watch);
            }
        }
    }

    /// Puts it into the queue, if it was asked for.
    fn tell(&mut self, record: Record<'_>) {
        if let Some(event) = self.event(record) {
            self.queue.push(event);
        }
    }

    /// The event of a record, if it was asked for.
    fn event(&mut self, record: Record<'_>) -> Option<Event> {
        let (_, root) = self.nodes.root_of(record.watch)?;
        let is_asked_for = (root.mask & Mask::ALL_EVENTS).intersects(record.mask)
            || !record.mask.intersects(Mask::ALL_EVENTS);
        let name = Some(record.name).filter(|name| !name.is_empty());
        is_asked_for.then(|| {
            let mut event = self.event_of(record.watch, record.mask, name, EventKind::of(record.mask));
            event.cookie = record.cookie;
            event
        })
    }

    pub(super) fn event_of(
        &mut self,
        watch: i32,
        mask: Mask,
        name: Option<&OsStr>,
        kind: EventKind,
    ) -> Event {
        let root = self.nodes.root_of(watch).map_or(watch, |(root, _)| root);
        let watched: Arc<Path> = self.nodes.path(watch).unwrap_or_else(|| Path::new("").into());
        Event {
            watch: Some(Watch(root)),
            kind,
            mask,
            cookie: 0,
            place: Place { watched, name: name.map(OsStr::to_owned) },
            from: None,
            found_by_scan: false,
            error: None,
        }
    }

    /// Tells that a directory of a tree is not watched, or not read.
    pub(super) fn tell_unwatched(&mut self, parent: i32, name: Option<&OsStr>, error: io::Error) {
        let mut event = self.event_of(parent, Mask::ISDIR, name, EventKind::Unwatched);
        event.error = Some(Arc::new(error));
        self.queue.push(event);
    }
}

/// One event of both halves.
fn joined(from: Event, to: Event) -> Event {
    Event { kind: EventKind::Renamed, mask: from.mask | to.mask, from: Some(Box::new(from.place)), ..to }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::super::nodes::Root;
    use super::super::record::encode;
    use super::*;

    /// A watcher of two paths that do not exist, and a queue without watches: only what is made up comes.
    fn watcher() -> (State, Inotify) {
        let mut state = State::new();
        for (watch, path) in [(1, "/one"), (2, "/two")] {
            let path = Path::new(path).into();
            state
                .nodes
                .add_root(watch, Root { path, mask: Mask::ALL_EVENTS, is_tree: false, is_ending: false });
        }
        (state, Inotify::new().unwrap())
    }

    fn told(state: &mut State, inotify: &Inotify) -> Vec<String> {
        let mut told = Vec::new();
        while let Next::Take = state.next(inotify) {
            let event = state.queue.pop().unwrap();
            let from = event.from_path().map(|from| format!("{} ", from.display())).unwrap_or_default();
            told.push(format!("{:?} {from}{}", event.kind(), event.path().display()));
        }
        told
    }

    #[test]
    fn a_pair_of_one_read_is_one_event() {
        let (mut state, inotify) = watcher();
        let mut bytes = encode(1, Mask::MOVED_FROM, 7, b"a", 16);
        bytes.extend(encode(2, Mask::CREATE, 0, b"other", 16));
        bytes.extend(encode(2, Mask::MOVED_TO, 7, b"b", 16));
        state.process(&inotify, &bytes, true);
        assert_eq!(told(&mut state, &inotify), ["Renamed /one/a /two/b", "Created /two/other"]);
    }

    #[test]
    fn a_pair_that_two_reads_have_split_is_one_event() {
        let (mut state, inotify) = watcher();
        state.process(&inotify, &encode(1, Mask::MOVED_FROM, 7, b"a", 16), false);
        assert!(matches!(state.next(&inotify), Next::ReadUntil(_)));
        state.process(&inotify, &encode(1, Mask::MOVED_TO, 7, b"b", 16), true);
        assert_eq!(told(&mut state, &inotify), ["Renamed /one/a /one/b"]);
    }

    #[test]
    fn a_half_without_the_other_is_told_by_itself() {
        let (mut state, inotify) = watcher();
        state.process(&inotify, &encode(1, Mask::MOVED_FROM, 7, b"a", 16), true);
        state.process(&inotify, &encode(1, Mask::MOVED_TO, 8, b"b", 16), true);
        assert_eq!(told(&mut state, &inotify), ["MovedAway /one/a", "MovedIn /one/b"]);
        // Too late.
        state.process(&inotify, &encode(1, Mask::MOVED_TO, 7, b"c", 16), true);
        assert_eq!(told(&mut state, &inotify), ["MovedIn /one/c"]);
    }

    #[test]
    fn a_half_is_released_when_its_time_is_over() {
        loop {
            let (mut state, inotify) = watcher();
            state.process(&inotify, &encode(1, Mask::MOVED_FROM, 7, b"a", 16), true);
            let Next::ReadUntil(deadline) = state.next(&inotify) else { panic!("it is held") };
            state.release_when_due(&inotify);
            let early = told(&mut state, &inotify);
            if crate::time::now() >= deadline {
                // This thread has stood still: once more.
                continue;
            }
            assert_eq!(early, Vec::<String>::new());
            std::thread::sleep(deadline.saturating_duration_since(crate::time::now()));
            state.release_when_due(&inotify);
            assert_eq!(told(&mut state, &inotify), ["MovedAway /one/a"]);
            return;
        }
    }

    #[test]
    fn halves_may_be_told_apart() {
        let (mut state, inotify) = watcher();
        state.joins = false;
        let mut bytes = encode(1, Mask::MOVED_FROM, 7, b"a", 16);
        bytes.extend(encode(2, Mask::MOVED_TO, 7, b"b", 16));
        state.process(&inotify, &bytes, true);
        assert_eq!(told(&mut state, &inotify), ["MovedAway /one/a", "MovedIn /two/b"]);
    }

    #[test]
    fn an_overflow_is_told_in_its_place() {
        let (mut state, inotify) = watcher();
        let mut bytes = encode(1, Mask::MODIFY, 0, b"a", 16);
        bytes.extend(encode(-1, Mask::Q_OVERFLOW, 0, b"", 0));
        bytes.extend(encode(1, Mask::IGNORED, 0, b"", 0));
        state.process(&inotify, &bytes, true);
        assert_eq!(told(&mut state, &inotify), ["Modified /one/a", "Overflow ", "Ignored /one"]);
        assert!(!state.nodes.contains(1));
    }

    #[test]
    fn what_is_of_no_watch_is_left_out() {
        let (mut state, inotify) = watcher();
        state.process(&inotify, &encode(9, Mask::CREATE, 0, b"a", 16), true);
        assert_eq!(told(&mut state, &inotify), Vec::<String>::new());
    }

    proptest::proptest! {
        #[test]
        fn any_records_are_taken(records in proptest::collection::vec(
            (-1..4_i32, 0..24_u32, 0..3_u32, "[a-c]{0,2}"),
            0..60,
        )) {
            let (mut state, inotify) = watcher();
            for chunk in records.chunks(7) {
                let bytes: Vec<u8> = chunk
                    .iter()
                    .flat_map(|(watch, bit, cookie, name)| {
                        encode(*watch, Mask::from_bits(1 << bit), *cookie, name.as_bytes(), 4)
                    })
                    .collect();
                state.process(&inotify, &bytes, true);
                told(&mut state, &inotify);
            }
            state.queue.begin_read();
            told(&mut state, &inotify);
            proptest::prop_assert!(state.queue.is_empty() && !state.queue.holds_any());
        }
    }
}
