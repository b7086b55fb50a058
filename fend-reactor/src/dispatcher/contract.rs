//! The contract of [`Dispatch`], run on each dispatcher.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::*;
use crate::sys::{self, EventFd};

/// How long a test waits for what must happen. Far longer than it takes; only a failure waits this long.
const PATIENCE: Duration = Duration::from_secs(20);

/// Long enough to notice an event that must not happen: it would be there at once.
const MOMENT: Duration = Duration::from_millis(20);

/// One test per dispatcher for each body.
macro_rules! on_each_dispatcher {
    ($($(#[$meta:meta])* fn $name:ident($dispatcher:ident) $body:block)*) => {$(
        $(#[$meta])*
        mod $name {
            use super::*;

            fn body($dispatcher: Dispatcher) $body

            #[test]
            fn epoll() {
                body(Dispatcher::Epoll);
            }

            #[test]
            fn poll() {
                body(Dispatcher::Poll);
            }
        }
    )*};
}

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
        self.dispatch.add(fd.as_fd(), token).unwrap();
        token
    }

    fn add_armed(&self, fd: &impl AsFd, direction: Direction) -> Token {
        let token = self.add(fd);
        self.dispatch.arm(token, direction);
        token
    }

    fn wait(&self, timeout: Option<Duration>) -> Vec<Event> {
        let mut events = Vec::new();
        self.dispatch.wait(&mut events, timeout).unwrap();
        events
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
        let mut seen = Readiness::NONE;
        loop {
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

on_each_dispatcher! {
    fn ready_before_arm(dispatcher) {
        let bench = Bench::new(dispatcher);
        let (socket, mut peer) = unix_pair();
        peer.write_all(b"x").unwrap();
        let token = bench.add_armed(&socket, Direction::Read);
        assert!(!bench.expect(token, Readiness::READABLE).intersects(Readiness::READ_CLOSED));
    }

    fn ready_after_arm(dispatcher) {
        let bench = Bench::new(dispatcher);
        let (socket, mut peer) = unix_pair();
        let token = bench.add_armed(&socket, Direction::Read);
        assert!(!bench.gather(token).intersects(Direction::Read.mask()));
        peer.write_all(b"x").unwrap();
        bench.expect(token, Readiness::READABLE);
    }

    fn armed_while_another_thread_waits(dispatcher) {
        let bench = Bench::new(dispatcher);
        let (socket, mut peer) = unix_pair();
        let token = bench.token();
        let act = || {
            bench.dispatch.add(socket.as_fd(), token).unwrap();
            peer.write_all(b"x").unwrap();
            bench.dispatch.arm(token, Direction::Read);
        };
        while_waiting(|| bench.expect(token, Readiness::READABLE), act);
    }

    fn second_direction_armed_while_another_thread_waits(dispatcher) {
        let bench = Bench::new(dispatcher);
        let (socket, _peer) = unix_pair();
        let token = bench.add_armed(&socket, Direction::Read);
        // Nothing but the second direction can end this wait on poll; epoll may report it early.
        if bench.gather(token).is_empty() {
            let act = || bench.dispatch.arm(token, Direction::Write);
            while_waiting(|| bench.expect(token, Readiness::WRITABLE), act);
        }
    }

    fn rearmed_after_each_report(dispatcher) {
        let bench = Bench::new(dispatcher);
        let (mut socket, mut peer) = unix_pair();
        let token = bench.add(&socket);
        for _ in 0..1_000 {
            peer.write_all(b"x").unwrap();
            bench.dispatch.arm(token, Direction::Read);
            bench.expect(token, Readiness::READABLE);
            assert_eq!(socket.read(&mut [0; 8]).unwrap(), 1);
        }
    }

    fn unanswered_readiness_does_not_spin(dispatcher) {
        let bench = Bench::new(dispatcher);
        let (socket, peer) = unix_pair();
        let token = bench.add_armed(&socket, Direction::Read);
        drop(peer);
        bench.expect(token, Readiness::READ_CLOSED);
        let start = Instant::now();
        assert!(bench.wait(Some(MOMENT)).is_empty());
        assert!(start.elapsed() >= MOMENT);
    }

    fn writable(dispatcher) {
        let bench = Bench::new(dispatcher);
        let (socket, mut peer) = unix_pair();
        fill(&socket);
        let token = bench.add_armed(&socket, Direction::Write);
        assert!(!bench.gather(token).intersects(Direction::Write.mask()));
        peer.set_nonblocking(true).unwrap();
        while peer.read(&mut [0; 65536]).is_ok() {}
        bench.expect(token, Readiness::WRITABLE);
    }

    fn priority(dispatcher) {
        let bench = Bench::new(dispatcher);
        let (socket, peer) = tcp_pair();
        let token = bench.add_armed(&socket, Direction::Priority);
        assert!(!bench.gather(token).intersects(Direction::Priority.mask()));
        socket2::SockRef::from(&peer).send_out_of_band(b"!").unwrap();
        bench.expect(token, Readiness::PRIORITY);
    }

    fn peer_shut_down(dispatcher) {
        for direction in [Direction::PeerClosed, Direction::Read] {
            let bench = Bench::new(dispatcher);
            let (socket, peer) = tcp_pair();
            let token = bench.add_armed(&socket, direction);
            assert!(!bench.gather(token).intersects(direction.mask()));
            peer.shutdown(Shutdown::Write).unwrap();
            let seen = bench.expect(token, Readiness::READ_CLOSED);
            assert!(!seen.intersects(Readiness::WRITE_CLOSED | Readiness::ERROR));
        }
    }

    fn peer_gone(dispatcher) {
        let bench = Bench::new(dispatcher);
        let (socket, peer) = unix_pair();
        let token = bench.add_armed(&socket, Direction::Read);
        drop(peer);
        bench.expect(token, Readiness::WRITE_CLOSED);
    }

    /// RE9
    fn reset_by_peer(dispatcher) {
        for direction in Direction::ALL {
            let bench = Bench::new(dispatcher);
            let (socket, peer) = tcp_pair();
            let token = bench.add_armed(&socket, direction);
            bench.gather(token);
            bench.dispatch.arm(token, direction);
            socket2::SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
            drop(peer);
            if direction == Direction::Write {
                // Writable already: the report of that may come first.
                while !bench.expect(token, Direction::Write.mask()).intersects(Readiness::ERROR) {
                    bench.dispatch.arm(token, direction);
                }
            } else {
                bench.expect(token, Readiness::ERROR);
            }
        }
    }

    /// RE9
    fn reader_of_a_pipe_gone(dispatcher) {
        let bench = Bench::new(dispatcher);
        let (reader, writer) = sys::pipe().unwrap();
        fill(File::from(writer.try_clone().unwrap()));
        let token = bench.add_armed(&writer, Direction::Write);
        assert!(!bench.gather(token).intersects(Direction::Write.mask()));
        drop(reader);
        bench.expect(token, Readiness::ERROR);
    }

    fn writer_of_a_pipe_gone(dispatcher) {
        let bench = Bench::new(dispatcher);
        let (reader, writer) = sys::pipe().unwrap();
        let token = bench.add_armed(&reader, Direction::Read);
        assert!(!bench.gather(token).intersects(Direction::Read.mask()));
        drop(writer);
        bench.expect(token, Readiness::READ_CLOSED);
    }

    /// RE8
    fn peer_shut_down_while_the_send_buffer_is_full(dispatcher) {
        let bench = Bench::new(dispatcher);
        let (socket, mut peer) = unix_pair();
        fill(&socket);
        peer.shutdown(Shutdown::Write).unwrap();
        let token = bench.add_armed(&socket, Direction::Write);
        let mut reports = 0;
        for _ in 0..50 {
            let events = bench.wait(Some(Duration::from_millis(2)));
            assert!(events.iter().all(|event| !event.readiness.intersects(Direction::Write.mask())), "{events:?}");
            reports += events.len();
            bench.dispatch.arm(token, Direction::Write);
        }
        assert!(reports <= 1, "{reports} reports of nothing new");
        peer.set_nonblocking(true).unwrap();
        while peer.read(&mut [0; 65536]).is_ok() {}
        bench.expect(token, Readiness::WRITABLE);
    }

    /// TM10: never early, and not rounded up to a millisecond.
    fn short_timeouts(dispatcher) {
        let bench = Bench::new(dispatcher);
        let timeout = Duration::from_micros(100);
        let mut late: Vec<Duration> = (0..500)
            .map(|_| {
                let start = Instant::now();
                assert!(bench.wait(Some(timeout)).is_empty());
                start.elapsed().checked_sub(timeout).expect("ended early")
            })
            .collect();
        late.sort();
        assert!(late[late.len() / 2] < Duration::from_micros(500), "median {:?} late", late[late.len() / 2]);
    }

    fn timeouts_of_any_precision_are_never_early(dispatcher) {
        let bench = Bench::new(dispatcher);
        for nanoseconds in [0, 1, 999, 1_001, 999_999, 1_000_001, 1_999_999, 3_333_333] {
            let timeout = Duration::from_nanos(nanoseconds);
            let start = Instant::now();
            assert!(bench.wait(Some(timeout)).is_empty());
            assert!(start.elapsed() >= timeout, "{timeout:?}");
        }
    }

    /// TM2
    fn longest_timeouts(dispatcher) {
        let bench = Bench::new(dispatcher);
        let day = Duration::from_secs(24 * 3600);
        let timeouts =
            [Duration::MAX, day * 30, Duration::from_millis((1 << 31) + 5), Duration::from_millis(1 << 36), day * 1100];
        for timeout in timeouts {
            assert!(while_waiting(|| bench.wait(Some(timeout)), || bench.dispatch.wake()).is_empty());
        }
    }

    fn wake_before_wait(dispatcher) {
        let bench = Bench::new(dispatcher);
        for _ in 0..100 {
            bench.dispatch.wake();
            assert!(bench.wait(None).is_empty());
        }
    }

    /// RE14
    fn wakes_coalesce(dispatcher) {
        let bench = Bench::new(dispatcher);
        (0..1_000_000).for_each(|_| bench.dispatch.wake());
        assert!(bench.wait(None).is_empty());
        let start = Instant::now();
        assert!(bench.wait(Some(MOMENT)).is_empty());
        assert!(start.elapsed() >= MOMENT, "one wake ended two waits");
    }

    /// RE14: each published number is seen by a wait that ends because of its wake; a lost one would hang.
    fn no_wake_is_lost(dispatcher) {
        const LAST: u32 = 20_000;
        let bench = Bench::new(dispatcher);
        let (published, seen) = (AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            scope.spawn(|| {
                for number in 1..=LAST {
                    published.store(number, Ordering::Release);
                    bench.dispatch.wake();
                    // Every other time without waiting for the answer, so that wakes meet every stage of the wait.
                    while number % 2 == 0 && seen.load(Ordering::Acquire) < number {
                        thread::yield_now();
                    }
                }
            });
            while seen.load(Ordering::Relaxed) < LAST {
                let before = Instant::now();
                assert!(bench.wait(Some(PATIENCE)).is_empty());
                assert!(before.elapsed() < PATIENCE, "a wake was lost");
                seen.store(published.load(Ordering::Acquire), Ordering::Release);
            }
        });
    }

    /// RE10
    fn interrupted_by_signals(dispatcher) {
        sys::ignore_without_restart();
        let bench = Bench::new(dispatcher);
        let waiter = thread::spawn(move || {
            for _ in 0..200 {
                assert!(bench.wait(None).is_empty());
            }
        });
        let start = Instant::now();
        while !waiter.is_finished() && sys::interrupt(&waiter) {
            assert!(start.elapsed() < PATIENCE, "signals do not end the wait");
            thread::yield_now();
        }
        waiter.join().unwrap();
    }

    /// RE12
    fn what_cannot_be_polled_is_refused(dispatcher) {
        let bench = Bench::new(dispatcher);
        let executable = std::env::current_exe().unwrap();
        for path in [executable.as_path(), "/".as_ref(), "/dev/null".as_ref(), "/dev/zero".as_ref()] {
            let file = File::open(path).unwrap();
            let error = bench.dispatch.add(file.as_fd(), bench.token()).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EPERM), "{path:?}");
        }
        assert!(bench.wait(Some(MOMENT)).is_empty(), "something was kept");
    }

    /// A regular file by its type, and yet it can be polled: the kind of the file alone does not tell.
    fn mount_table_is_accepted(dispatcher) {
        let bench = Bench::new(dispatcher);
        let mounts = File::open("/proc/self/mounts").unwrap();
        let token = bench.add_armed(&mounts, Direction::Read);
        bench.expect(token, Readiness::READABLE);
    }

    fn same_fd_twice_is_refused(dispatcher) {
        let bench = Bench::new(dispatcher);
        let (socket, mut peer) = unix_pair();
        let first = bench.add(&socket);
        let error = bench.dispatch.add(socket.as_fd(), bench.token()).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EEXIST));
        peer.write_all(b"x").unwrap();
        bench.dispatch.arm(first, Direction::Read);
        bench.expect(first, Readiness::READABLE);
    }

    fn duplicate_of_an_fd_is_accepted(dispatcher) {
        let bench = Bench::new(dispatcher);
        let (socket, mut peer) = unix_pair();
        let duplicate = socket.try_clone().unwrap();
        let tokens = [bench.add_armed(&socket, Direction::Read), bench.add_armed(&duplicate, Direction::Read)];
        peer.write_all(b"x").unwrap();
        let mut missing = tokens.to_vec();
        while !missing.is_empty() {
            let events = bench.wait(Some(PATIENCE));
            assert!(!events.is_empty());
            missing.retain(|token| {
                !events.iter().any(|e| e.token == *token && e.readiness.intersects(Readiness::READABLE))
            });
        }
    }

    /// RE1: the fd is closed without `remove`, and its number is used again.
    fn number_used_again(dispatcher) {
        let bench = Bench::new(dispatcher);
        let (old, old_peer) = unix_pair();
        let old_token = bench.add_armed(&old, Direction::Read);
        bench.gather(old_token);
        let number = old.as_raw_fd();
        let ghost = old.try_clone().unwrap();
        let (new, mut new_peer) = unix_pair();
        let new = replace_fd(old, &new);
        assert_eq!(new.as_raw_fd(), number);
        let new_token = bench.add_armed(&new, Direction::Read);
        new_peer.write_all(b"x").unwrap();
        bench.expect(new_token, Readiness::READABLE);
        bench.gather(new_token);
        (&old_peer).write_all(b"x").unwrap();
        assert!(bench.gather(new_token).is_empty(), "the old file's event reached the new one");
        drop(ghost);
    }

    /// RE1: as above with files that share one inode.
    fn number_of_an_eventfd_used_again(dispatcher) {
        let bench = Bench::new(dispatcher);
        let (old, new) = (EventFd::new().unwrap(), EventFd::new().unwrap());
        let old_fd = old.as_fd().try_clone_to_owned().unwrap();
        bench.add_armed(&old_fd, Direction::Read);
        let new_fd = replace_fd(old_fd, &new);
        let token = bench.add_armed(&new_fd, Direction::Read);
        new.write().unwrap();
        bench.expect(token, Readiness::READABLE);
    }

    fn removed_is_reported_no_more(dispatcher) {
        let bench = Bench::new(dispatcher);
        let (socket, mut peer) = unix_pair();
        let token = bench.add_armed(&socket, Direction::Read);
        bench.gather(token);
        bench.dispatch.remove(socket.as_raw_fd(), token);
        peer.write_all(b"x").unwrap();
        bench.dispatch.arm(token, Direction::Read);
        assert!(bench.gather(token).is_empty());
    }

    fn removing_twice_or_after_close_is_no_error(dispatcher) {
        let bench = Bench::new(dispatcher);
        let (socket, mut peer) = unix_pair();
        let token = bench.add_armed(&socket, Direction::Read);
        bench.dispatch.remove(socket.as_raw_fd(), token);
        bench.dispatch.remove(socket.as_raw_fd(), token);
        let again = bench.add_armed(&socket, Direction::Read);
        peer.write_all(b"x").unwrap();
        bench.expect(again, Readiness::READABLE);
    }

    /// The peer must see the end of the stream though a thread sits in a wait that named the socket.
    fn removed_and_closed_while_another_thread_waits(dispatcher) {
        let bench = Bench::new(dispatcher);
        let (socket, mut peer) = unix_pair();
        peer.set_read_timeout(Some(PATIENCE)).unwrap();
        let token = bench.add_armed(&socket, Direction::Read);
        bench.gather(token);
        bench.dispatch.arm(token, Direction::Read);
        let act = || {
            bench.dispatch.remove(socket.as_raw_fd(), token);
            drop(socket);
            let read = peer.read(&mut [0; 8]);
            bench.dispatch.wake();
            assert_eq!(read.expect("the peer sees no end of stream"), 0);
        };
        while_waiting(|| bench.wait(None), act);
    }

    /// RE13
    fn every_ready_fd_gets_its_turn(dispatcher) {
        const FDS: usize = 2_000;
        const TURNS: usize = 4;
        let (soft, hard) = sys::fd_limit();
        sys::set_fd_limit(hard.min(soft.max(10_000)));
        let bench = Bench::new(dispatcher);
        let fds: Vec<EventFd> = (0..FDS).map(|_| EventFd::new().unwrap()).collect();
        for fd in &fds {
            fd.write().unwrap();
            bench.add_armed(fd, Direction::Read);
        }
        let mut served = vec![0; FDS];
        let mut total = 0;
        while total < 2 * TURNS * FDS {
            for Event { token, .. } in bench.wait(Some(PATIENCE)) {
                let fd = &fds[token.slot as usize];
                served[token.slot as usize] += 1;
                total += 1;
                // Ready again at once, and asked for again.
                fd.read().unwrap();
                fd.write().unwrap();
                bench.dispatch.arm(token, Direction::Read);
            }
        }
        assert!(served.iter().all(|turns| *turns >= TURNS), "{:?}", served.iter().min());
    }
}

