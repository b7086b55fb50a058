//! A driver over a dispatcher that the test controls, with wakers that count. No executor, and almost no fds.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::pin::pin;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use super::testing::{CountingWaker, FakeDispatch};
use super::turn::Turned;
use super::*;
use crate::clock::NEVER;
use crate::dispatcher::{Direction, Readiness};

/// A driver, and the dispatcher beneath it.
struct Bench {
    fake: Arc<FakeDispatch>,
    driver: Arc<Driver>,
}

impl Bench {
    fn new() -> Self {
        let fake = Arc::new(FakeDispatch::default());
        let driver = Driver::with_dispatch(0, Box::new(Arc::clone(&fake)), Arc::new(Clock::new()));
        Bench { fake, driver }
    }

    fn source(&self, fd: BorrowedFd<'_>) -> Source {
        self.try_source(fd).unwrap()
    }

    fn try_source(&self, fd: BorrowedFd<'_>) -> io::Result<Source> {
        let source = Source::new(fd.as_raw_fd(), Readiness::NONE);
        source.register_with_driver(fd, &self.driver)?;
        Ok(source)
    }

    fn turn(&self) -> Turned {
        self.driver.try_attend().unwrap().turn(Some(Duration::ZERO)).unwrap()
    }

    /// A turn that may sleep.
    fn sleep(&self, timeout: Option<Duration>) -> Turned {
        self.driver.try_attend().unwrap().turn(timeout).unwrap()
    }

    fn token(&self, fd: BorrowedFd<'_>) -> Token {
        let watched = self.fake.watched();
        watched.iter().find(|(number, _)| *number == fd.as_raw_fd()).unwrap().1
    }

    fn report(&self, fd: BorrowedFd<'_>, readiness: Readiness) {
        self.fake.push(self.token(fd), readiness);
    }
}

fn null() -> File {
    File::open("/dev/null").unwrap()
}

fn poll(source: &Source, fd: BorrowedFd<'_>, direction: Direction, waker: &Waker) -> Poll<io::Result<Seen>> {
    source.poll_ready(&mut Context::from_waker(waker), &fd, direction)
}

fn is_ready(source: &Source, fd: BorrowedFd<'_>, direction: Direction) -> bool {
    poll(source, fd, direction, Waker::noop()).map(Result::unwrap).is_ready()
}

/// A waker that runs code when it is woken, and when it is dropped.
struct Hook {
    on_wake: Box<dyn Fn() + Send + Sync>,
    on_drop: Box<dyn Fn() + Send + Sync>,
}

impl Wake for Hook {
    fn wake(self: Arc<Self>) {
        (self.on_wake)();
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        (self.on_drop)();
    }
}

fn hook(on_wake: impl Fn() + Send + Sync + 'static, on_drop: impl Fn() + Send + Sync + 'static) -> Waker {
    Waker::from(Arc::new(Hook { on_wake: Box::new(on_wake), on_drop: Box::new(on_drop) }))
}

#[test]
fn an_event_wakes_the_waiter_and_ends_its_wait() {
    let (bench, file) = (Bench::new(), null());
    let (fd, waker) = (file.as_fd(), CountingWaker::new());
    let source = bench.source(fd);
    assert!(poll(&source, fd, Direction::Read, &waker.waker()).is_pending());
    assert_eq!(bench.fake.armed(), [(bench.token(fd), Direction::Read)]);
    assert!(bench.driver.has_waiters());
    bench.report(fd, Readiness::READABLE);
    assert_eq!(bench.turn().events, 1);
    assert_eq!((waker.wakes(), waker.alive()), (1, 0));
    assert!(!bench.driver.has_waiters());
    let Poll::Ready(Ok(seen)) = poll(&source, fd, Direction::Read, &waker.waker()) else {
        panic!("not ready")
    };
    source.clear(seen, Direction::Read);
    assert!(!is_ready(&source, fd, Direction::Read));
    assert_eq!((bench.driver.turns(), bench.driver.events()), (1, 1));
}

/// RE1, RE2: a token outlives its source in the kernel's queue, and the slot is in use again.
#[test]
fn a_stale_token_reaches_nobody() {
    let (bench, file) = (Bench::new(), null());
    let first = bench.source(file.as_fd());
    let stale = bench.token(file.as_fd());
    drop(first);
    assert!(bench.fake.watched().is_empty());
    let second = bench.source(file.as_fd());
    let fresh = bench.token(file.as_fd());
    assert_eq!(stale.slot, fresh.slot);
    bench.fake.push(stale, Readiness::READABLE);
    assert_eq!(bench.turn().events, 0);
    assert!(!is_ready(&second, file.as_fd(), Direction::Read));
}

