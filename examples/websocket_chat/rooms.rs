//! The rooms: who is in each, and what was said last. A room is there while somebody is in it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use async_tungstenite::tungstenite::Utf8Bytes;
use fend::task::CancellationToken;
use futures::channel::mpsc::{Receiver, Sender, channel};

use crate::protocol::Told;

/// Messages that wait for a member who receives slowly. Who has more is put out: nobody else waits for him, and memory is bounded.
const MOST_WAITING: usize = 256;

/// Of the messages that wait for a newcomer at most half are old ones.
pub(crate) const LONGEST_HISTORY: usize = MOST_WAITING / 2;

#[derive(Debug, Clone)]
pub(crate) struct Rooms {
    rooms: Arc<Mutex<HashMap<String, Room>>>,
    limits: Limits,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Members of one room.
    pub(crate) members: usize,
    /// Messages that a newcomer sees of what was said before.
    pub(crate) history: usize,
}

#[derive(Debug, Default)]
struct Room {
    members: BTreeMap<String, Member>,
    said: VecDeque<Utf8Bytes>,
    /// When the newest was said, in ms since 1970.
    newest: u64,
}

#[derive(Debug)]
struct Member {
    waiting: Sender<Utf8Bytes>,
    slow: CancellationToken,
}

/// A member in a room. Dropping it is leaving.
#[derive(Debug)]
pub(crate) struct Seat {
    rooms: Rooms,
    room: String,
    name: String,
    /// Cancelled when too many messages wait for him.
    pub(crate) slow: CancellationToken,
}

impl Rooms {
    pub(crate) fn new(limits: Limits) -> Rooms {
        Rooms { rooms: Arc::default(), limits }
    }

    /// A seat, and the messages for who has it. An error is what to tell who wanted it.
    pub(crate) fn join(&self, room: &str, name: &str) -> Result<(Seat, Receiver<Utf8Bytes>), String> {
        let mut rooms = self.lock();
        if let Some(there) = rooms.get(room) {
            there.admits(name, self.limits.members)?;
        }
        let there = rooms.entry(room.to_owned()).or_default();
        there.tell_all(&Told::Joins(name).encode());
        let (waiting, messages) = channel(MOST_WAITING);
        let slow = CancellationToken::new();
        let mut member = Member { waiting, slow: slow.clone() };
        member.tell(&there.here_with(name));
        // There is room: see LONGEST_HISTORY.
        there.said.iter().for_each(|said| member.tell(said));
        there.members.insert(name.to_owned(), member);
        Ok((Seat { rooms: self.clone(), room: room.to_owned(), name: name.to_owned(), slow }, messages))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Room>> {
        self.rooms.lock().expect("no panic under this lock")
    }
}

impl Room {
    fn admits(&self, name: &str, most: usize) -> Result<(), String> {
        if self.members.contains_key(name) {
            return Err(format!("there is a {name} already"));
        }
        if self.members.len() >= most {
            return Err("the room is full".to_owned());
        }
        Ok(())
    }

    fn here_with(&self, newcomer: &str) -> Utf8Bytes {
        Told::Here(self.members.keys().map(String::as_str).chain([newcomer]).collect()).encode()
    }

    fn say(&mut self, name: &str, text: &str, history: usize) {
        // No two at the same time, and none before another: a page that connects again knows by it what it has seen.
        self.newest = now().max(self.newest + 1);
        let said = Told::Said { time: self.newest, name, text }.encode();
        self.tell_all(&said);
        self.said.push_back(said);
        while self.said.len() > history {
            self.said.pop_front();
        }
    }

    fn tell_all(&mut self, message: &Utf8Bytes) {
        self.members.values_mut().for_each(|member| member.tell(message));
    }
}

impl Member {
    fn tell(&mut self, message: &Utf8Bytes) {
        if self.waiting.try_send(message.clone()).is_err() {
            self.slow.cancel();
        }
    }
}

impl Seat {
    pub(crate) fn say(&self, text: &str) {
        let mut rooms = self.rooms.lock();
        if let Some(room) = rooms.get_mut(&self.room) {
            room.say(&self.name, text, self.rooms.limits.history);
        }
    }

    /// For this member alone.
    pub(crate) fn refuse(&self, why: &str) {
        let mut rooms = self.rooms.lock();
        if let Some(member) = rooms.get_mut(&self.room).and_then(|room| room.members.get_mut(&self.name)) {
            member.tell(&Told::Refused(why).encode());
        }
    }
}

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} in {:?}", self.name, self.room)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut rooms = self.rooms.lock();
        let Some(room) = rooms.get_mut(&self.room) else { return };
        room.members.remove(&self.name);
        room.tell_all(&Told::Leaves(&self.name).encode());
        if room.members.is_empty() {
            rooms.remove(&self.room);
        }
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
