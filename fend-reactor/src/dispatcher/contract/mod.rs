//! The contract of [`Dispatch`], run on each dispatcher.

use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::{Batch, Direction, Dispatch, Dispatcher, Event, Readiness, Token, Watch};
use crate::sys;

/// How long a test waits for what must happen. Far longer than it takes; only a failure waits this long.
const PATIENCE: Duration = Duration::from_secs(20);

/// Long enough to notice an event that must not happen: it would be there at once.
const MOMENT: Duration = Duration::from_millis(20);

/// One test per dispatcher for each function of this name: `name::epoll` and `name::poll`.
macro_rules! on_each_dispatcher {
    ($($name:ident,)*) => {$(
        mod $name {
            use crate::dispatcher::Dispatcher;

            #[test]
            fn epoll() {
                super::$name(Dispatcher::Epoll);
            }

            #[test]
            fn poll() {
                super::$name(Dispatcher::Poll);
            }
        }
    )*};
}

mod membership;
mod process;
mod readiness;
mod waiting;

/// A dispatcher with a counter for its tokens.
struct Bench {
    dispatch: Box<dyn Dispatch>,
    slots: AtomicU32,
}

impl Bench {
    fn new(dispatcher: Dispatcher) -> Self {
        Bench { dispatch: dispatcher.open().unwrap(), slots: AtomicU32::new(0) }
    }

    fn token(&self) -> Token {
        Token { slot: self.slots.fetch_add(1, Ordering::Relaxed), generation: 7 }
    }

    fn add(&self, fd: &impl AsFd) -> Token {
        let token = self.token();
        self.dispatch.add(fd.as_fd(), token, Watch::All).unwrap();
        token
    }

    fn add_armed(&self, fd: &impl AsFd, direction: Direction) -> Token {
        let token = self.add(fd);
        self.dispatch.arm(token, direction);
        token
    }

    fn wait(&self, timeout: Option<Duration>) -> Vec<Event> {
        let mut batch = Batch::default();
        self.dispatch.wait(&mut batch, timeout).unwrap();
        batch.events
    }

    fn wait_for_news(&self, timeout: Option<Duration>) -> bool {
        self.dispatch.wait_for_news(&mut Batch::default(), timeout).unwrap()
    }

    /// Waits until `token` has been reported for any of `readiness`; returns all that was reported of it.
    fn expect(&self, token: Token, readiness: Readiness) -> Readiness {
        let start = Instant::now();
        let mut seen = Readiness::NONE;
        while !seen.intersects(readiness) {
            assert!(start.elapsed() < PATIENCE, "{token:?} not reported {readiness:?}, only {seen:?}");
            for event in self.wait(Some(PATIENCE)).iter().filter(|event| event.token == token) {
                seen |= event.readiness;
            }
        }
        seen
    }

    /// All that is reported of `token` before there is silence.
    fn gather(&self, token: Token) -> Readiness {
        let start = Instant::now();
        let mut seen = Readiness::NONE;
        loop {
            assert!(start.elapsed() < PATIENCE, "{token:?} is reported without end: {seen:?}");
            let events = self.wait(Some(MOMENT));
            if events.is_empty() {
                return seen;
            }
            events.iter().filter(|event| event.token == token).for_each(|event| seen |= event.readiness);
        }
    }
}

fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let server = listener.accept().unwrap().0;
    server.set_nonblocking(true).unwrap();
    (server, client)
}

fn unix_pair() -> (UnixStream, UnixStream) {
    let (one, other) = UnixStream::pair().unwrap();
    one.set_nonblocking(true).unwrap();
    (one, other)
}

fn fill(mut socket: impl Write) {
    let block = [0; 65536];
    while socket.write(&block).is_ok() {}
    while socket.write(&block[..1]).is_ok() {}
}

/// Waits until the kernel has put the thread with this id to sleep.
fn await_asleep(thread: &str) {
    let start = Instant::now();
    let asleep = || {
        let stat = fs::read_to_string(format!("/proc/{thread}/stat")).unwrap();
        stat.rsplit(')').next().unwrap().starts_with(" S")
    };
    while !asleep() {
        assert!(start.elapsed() < PATIENCE, "the thread does not wait");
        thread::yield_now();
    }
}

/// `PID/task/TID` of the calling thread.
fn thread_id() -> String {
    fs::read_link("/proc/thread-self").unwrap().into_os_string().into_string().unwrap()
}

/// Runs `act` while another thread sleeps in `wait`, and returns what `wait` did.
fn while_waiting<T: Send>(wait: impl FnOnce() -> T + Send, act: impl FnOnce()) -> T {
    thread::scope(|scope| {
        let (send_id, id) = mpsc::channel();
        let waiter = scope.spawn(move || {
            send_id.send(thread_id()).unwrap();
            wait()
        });
        await_asleep(&id.recv().unwrap());
        act();
        waiter.join().unwrap()
    })
}