/// Puts `file` under the number of `old`, which is closed thereby.
fn replace_fd(old: impl Into<OwnedFd>, file: &impl AsFd) -> OwnedFd {
    sys::duplicate_onto(file.as_fd(), old.into()).unwrap()
}

/// poll(2) alone: a number that was closed behind the dispatcher's back.
#[test]
fn closed_number_is_reported_once_by_poll() {
    in_a_process_of_its_own("dispatcher::contract::closed_number_is_reported_once_by_poll", || {
        let bench = Bench::new(Dispatcher::Poll);
        let (socket, _peer) = unix_pair();
        let token = bench.add_armed(&socket, Direction::Write);
        drop(socket);
        let broken = Readiness::ERROR | Readiness::READ_CLOSED | Readiness::WRITE_CLOSED;
        assert_eq!(bench.expect(token, Readiness::ERROR), broken);
        assert!(bench.gather(token).is_empty(), "reported for ever");
    });
}

/// poll(2) alone: `RLIMIT_NOFILE` lowered below the number of watched fds.
#[test]
fn more_fds_than_the_limit_is_a_clear_error_of_poll() {
    in_a_process_of_its_own("dispatcher::contract::more_fds_than_the_limit_is_a_clear_error_of_poll", || {
        let bench = Bench::new(Dispatcher::Poll);
        let pairs: Vec<_> = (0..20).map(|_| unix_pair()).collect();
        for (socket, _) in &pairs {
            bench.add_armed(socket, Direction::Write);
        }
        sys::set_fd_limit(10);
        let error = bench.dispatch.wait(&mut Vec::new(), None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("RLIMIT_NOFILE"), "{error}");
        sys::set_fd_limit(100);
        assert_eq!(bench.wait(None).len(), pairs.len());
    });
}

