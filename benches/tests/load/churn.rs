//! A connection for each request.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use benches::load::options::{Options, Protocol};

use crate::servers::{echo, serve};
use crate::{assert_answered, load};

/// How the server saw this many connections end: by a reset, by an end of the stream.
fn ends_of(protocol: Protocol, requests: u64) -> (usize, usize) {
    let ends: Arc<[AtomicUsize; 2]> = Arc::default();
    let seen = Arc::clone(&ends);
    let address = serve(move |socket| {
        let end = echo(socket, |_, _| ());
        seen[usize::from(end.is_ok())].fetch_add(1, Ordering::SeqCst);
        end
    });
    let mut options = Options::new(address, protocol, requests);
    options.connections = 5;
    options.warmup = 5;
    assert_answered(&load(options).unwrap(), requests);
    let begin = Instant::now();
    loop {
        let (resets, finishes) = (ends[0].load(Ordering::SeqCst), ends[1].load(Ordering::SeqCst));
        // The load does not wait for the server to see a reset.
        if (resets + finishes) as u64 >= requests + 5 || begin.elapsed() > Duration::from_secs(30) {
            return (resets, finishes);
        }
        thread::yield_now();
    }
}

#[test]
fn closed_by_reset() {
    assert_eq!(ends_of(Protocol::ChurnRst, 200), (205, 0));
}

#[test]
fn closed_by_fin() {
    // More than there are source addresses.
    assert_eq!(ends_of(Protocol::ChurnFin, 300), (0, 305));
}
