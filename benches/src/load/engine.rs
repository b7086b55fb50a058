//! The loop: starts requests when they are due, waits for events, and notes how long each answer took.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::io;
use std::mem;
use std::time::{Duration, Instant};

use crate::sys::Event;

use super::client::{Client, Shared};
use super::schedule::{Amount, Pace, Schedule};
use super::tally::Tally;

/// Events taken by one wait at most.
const EVENTS: usize = 1024;

/// What runs a load, whatever its protocol.
pub(super) trait Run: Debug {
    /// Sends requests, at most `at_once` at a time, until all are answered.
    fn run(&mut self, pace: Pace, amount: Amount, at_once: usize) -> io::Result<Tally>;
}

#[derive(Debug)]
pub(super) struct Engine<C> {
    shared: Shared,
    slots: Vec<Slot<C>>,
    /// Slots without a request under way. The one that has been here longest is next.
    free: VecDeque<usize>,
    events: Vec<Event>,
    patience: Duration,
    clock: Clock,
}

/// A connection and its request.
#[derive(Debug)]
struct Slot<C> {
    client: C,
    in_flight: bool,
    /// From when on its latency counts.
    due: u64,
    /// When it was sent.
    started: u64,
    /// When something last happened on the connection: a large answer may take long, as long as it comes.
    heard: u64,
}

/// Nanoseconds since the load began.
#[derive(Debug)]
struct Clock(Instant);

impl Clock {
    fn now(&self) -> u64 {
        self.0.elapsed().as_nanos() as u64
    }
}

impl<C: Client> Engine<C> {
    /// `clients` are the connections, none of them connected yet.
    pub(super) fn new(shared: Shared, clients: impl Iterator<Item = C>, patience: Duration) -> Engine<C> {
        let slots: Vec<_> =
            clients.map(|client| Slot { client, in_flight: false, due: 0, started: 0, heard: 0 }).collect();
        let free = (0..slots.len()).collect();
        let clock = Clock(Instant::now());
        Engine { shared, slots, free, events: Vec::with_capacity(EVENTS), patience, clock }
    }

    fn in_flight(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Sends what is due, as far as there are connections for it. Takes the time and gives it back: it is read once per request.
    fn fill(&mut self, round: &mut Round, mut now: u64) -> io::Result<u64> {
        let mut read = true;
        while self.in_flight() < round.at_once {
            let Some(index) = self.free.front().copied() else { break };
            if !mem::take(&mut read) {
                now = self.clock.now();
            }
            let Some(due) = round.schedule.next(now, self.in_flight()) else { break };
            self.free.pop_front();
            let slot = &mut self.slots[index];
            (slot.in_flight, slot.due, slot.started, slot.heard) = (true, due, now, now);
            if let Err(error) = slot.client.start(&mut self.shared, index as u64) {
                self.fail(index, round, error)?;
            }
        }
        Ok(now)
    }

    /// One event of a connection. What comes without a request under way is an error or nothing.
    fn event(&mut self, event: Event, round: &mut Round, now: u64) -> io::Result<u64> {
        let index = event.data() as usize;
        let slot = &mut self.slots[index];
        match slot.client.ready(&mut self.shared, event.flags()) {
            Ok(true) if slot.in_flight => {
                let now = self.clock.now();
                slot.in_flight = false;
                round.tally.answered(now, now - slot.due);
                self.free.push_back(index);
                self.fill(round, now)
            }
            Ok(_) => {
                slot.heard = now;
                Ok(now)
            }
            Err(error) => {
                self.fail(index, round, error)?;
                self.fill(round, now)
            }
        }
    }

    fn fail(&mut self, index: usize, round: &mut Round, error: io::Error) -> io::Result<()> {
        let slot = &mut self.slots[index];
        slot.client.abandon();
        if mem::take(&mut slot.in_flight) {
            self.free.push_back(index);
        }
        round.tally.failed(error)
    }

    /// Looks at all requests under way: one of which nothing is heard for too long ends the load.
    fn look(&mut self, round: &mut Round, now: u64) -> io::Result<()> {
        for index in 0..self.slots.len() {
            let slot = &mut self.slots[index];
            if !slot.in_flight {
                continue;
            }
            let silent = Duration::from_nanos(now.saturating_sub(slot.heard));
            let waited = Duration::from_nanos(now.saturating_sub(slot.started));
            if silent >= self.patience {
                let (address, in_flight) = (self.shared.address, self.in_flight());
                let error = format!("{address} has not answered for {silent:.1?}; {in_flight} requests wait");
                return Err(round.tally.explain(io::Error::new(io::ErrorKind::TimedOut, error)));
            }
            match slot.client.look(&mut self.shared, waited) {
                Ok(again) => round.tally.lost += u64::from(again),
                Err(error) => self.fail(index, round, error)?,
            }
        }
        Ok(())
    }

    /// Until when nothing but an event is to be expected.
    fn quiet_until(&self, round: &Round, look_at: u64) -> u64 {
        match round.schedule.next_due() {
            Some(due) if self.in_flight() < round.at_once => due.min(look_at),
            _ => look_at,
        }
    }
}

/// One call of [`Run::run`].
struct Round {
    schedule: Schedule,
    at_once: usize,
    tally: Tally,
}

impl<C: Client> Run for Engine<C> {
    fn run(&mut self, pace: Pace, amount: Amount, at_once: usize) -> io::Result<Tally> {
        let at_once = at_once.min(self.slots.len());
        let look_every = C::LOOK.min(self.patience / 2).as_nanos() as u64;
        let mut now = self.clock.now();
        let mut look_at = now + look_every;
        let schedule = Schedule::new(pace, amount, at_once, now);
        let mut round = Round { schedule, at_once, tally: Tally::new(now, self.slots.len()) };
        loop {
            now = self.fill(&mut round, now)?;
            if self.in_flight() == 0 && round.schedule.is_over(now) {
                return Ok(round.tally);
            }
            let quiet = self.quiet_until(&round, look_at).saturating_sub(now);
            self.shared.epoll.wait(&mut self.events, Some(Duration::from_nanos(quiet)))?;
            now = self.clock.now();
            let events = mem::take(&mut self.events);
            for event in &events {
                now = self.event(*event, &mut round, now)?;
            }
            self.events = events;
            if now >= look_at {
                self.look(&mut round, now)?;
                look_at = now + look_every;
            }
        }
    }
}
