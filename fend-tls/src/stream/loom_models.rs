//! Models of turns and of waiters: whoever has to wait is woken.

use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::atomic::Ordering::{Relaxed, SeqCst};
use loom::sync::atomic::{AtomicBool, AtomicUsize};
use loom::sync::{Condvar, Mutex};
use loom::thread;

use super::turn::{Side, Turn};
use super::waiters::{FEW, Waiters};
use crate::sync::model;

/// A task that only remembers that it was woken.
struct Flag(AtomicBool);

impl Flag {
    fn new() -> Arc<Flag> {
        Arc::new(Flag(AtomicBool::new(false)))
    }

    fn is_set(&self) -> bool {
        self.0.load(SeqCst)
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

/// A thread that sleeps until it is woken. loom reports it when nobody does.
struct Sleeper {
    woken: Mutex<bool>,
    condvar: Condvar,
}

impl Sleeper {
    fn new() -> Arc<Sleeper> {
        Arc::new(Sleeper { woken: Mutex::new(false), condvar: Condvar::new() })
    }

    fn sleep(&self) {
        let mut woken = self.woken.lock().unwrap();
        while !*woken {
            woken = self.condvar.wait(woken).unwrap();
        }
        *woken = false;
    }
}

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        *self.woken.lock().unwrap() = true;
        self.condvar.notify_one();
    }
}

/// Whether a side enters, or else is woken later.
struct Attempt {
    entered: bool,
    woken: Arc<Flag>,
}

impl Attempt {
    fn of(turn: &Turn<AtomicUsize>, side: Side) -> Attempt {
        let woken = Flag::new();
        let waker = Waker::from(woken.clone());
        let entered = match turn.poll_enter(&mut Context::from_waker(&waker), side) {
            Poll::Ready(entered) => {
                entered.fetch_add(1, Relaxed);
                true
            }
            Poll::Pending => false,
        };
        Attempt { entered, woken }
    }

    fn is_lost(&self) -> bool {
        !self.entered && !self.woken.is_set()
    }
}

#[test]
fn loom_turn_who_is_refused_is_woken() {
    model(3, || {
        let turn = Arc::new(Turn::new(AtomicUsize::new(0)));
        let held = turn.try_enter().expect("nobody else is here");
        let sender = {
            let turn = turn.clone();
            thread::spawn(move || Attempt::of(&turn, Side::Sender))
        };
        // Something that loom sees, so that it lets the other thread in meanwhile.
        held.fetch_add(1, Relaxed);
        drop(held);
        assert!(!sender.join().unwrap().is_lost());
    });
}

/// Each of three may be in another's way, and one that leaves may wipe out what another has just set.
#[test]
fn loom_turn_two_that_are_refused_are_woken() {
    model(3, || {
        let turn = Arc::new(Turn::new(AtomicUsize::new(0)));
        let held = turn.try_enter().expect("nobody else is here");
        let others = [Side::Sender, Side::Receiver].map(|side| {
            let turn = turn.clone();
            thread::spawn(move || Attempt::of(&turn, side))
        });
        held.fetch_add(1, Relaxed);
        drop(held);
        let own = Attempt::of(&turn, Side::Receiver);
        let others = others.map(|other| other.join().unwrap());
        assert!(!own.is_lost() && !others.iter().any(Attempt::is_lost));
    });
}

/// loom reports it when two use the value at once, or one does not see what the other has done.
#[test]
fn loom_turn_is_one_after_the_other() {
    model(3, || {
        let turn = Arc::new(Turn::new(loom::cell::Cell::new(0)));
        let others = [(); 2].map(|()| {
            let turn = turn.clone();
            thread::spawn(move || {
                drop(turn.try_enter().map(|entered| entered.set(entered.get() + 1)));
            })
        });
        drop(turn.try_enter().map(|entered| entered.set(entered.get() + 1)));
        others.map(|other| other.join().unwrap());
        assert!(turn.try_enter().expect("all have left").get() >= 1);
    });
}