/// RE11 (its half that needs no fault plan): no fd left over when there are too few for a whole dispatcher.
#[test]
fn opened_whole_or_not_at_all_at_the_fd_limit() {
    in_a_process_of_its_own("dispatcher::contract::opened_whole_or_not_at_all_at_the_fd_limit", || {
        let (soft, _) = sys::fd_limit();
        let before = open_fds();
        let lowest_free = File::open("/dev/null").unwrap().as_raw_fd() as u64;
        for dispatcher in Dispatcher::ALL {
            let mut refused = 0;
            while open_with_limit(*dispatcher, lowest_free + refused, soft).is_err() {
                assert_eq!(open_fds(), before);
                refused += 1;
            }
            let needed = if *dispatcher == Dispatcher::Epoll { 2 } else { 1 };
            assert_eq!(refused, needed);
            assert_eq!(open_fds(), before);
        }
    });
}

fn open_with_limit(dispatcher: Dispatcher, limit: u64, usual: u64) -> io::Result<()> {
    sys::set_fd_limit(limit);
    let result = dispatcher.open().map(drop);
    sys::set_fd_limit(usual);
    result
}

/// RE17
#[test]
fn own_fds_are_close_on_exec_and_nonblocking() {
    in_a_process_of_its_own("dispatcher::contract::own_fds_are_close_on_exec_and_nonblocking", || {
        for dispatcher in Dispatcher::ALL {
            let before = open_fds();
            let _open = dispatcher.open().unwrap();
            for fd in open_fds().into_iter().filter(|fd| !before.contains(fd)) {
                let flags = fd_flags(&fd);
                assert_ne!(flags & libc::O_CLOEXEC, 0, "{dispatcher:?} {fd}");
                let file = fs::read_link(format!("/proc/self/fd/{fd}")).unwrap();
                let is_epoll = file.to_string_lossy().contains("eventpoll");
                // An epoll has no blocking mode: the timeout says how long to wait.
                assert!(is_epoll || flags & libc::O_NONBLOCK != 0, "{dispatcher:?} {fd}");
            }
        }
    });
}

/// The numbers of this process's open fds.
fn open_fds() -> Vec<String> {
    let listed: Vec<String> = fs::read_dir("/proc/self/fd")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    // Without the one that the listing itself used.
    listed.into_iter().filter(|fd| fs::read_link(format!("/proc/self/fd/{fd}")).is_ok()).collect()
}

/// What fcntl(2) would say, from proc(5).
fn fd_flags(fd: &str) -> i32 {
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).unwrap();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap();
    i32::from_str_radix(flags.trim(), 8).unwrap()
}

/// For tests of what belongs to the whole process: limits and fd numbers. Runs the named test alone, in a child.
fn in_a_process_of_its_own(test: &str, body: impl FnOnce()) {
    const MARK: &str = "FEND_TEST_ALONE";
    if std::env::var_os(MARK).is_some() {
        return body();
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(MARK, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
