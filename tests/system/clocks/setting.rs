//! The clock is set, by a nanosecond and back. For that a process needs CAP_SYS_TIME; without it there is nothing to see here, and a unit
//! test has the kernel's answer injected.

#![expect(unsafe_code, reason = "std does not set the clock")]

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use fend::time::{WallEvent, WallTimer};
use futures_lite::future::{poll_once, zip};

use crate::shape::Shape;

on_every_shape!(undisturbed: waits_hear_of_it, so_do_waits_that_begin_later,);

/// There is one clock for all processes, and each of these tests hears of what another one does to it: they take turns, also with those of
/// another process. Whoever has the name has the clock.
pub(super) fn turn() -> UnixListener {
    let name = SocketAddr::from_abstract_name("fend-tests-set-the-clock").expect("a name");
    let start = Instant::now();
    loop {
        match UnixListener::bind_addr(&name) {
            Ok(turn) => return turn,
            Err(error) => {
                assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
                assert!(start.elapsed() < Duration::from_secs(20), "another process has the clock");
                thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

/// Steps the clock forward by a nanosecond, and back again. False when this process may not.
fn set_the_clock() -> bool {
    step(1) && step(-1)
}

fn step(nanos: i64) -> bool {
    // SAFETY: numbers only, for which zero is a value.
    let mut change: libc::timex = unsafe { std::mem::zeroed() };
    change.modes = libc::ADJ_SETOFFSET | libc::ADJ_NANO;
    // The second part is never negative: -1 ns is a second less and 999,999,999 ns more.
    change.time.tv_sec = nanos.div_euclid(1_000_000_000) as _;
    change.time.tv_usec = nanos.rem_euclid(1_000_000_000) as _;
    // SAFETY: `change` is valid for reads and writes.
    if unsafe { libc::adjtimex(&raw mut change) } != -1 {
        return true;
    }
    let error = io::Error::last_os_error();
    assert!(matches!(error.raw_os_error(), Some(libc::EPERM)), "adjtimex: {error}");
    eprintln!("not tested: this process may not set the clock");
    false
}

fn far() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3600)
}

fn waits_hear_of_it(shape: Shape) {
    let _turn = turn();
    shape.block_on(async {
        let (mut one, mut other) = (WallTimer::new().unwrap(), WallTimer::new().unwrap());
        {
            let mut waits = Box::pin(zip(one.clock_set(), other.sleep_until(far())));
            assert!(poll_once(&mut waits).await.is_none());
            if !set_the_clock() {
                return;
            }
            let (set, event) = waits.await;
            set.unwrap();
            assert_eq!(event.unwrap(), WallEvent::ClockSet);
        }
        // Each is told once.
        assert!(poll_once(one.clock_set()).await.is_none());
        assert!(poll_once(other.clock_set()).await.is_none());
        let deadline = SystemTime::now() + Duration::from_millis(2);
        assert_eq!(other.sleep_until(deadline).await.unwrap(), WallEvent::Reached);
        assert!(SystemTime::now() >= deadline);
    });
}

fn so_do_waits_that_begin_later(shape: Shape) {
    let _turn = turn();
    shape.block_on(async {
        // Before the first wait, between two, and while one is given up.
        let mut timer = WallTimer::new().unwrap();
        if !set_the_clock() {
            return;
        }
        assert_eq!(timer.sleep_until(SystemTime::UNIX_EPOCH).await.unwrap(), WallEvent::ClockSet);
        assert_eq!(timer.sleep_until(SystemTime::UNIX_EPOCH).await.unwrap(), WallEvent::Reached);
        set_the_clock();
        assert_eq!(timer.sleep_until(far()).await.unwrap(), WallEvent::ClockSet);
        {
            let mut wait = Box::pin(timer.sleep_until(far()));
            assert!(poll_once(&mut wait).await.is_none());
            set_the_clock();
        }
        poll_once(timer.clock_set()).await.expect("at once").unwrap();
        assert!(poll_once(timer.clock_set()).await.is_none());
    });
}