/// RE3
#[test]
fn an_event_for_a_source_dropped_before_it_was_dispatched_is_ignored() {
    let (bench, files) = (Bench::new(), [null(), null()]);
    let (dropped, kept) = (bench.source(files[0].as_fd()), bench.source(files[1].as_fd()));
    for file in &files {
        bench.report(file.as_fd(), Readiness::READABLE);
    }
    bench.fake.during_wait(move || drop(dropped));
    assert_eq!(bench.turn().events, 1);
    assert!(is_ready(&kept, files[1].as_fd(), Direction::Read));
}

/// RE3: the first event's waker drops the source of the second.
#[test]
fn a_waker_may_drop_a_source_of_the_same_batch() {
    let (bench, files) = (Bench::new(), [null(), null()]);
    let first = bench.source(files[0].as_fd());
    let second = Mutex::new(Some(bench.source(files[1].as_fd())));
    let orphan = CountingWaker::new();
    let waiting =
        poll(second.lock().unwrap().as_ref().unwrap(), files[1].as_fd(), Direction::Write, &orphan.waker());
    assert!(waiting.is_pending());
    let killer = hook(move || drop(second.lock().unwrap().take()), || ());
    assert!(poll(&first, files[0].as_fd(), Direction::Read, &killer).is_pending());
    for file in &files {
        bench.report(file.as_fd(), Readiness::READABLE);
    }
    assert_eq!(bench.turn().events, 2);
    assert_eq!(bench.fake.watched().len(), 1);
    assert_eq!(orphan.wakes(), 1, "whoever waits on a dropped source is woken");
}

/// RE4
#[test]
fn readiness_between_would_block_and_clear_is_not_lost() {
    let (bench, file) = (Bench::new(), null());
    let fd = file.as_fd();
    let source = bench.source(fd);
    bench.report(fd, Readiness::READABLE);
    bench.turn();
    let Poll::Ready(Ok(seen)) = poll(&source, fd, Direction::Read, Waker::noop()) else {
        panic!("not ready")
    };
    // The read says `WouldBlock` here.
    bench.report(fd, Readiness::READABLE);
    bench.turn();
    source.clear(seen, Direction::Read);
    assert!(is_ready(&source, fd, Direction::Read));
}

/// RE5, RE8: the peer's end of stream is no room to write.
#[test]
fn a_peer_that_stops_sending_does_not_wake_writers() {
    let (bench, file) = (Bench::new(), null());
    let fd = file.as_fd();
    let source = bench.source(fd);
    let wakers = Direction::ALL.map(|direction| {
        let waker = CountingWaker::new();
        assert!(poll(&source, fd, direction, &waker.waker()).is_pending());
        waker
    });
    bench.report(fd, Readiness::READABLE | Readiness::READ_CLOSED);
    bench.turn();
    assert_eq!(
        wakers.each_ref().map(CountingWaker::wakes),
        [1, 0, 0, 1],
        "read, write, priority, peer closed"
    );
    assert!(!is_ready(&source, fd, Direction::Write));
}

/// RE9
#[test]
fn an_error_wakes_every_direction() {
    let (bench, file) = (Bench::new(), null());
    let fd = file.as_fd();
    let source = bench.source(fd);
    let wakers = Direction::ALL.map(|direction| {
        let waker = CountingWaker::new();
        assert!(poll(&source, fd, direction, &waker.waker()).is_pending());
        waker
    });
    bench.report(fd, Readiness::ERROR);
    bench.turn();
    assert_eq!(wakers.each_ref().map(CountingWaker::wakes), [1; 4]);
    assert!(Direction::ALL.iter().all(|direction| is_ready(&source, fd, *direction)));
}

