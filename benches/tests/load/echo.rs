//! Echo, and the ways of pacing it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use benches::load::options::{Options, Protocol};
use benches::load::{Amount, Pace};

use crate::servers::{echo, echo_server, serve};
use crate::{assert_answered, load};

#[test]
fn in_a_closed_loop() {
    let mut options = Options::new(echo_server(), Protocol::Echo, 1_000);
    options.connections = 7;
    options.warmup = 10;
    assert_answered(&load(options).unwrap(), 1_000);
}

#[test]
fn larger_than_all_buffers() {
    let mut options = Options::new(echo_server(), Protocol::Echo, 1);
    // More than both sockets hold, so that it is received while it is sent.
    options.size = 20_000_000;
    assert_answered(&load(options).unwrap(), 1);
}

#[test]
fn of_one_byte() {
    let mut options = Options::new(echo_server(), Protocol::Echo, 100);
    options.size = 1;
    assert_answered(&load(options).unwrap(), 100);
}

#[test]
fn lockstep_sends_again_when_all_are_answered() {
    const CONNECTIONS: usize = 4;
    let answered: Arc<[AtomicUsize; CONNECTIONS]> = Arc::default();
    let next = AtomicUsize::new(0);
    let counts = Arc::clone(&answered);
    let address = serve(move |socket| {
        let own = next.fetch_add(1, Ordering::SeqCst);
        echo(socket, |before, _| {
            let round = before / 64;
            for count in counts.iter().map(|count| count.load(Ordering::SeqCst)) {
                // Round 0 is the request that opens a connection. A panic here is an error of the load.
                assert!(
                    round == 0 || count >= round,
                    "a request of round {round} where another has had {count}"
                );
            }
            counts[own].store(round + 1, Ordering::SeqCst);
        })
    });
    let mut options = Options::new(address, Protocol::Echo, 50);
    options.connections = CONNECTIONS;
    options.pace = Pace::Lockstep;
    assert_answered(&load(options).unwrap(), 50);
    let counts: Vec<_> = answered.iter().map(|count| count.load(Ordering::SeqCst)).collect();
    assert_eq!(counts.iter().sum::<usize>(), CONNECTIONS + 50, "{counts:?}");
}

#[test]
fn a_time_ends_it() {
    let mut options = Options::new(echo_server(), Protocol::Echo, 0);
    options.amount = Amount::Time(Duration::from_millis(200));
    options.connections = 2;
    let report = load(options).unwrap();
    assert_answered(&report, report.requests());
    assert!(report.requests() >= 2);
}

#[test]
fn a_rate_is_kept() {
    let mut options = Options::new(echo_server(), Protocol::Echo, 0);
    options.connections = 3;
    options.amount = Amount::Time(Duration::from_millis(300));
    options.pace = Pace::Rate(1_000.0);
    let report = load(options).unwrap();
    assert_answered(&report, 300);
    assert!(report.seconds >= 0.299, "the last one is due then, and it took {} s", report.seconds);
}

#[test]
fn a_rate_counts_what_a_late_answer_delays() {
    // The server stands still at the first of the measured requests: those due meanwhile wait for the one connection.
    let address = serve(|socket| {
        echo(socket, |before, _| {
            if before == 64 {
                thread::sleep(Duration::from_millis(300));
            }
        })
    });
    let mut options = Options::new(address, Protocol::Echo, 100);
    options.pace = Pace::Rate(1_000.0);
    let report = load(options).unwrap();
    assert_answered(&report, 100);
    // The last one was due after 99 ms. If latency counted from when each was sent, only one would have taken long.
    assert!(report.latency.quantile(0.01) >= 200_000_000, "{} ns", report.latency.quantile(0.01));
}

#[test]
fn a_closed_loop_counts_what_a_late_answer_takes() {
    let address = serve(|socket| {
        echo(socket, |before, _| {
            if before == 3 * 64 {
                thread::sleep(Duration::from_millis(50));
            }
        })
    });
    let report = load(Options::new(address, Protocol::Echo, 100)).unwrap();
    assert_answered(&report, 100);
    assert!(report.latency.max() >= 50_000_000);
}
