//! Models of handlers and a listener: nothing is lost, and no handler uses a descriptor that was closed.

use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use loom::thread;
use std::sync::Arc;

use super::super::record::Record;
use super::slot::{Arrival, Slot};
use crate::sync::model;

const PROCESS: i32 = 1;
const SIGNAL: usize = 15;

fn record(value: u64) -> Record {
    Record { signal: SIGNAL as i32, code: 0, pid: 0, uid: 0, value }
}

struct Model {
    slot: Slot,
    /// The eventfd.
    count: AtomicUsize,
    closed: AtomicBool,
}

impl Model {
    fn new() -> Arc<Model> {
        let slot = Slot::new(PROCESS);
        slot.want(SIGNAL, 1);
        Arc::new(Model { slot, count: AtomicUsize::new(0), closed: AtomicBool::new(false) })
    }

    fn handler(&self, value: u64) {
        self.slot.deliver(PROCESS, 1, record(value), |_| {
            assert!(!self.closed.load(SeqCst), "wrote to a descriptor that was closed");
            self.count.fetch_add(1, SeqCst);
        });
    }

    fn take(&self) -> usize {
        let mut taken = 0;
        self.slot.take(usize::MAX, |arrival| match arrival {
            Arrival::Record(_) => taken += 1,
            Arrival::Missed { count, .. } => taken += count as usize,
        });
        taken
    }

    /// Waits as a listener does until it has taken `expected`; never without having found nothing after it cleared `woken`.
    fn receive(&self, expected: usize) {
        let mut taken = self.take();
        while taken < expected {
            while self.count.swap(0, SeqCst) == 0 {
                thread::yield_now();
            }
            self.slot.rearm();
            taken += self.take();
        }
        assert_eq!(taken, expected);
    }
}

#[test]
fn loom_signals_two_handlers_wake_a_listener_for_both() {
    model(3, || {
        let model = Model::new();
        let handlers = [1, 2].map(|value| {
            let model = Arc::clone(&model);
            thread::spawn(move || model.handler(value))
        });
        model.receive(2);
        for handler in handlers {
            handler.join().unwrap();
        }
    });
}

/// The ring holds two in models.
#[test]
fn loom_signals_what_has_no_room_is_counted_and_wakes() {
    model(2, || {
        let model = Model::new();
        model.handler(1);
        model.handler(2);
        let handlers = [3, 4].map(|value| {
            let model = Arc::clone(&model);
            thread::spawn(move || model.handler(value))
        });
        model.receive(4);
        for handler in handlers {
            handler.join().unwrap();
        }
    });
}

#[test]
fn loom_signals_a_handler_does_not_use_what_was_closed() {
    model(3, || {
        let model = Model::new();
        let handler = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.handler(1))
        };
        model.slot.give_back(thread::yield_now);
        model.closed.store(true, SeqCst);
        assert_eq!(model.take(), 0);
        handler.join().unwrap();
    });
}