/// Comes again until it has had its turns.
fn take_turns(turn: &Turn<AtomicUsize>, side: Side, turns: usize) {
    let sleeper = Sleeper::new();
    let waker = Waker::from(sleeper.clone());
    for _ in 0..turns {
        loop {
            match turn.poll_enter(&mut Context::from_waker(&waker), side) {
                Poll::Ready(entered) => {
                    entered.fetch_add(1, Relaxed);
                    break;
                }
                Poll::Pending => sleeper.sleep(),
            }
        }
    }
}

/// A side that lets the other one pass, and the other one that does not know of it, do not wait for each other.
#[test]
fn loom_turn_courtesy_leaves_nobody_waiting() {
    model(3, || {
        let turn = Arc::new(Turn::new(AtomicUsize::new(0)));
        let receiver = {
            let turn = turn.clone();
            thread::spawn(move || take_turns(&turn, Side::Receiver, 2))
        };
        take_turns(&turn, Side::Sender, 2);
        receiver.join().unwrap();
        assert_eq!(turn.try_enter().expect("all have left").load(Relaxed), 4);
    });
}

/// The other one may have been refused and never come back.
#[test]
fn loom_turn_courtesy_to_one_that_has_given_up() {
    model(3, || {
        let turn = Arc::new(Turn::new(AtomicUsize::new(0)));
        let gone = {
            let turn = turn.clone();
            thread::spawn(move || {
                let mut cx = Context::from_waker(Waker::noop());
                if let Poll::Ready(entered) = turn.poll_enter(&mut cx, Side::Receiver) {
                    // loom lets others in only where both do something to one thing.
                    entered.fetch_add(1, Relaxed);
                }
            })
        };
        take_turns(&turn, Side::Sender, 2);
        gone.join().unwrap();
    });
}

/// What is waited for: a stream that becomes ready, and says so to whom it was polled with.
struct Stream {
    ready: AtomicBool,
    waiters: Waiters,
}

impl Stream {
    fn new() -> Arc<Stream> {
        Arc::new(Stream { ready: AtomicBool::new(false), waiters: Waiters::new() })
    }

    fn becomes_ready(&self) {
        self.ready.store(true, Relaxed);
        self.waiters.wake_all();
    }

    /// As a session does it. True: it was ready, or is to be asked again.
    fn poll(&self, waker: &Waker) -> bool {
        let generation = self.waiters.generation();
        self.ready.load(Relaxed) || !self.waiters.register(waker, generation)
    }
}

#[test]
fn loom_waiters_a_wake_up_between_poll_and_registration_is_not_lost() {
    model(3, || {
        let stream = Stream::new();
        let driver = {
            let stream = stream.clone();
            thread::spawn(move || stream.becomes_ready())
        };
        let woken = Flag::new();
        let looks_again = stream.poll(&woken.clone().into());
        driver.join().unwrap();
        assert!(looks_again || woken.is_set());
    });
}

#[test]
fn loom_waiters_two_tasks_wait_for_one_stream() {
    model(3, || {
        let stream = Stream::new();
        let driver = {
            let stream = stream.clone();
            thread::spawn(move || stream.becomes_ready())
        };
        let other = {
            let stream = stream.clone();
            thread::spawn(move || {
                let woken = Flag::new();
                (stream.poll(&woken.clone().into()), woken)
            })
        };
        let woken = Flag::new();
        let looks_again = stream.poll(&woken.clone().into());
        driver.join().unwrap();
        let (other_looks_again, other_woken) = other.join().unwrap();
        assert!(looks_again || woken.is_set());
        assert!(other_looks_again || other_woken.is_set());
    });
}

/// Some have to give way while all are woken.
#[test]
fn loom_waiters_who_gives_way_is_woken() {
    model(3, || {
        let waiters = Arc::new(Waiters::new());
        let early: Vec<_> = (0..=FEW).map(|_| Flag::new()).collect();
        for flag in &early {
            assert!(waiters.register(&flag.clone().into(), waiters.generation()));
        }
        let generation = waiters.generation();
        let driver = {
            let waiters = waiters.clone();
            thread::spawn(move || waiters.wake_all())
        };
        let late = Flag::new();
        let registered = waiters.register(&late.clone().into(), generation);
        driver.join().unwrap();
        assert!(early.iter().all(|flag| flag.is_set()));
        assert!(!registered || late.is_set());
    });
}