/// RE6: through the futures, which take their wakers out when they are dropped.
#[test]
fn dropped_waits_leave_nothing_behind() {
    let (bench, file) = (Bench::new(), null());
    let fd = file.as_fd();
    let source = bench.source(fd);
    let wakers: Vec<_> = (0..8).map(|_| CountingWaker::new()).collect();
    let mut waits: Vec<_> = wakers.iter().map(|_| source.wait_ready(fd, Direction::Read)).collect();
    for (wait, waker) in waits.iter_mut().zip(&wakers) {
        assert!(pin!(wait).poll(&mut Context::from_waker(&waker.waker())).is_pending());
    }
    waits.drain(..7);
    bench.report(fd, Readiness::READABLE);
    bench.turn();
    let woken: Vec<_> = wakers.iter().map(CountingWaker::wakes).collect();
    assert_eq!(woken, [0, 0, 0, 0, 0, 0, 0, 1]);
    assert!(!bench.driver.has_waiters());
    assert!(wakers.iter().all(|waker| waker.alive() == 0));
}

/// EX8
#[test]
fn a_waker_that_panics_does_not_keep_the_others_asleep() {
    let (bench, file) = (Bench::new(), null());
    let fd = file.as_fd();
    let source = bench.source(fd);
    let others = [CountingWaker::new(), CountingWaker::new()];
    let order = [
        others[0].waker(),
        hook(|| panic!("in wake"), || ()),
        hook(|| (), || panic!("in drop")),
        others[1].waker(),
    ];
    for waker in &order {
        assert!(poll(&source, fd, Direction::Read, waker).is_pending());
    }
    // The source's clones are now the last of each.
    drop(order);
    bench.report(fd, Readiness::READABLE);
    bench.turn();
    assert_eq!(others.each_ref().map(CountingWaker::wakes), [1, 1]);
    bench.report(fd, Readiness::WRITABLE);
    assert_eq!(bench.turn().events, 1, "the driver works on");
}

