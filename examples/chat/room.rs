//! The room: who is in it, and what was said last.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use fend::task::CancellationToken;
use futures::channel::mpsc::{Receiver, Sender, channel};

/// Lines that wait for a user who reads slowly. Who has more is put out: nobody else waits for him, and memory is bounded.
const MAX_WAITING: usize = 256;

/// Of the lines that wait for a newcomer at most half are old ones.
pub(crate) const MAX_HISTORY: usize = MAX_WAITING / 2;

#[derive(Clone)]
pub(crate) struct Room {
    inside: Arc<Mutex<Inside>>,
}

struct Inside {
    users: BTreeMap<String, User>,
    said: VecDeque<Arc<str>>,
    history: usize,
}

struct User {
    lines: Sender<Arc<str>>,
    out: CancellationToken,
}

/// A user in the room. Dropping it is leaving.
pub(crate) struct Seat {
    room: Room,
    name: String,
    /// Cancelled when the user is put out.
    pub(crate) out: CancellationToken,
}

impl Room {
    pub(crate) fn new(history: usize) -> Room {
        let inside = Inside { users: BTreeMap::new(), said: VecDeque::new(), history };
        Room { inside: Arc::new(Mutex::new(inside)) }
    }

    /// A seat, and the lines for who has it. An error is what to tell who wanted it.
    pub(crate) fn join(&self, name: &str) -> Result<(Seat, Receiver<Arc<str>>), String> {
        let name = name.trim();
        if name.is_empty() || name.len() > 32 {
            return Err("a name has 1 to 32 bytes".to_owned());
        }
        let (mut sender, lines) = channel(MAX_WAITING);
        let mut inside = self.lock();
        if inside.users.contains_key(name) {
            return Err(format!("there is a {name} already"));
        }
        let others: Vec<_> = inside.users.keys().map(String::as_str).collect();
        let who = if others.is_empty() { "nobody".to_owned() } else { others.join(", ") };
        for line in [format!("* here: {who}").into()].iter().chain(&inside.said) {
            // There is room: see MAX_HISTORY.
            let _ = sender.try_send(Arc::clone(line));
        }
        inside.tell_all(format!("* {name} joins"), None);
        let out = CancellationToken::new();
        inside.users.insert(name.to_owned(), User { lines: sender, out: out.clone() });
        Ok((Seat { room: self.clone(), name: name.to_owned(), out }, lines))
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().expect("no panic under this lock")
    }
}

impl Inside {
    fn tell_all(&mut self, line: String, except: Option<&str>) {
        let line: Arc<str> = line.into();
        for (name, user) in &mut self.users {
            if Some(name.as_str()) != except {
                user.tell(&line);
            }
        }
        self.said.push_back(line);
        while self.said.len() > self.history {
            self.said.pop_front();
        }
    }
}

impl User {
    /// Who cannot take a line any more is put out.
    fn tell(&mut self, line: &Arc<str>) {
        if self.lines.try_send(Arc::clone(line)).is_err() {
            self.out.cancel();
        }
    }
}

impl Seat {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// For this user alone.
    pub(crate) fn tell(&self, line: &str) {
        if let Some(user) = self.room.lock().users.get_mut(&self.name) {
            user.tell(&line.into());
        }
    }

    pub(crate) fn say(&self, text: &str) {
        self.room.lock().tell_all(format!("{}: {text}", self.name), Some(&self.name));
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut inside = self.room.lock();
        inside.users.remove(&self.name);
        inside.tell_all(format!("* {} leaves", self.name), None);
    }
}