/// EX9
#[test]
fn a_waker_may_use_its_source_and_driver_again() {
    let (bench, file) = (Bench::new(), Arc::new(null()));
    let source = Arc::new(bench.source(file.as_fd()));
    let driver = Arc::downgrade(&bench.driver);
    // A panic in a waker is swallowed: only a count of those that got to the end tells.
    let done = Arc::new(AtomicUsize::new(0));
    let re_enter = {
        let (source, file, done) = (Arc::clone(&source), Arc::clone(&file), Arc::clone(&done));
        move || {
            let driver: Arc<Driver> = Weak::upgrade(&driver).unwrap();
            assert!(!is_ready(&source, file.as_fd(), Direction::Write));
            assert!(driver.has_waiters() && driver.has_work());
            let mut key = None;
            driver.set_timer(&mut key, 5, Waker::noop());
            driver.cancel_timer(key.unwrap());
            done.fetch_add(1, SeqCst);
        }
    };
    let waker = hook(re_enter.clone(), re_enter.clone());
    let mut key = None;
    let mut timed = source.wait_ready(file.as_fd(), Direction::Read);
    assert!(pin!(&mut timed).poll(&mut Context::from_waker(&waker)).is_pending());
    assert!(bench.driver.set_timer(&mut key, NEVER_SOON, &waker));
    drop(waker);
    // Replaced, cancelled and dropped, each time the last of its kind.
    assert!(pin!(&mut timed).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    bench.driver.cancel_timer(key.unwrap());
    let waker = hook(re_enter.clone(), re_enter);
    assert!(pin!(&mut timed).poll(&mut Context::from_waker(&waker)).is_pending());
    drop(waker);
    assert_eq!(done.load(SeqCst), 1, "the first waker's drop");
    bench.report(file.as_fd(), Readiness::READABLE);
    bench.turn();
    assert_eq!(done.load(SeqCst), 3, "the second one's wake and drop");
}

const NEVER_SOON: Nanos = u64::MAX / 2;

/// RE1: the number of `file` is taken by another file, as far as driver and dispatcher can tell.
#[test]
fn a_ghost_neither_gets_events_nor_removes_its_successor() {
    let (bench, file) = (Bench::new(), null());
    let (fd, waiter) = (file.as_fd(), CountingWaker::new());
    let ghost = bench.source(fd);
    let stale = bench.token(fd);
    assert!(poll(&ghost, fd, Direction::Read, &waiter.waker()).is_pending());
    bench.fake.vanish(fd.as_raw_fd());

    let successor = bench.source(fd);
    assert_eq!(waiter.wakes(), 1);
    let Poll::Ready(Err(error)) = poll(&ghost, fd, Direction::Read, Waker::noop()) else {
        panic!("must fail")
    };
    assert!(error.to_string().contains("in use by another file"), "{error}");
    bench.fake.push(stale, Readiness::READABLE);
    assert_eq!(bench.turn().events, 0);

    drop(ghost);
    assert_eq!(bench.fake.watched().len(), 1);
    bench.report(fd, Readiness::READABLE);
    assert_eq!(bench.turn().events, 1);
    assert!(is_ready(&successor, fd, Direction::Read));
}

/// RE1: the ghost is gone, its file has come back to its number.
#[test]
fn what_a_ghost_left_in_the_dispatcher_makes_way() {
    let (bench, file) = (Bench::new(), null());
    let fd = file.as_fd();
    let left = Token { slot: 77, generation: 1 };
    bench.fake.leave(fd.as_raw_fd(), left);
    let source = bench.source(fd);
    assert_ne!(bench.token(fd), left);
    drop(source);
    assert!(bench.fake.watched().is_empty());
}

#[test]
fn a_second_registration_of_the_same_open_fd_is_an_error() {
    let (bench, file) = (Bench::new(), null());
    let fd = file.as_fd();
    let source = bench.source(fd);
    let error = bench.try_source(fd).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    assert!(error.to_string().contains("already registered"), "{error}");
    bench.report(fd, Readiness::READABLE);
    bench.turn();
    assert!(is_ready(&source, fd, Direction::Read), "the first is not disturbed");
}

/// RE11
#[test]
fn a_refused_registration_leaves_nothing() {
    let (bench, file) = (Bench::new(), null());
    bench.fake.refuse(libc::ENOSPC);
    let error = bench.try_source(file.as_fd()).unwrap_err();
    assert!(error.to_string().contains("max_user_watches"), "{error}");
    assert!(!bench.driver.has_work());
    drop(bench.source(file.as_fd()));
    assert!(!bench.driver.has_work());
}

#[test]
fn a_sleep_lasts_no_longer_than_to_the_earliest_timer() {
    let bench = Bench::new();
    bench.sleep(None);
    assert_eq!(bench.fake.timeout(), None);
    let (mut key, far) = (None, bench.driver.clock().now() + 3_600_000_000_000);
    bench.driver.set_timer(&mut key, far, Waker::noop());
    bench.sleep(None);
    let timeout = bench.fake.timeout().unwrap();
    assert!(timeout > Duration::from_secs(3_000) && timeout <= Duration::from_secs(3_600), "{timeout:?}");
    bench.sleep(Some(Duration::from_secs(5)));
    assert_eq!(bench.fake.timeout(), Some(Duration::from_secs(5)));
    bench.driver.set_timer(&mut key, 0, Waker::noop());
    assert_eq!(bench.sleep(None).timers, 1);
    assert_eq!(bench.fake.timeout(), Some(Duration::ZERO));
}

#[test]
fn a_paused_clock_shortens_no_sleep() {
    let bench = Bench::new();
    bench.driver.clock().pause();
    let (mut key, waker) = (None, CountingWaker::new());
    let deadline = bench.driver.clock().now() + 1;
    bench.driver.set_timer(&mut key, deadline, &waker.waker());
    assert_eq!(bench.sleep(None).timers, 0);
    assert_eq!(bench.fake.timeout(), None);
    bench.driver.clock().advance_to(deadline);
    assert_eq!(bench.turn().timers, 1);
    assert_eq!(waker.wakes(), 1);
}

/// Sets timers while the attendant sleeps, and says how many wakes that cost.
fn wakes_of_timers_set_during_sleep(
    bench: &Bench,
    timeout: Option<Duration>,
    deadlines: &'static [Nanos],
) -> usize {
    let before = bench.fake.wakes();
    let driver = Arc::clone(&bench.driver);
    bench.fake.during_wait(move || {
        for deadline in deadlines {
            assert!(driver.set_timer(&mut None, *deadline, Waker::noop()));
        }
    });
    bench.sleep(timeout);
    bench.fake.wakes() - before
}

#[test]
fn a_timer_wakes_the_driver_only_when_it_sleeps_past_it() {
    const HOUR: Nanos = 3_600_000_000_000;
    let bench = Bench::new();
    assert_eq!(wakes_of_timers_set_during_sleep(&bench, None, &[NEVER, NEVER]), 0, "it dozes, and may");
    let bench = Bench::new();
    assert_eq!(wakes_of_timers_set_during_sleep(&bench, None, &[NEVER, HOUR, HOUR / 2]), 1, "it dozes");
    let bench = Bench::new();
    bench.driver.set_timer(&mut None, HOUR, Waker::noop());
    assert_eq!(bench.fake.wakes(), 0, "nobody sleeps");
    assert_eq!(wakes_of_timers_set_during_sleep(&bench, None, &[HOUR, 2 * HOUR]), 0, "not earlier");
    assert_eq!(
        wakes_of_timers_set_during_sleep(&bench, None, &[HOUR / 2, HOUR / 3]),
        1,
        "one wake is enough"
    );
    let short = Some(Duration::from_secs(1));
    assert_eq!(wakes_of_timers_set_during_sleep(&bench, short, &[HOUR / 4]), 0, "it looks again before that");
    assert_eq!(wakes_of_timers_set_during_sleep(&bench, Some(Duration::ZERO), &[0]), 0, "it does not sleep");
    bench.driver.set_timer(&mut None, 0, Waker::noop());
    assert_eq!(bench.fake.wakes(), 1, "the sleep is over");
}

#[test]
fn a_timer_is_moved_in_place_and_takes_its_new_waker() {
    let bench = Bench::new();
    let (first, second) = (CountingWaker::new(), CountingWaker::new());
    let mut key = None;
    assert!(bench.driver.set_timer(&mut key, NEVER_SOON, &first.waker()));
    let armed = key;
    assert!(bench.driver.set_timer(&mut key, NEVER_SOON - 1, &first.waker()));
    assert_eq!((key, bench.driver.next_deadline()), (armed, Some(NEVER_SOON - 1)));
    assert!(bench.driver.set_timer(&mut key, 0, &second.waker()));
    assert_eq!((key, first.alive()), (armed, 0));
    assert_eq!(bench.turn().timers, 1);
    assert_eq!((first.wakes(), second.wakes()), (0, 1));
    assert!(bench.driver.set_timer(&mut key, 0, &second.waker()), "armed anew after it fired");
    assert_eq!(bench.turn().timers, 1);
    assert_eq!((second.wakes(), second.alive()), (2, 0));
}

#[test]
fn close_wakes_everyone_and_refuses_what_comes_later() {
    let (bench, files) = (Bench::new(), [null(), null()]);
    let source = bench.source(files[0].as_fd());
    let wakers = [CountingWaker::new(), CountingWaker::new()];
    let mut key = None;
    assert!(poll(&source, files[0].as_fd(), Direction::Read, &wakers[0].waker()).is_pending());
    assert!(bench.driver.set_timer(&mut key, NEVER_SOON, &wakers[1].waker()));
    bench.driver.close();
    bench.driver.close();
    assert!(bench.driver.is_closed() && !bench.driver.has_work());
    assert_eq!(wakers.each_ref().map(CountingWaker::wakes), [1, 1]);
    assert!(bench.fake.watched().is_empty());

    let Poll::Ready(Err(error)) = poll(&source, files[0].as_fd(), Direction::Read, Waker::noop()) else {
        panic!("must fail")
    };
    assert_eq!(error.to_string(), "the runtime of this fd has shut down");
    let error = bench.try_source(files[1].as_fd()).unwrap_err();
    assert_eq!(error.to_string(), "the runtime of this fd has shut down");
    assert!(!bench.driver.set_timer(&mut key, 0, &wakers[1].waker()));
    assert_eq!((key, wakers[1].alive()), (None, 0));
    drop(source);
    bench.turn();
}

#[test]
fn one_thread_attends_at_a_time() {
    let bench = Bench::new();
    let attendance = bench.driver.try_attend().unwrap();
    assert!(bench.driver.is_attended());
    assert!(bench.driver.try_attend().is_none());
    drop(attendance);
    assert!(!bench.driver.is_attended());
    assert!(bench.driver.try_attend().is_some());
}

/// EX9: a waker may run anything, even a turn of the driver that woke it. What a waker panics with is swallowed, so the turns that
/// were had are what is asserted.
#[test]
fn a_turn_leaves_the_driver_before_it_wakes() {
    let (bench, file) = (Bench::new(), null());
    let (fd, turns) = (file.as_fd(), Arc::new(Mutex::new(Vec::new())));
    let source = bench.source(fd);
    let (driver, had) = (Arc::downgrade(&bench.driver), Arc::clone(&turns));
    let waker = hook(
        move || {
            let driver: Arc<Driver> = Weak::upgrade(&driver).unwrap();
            let (attended, mut key) = (driver.is_attended(), None);
            driver.set_timer(&mut key, 0, Waker::noop());
            let turn = driver.try_attend().map(|attendance| attendance.turn(Some(Duration::ZERO)).unwrap());
            had.lock().unwrap().push((attended, turn.map(|turned| turned.timers)));
        },
        || (),
    );
    assert!(poll(&source, fd, Direction::Read, &waker).is_pending());
    assert!(bench.driver.set_timer(&mut None, 0, &waker));
    bench.report(fd, Readiness::READABLE);
    let turned = bench.turn();
    assert_eq!((turned.events, turned.timers), (1, 1));
    assert_eq!(*turns.lock().unwrap(), [(false, Some(1)); 2], "each waker had a turn of its own");
    bench.report(fd, Readiness::WRITABLE);
    assert_eq!(bench.turn().events, 1, "the driver works on");
}

#[test]
fn assumed_readiness_is_believed_without_registering() {
    let (bench, file) = (Bench::new(), null());
    let fd = file.as_fd();
    let source = Source::new(fd.as_raw_fd(), Readiness::WRITABLE);
    let Poll::Ready(Ok(seen)) = poll(&source, fd, Direction::Write, Waker::noop()) else {
        panic!("not ready")
    };
    assert!(bench.fake.watched().is_empty());
    source.clear(seen, Direction::Write);
    source.register_with_driver(fd, &bench.driver).unwrap();
    source.register_with_driver(fd, &bench.driver).unwrap();
    assert_eq!(bench.fake.watched().len(), 1, "registered once");
    assert!(!is_ready(&source, fd, Direction::Write));
}

/// The kernel reports while the task registers its waker: the second look finds it.
#[test]
fn an_event_that_comes_while_a_waker_is_cloned_is_seen() {
    let (bench, file) = (Bench::new(), null());
    let fd = file.as_fd();
    let source = bench.source(fd);
    bench.report(fd, Readiness::READABLE);
    let turned = OnceLock::new();
    let wait = source.state.wait(Direction::Read, waiters::Waiting::Polled, Waker::noop(), || {
        turned.set(bench.turn().events).unwrap();
    });
    assert_eq!(turned.get(), Some(&1));
    assert!(wait.is_ready());
}

/// A source that was registered for somebody who reads.
fn reading_source(bench: &Bench, fd: BorrowedFd<'_>) -> Source {
    let source = Source::new(fd.as_raw_fd(), Readiness::NONE);
    source.register_for_reads(fd, &bench.driver).unwrap();
    source
}

#[test]
fn writes_are_watched_from_the_first_wait_for_them_on() {
    let bench = Bench::new();
    let file = null();
    let source = reading_source(&bench, file.as_fd());
    for direction in [Direction::Read, Direction::Priority, Direction::PeerClosed] {
        assert!(!is_ready(&source, file.as_fd(), direction));
    }
    assert!(bench.fake.writes().is_empty());
    for _ in 0..3 {
        assert!(!is_ready(&source, file.as_fd(), Direction::Write));
    }
    assert_eq!(bench.fake.writes(), [bench.token(file.as_fd())]);
    bench.report(file.as_fd(), Readiness::WRITABLE);
    bench.turn();
    assert!(is_ready(&source, file.as_fd(), Direction::Write));

    let eager = null();
    let watched = bench.source(eager.as_fd());
    assert_eq!(bench.fake.writes().len(), 2);
    assert!(!is_ready(&watched, eager.as_fd(), Direction::Write));
    assert_eq!(bench.fake.writes().len(), 2, "it was watched from the beginning");
}

/// RE1: its number may belong to another file by now, whose registration must not be touched.
#[test]
fn a_ghost_that_waits_to_write_touches_nobody() {
    let bench = Bench::new();
    let file = null();
    let ghost = reading_source(&bench, file.as_fd());
    bench.fake.vanish(file.as_raw_fd());
    let error = poll(&ghost, file.as_fd(), Direction::Write, Waker::noop());
    let Poll::Ready(Err(error)) = error else { panic!("{error:?}") };
    assert!(error.to_string().contains("closed while it was registered"), "{error}");

    let _owner = reading_source(&bench, file.as_fd());
    assert!(matches!(poll(&ghost, file.as_fd(), Direction::Write, Waker::noop()), Poll::Ready(Err(_))));
    assert!(bench.fake.writes().is_empty());
}
