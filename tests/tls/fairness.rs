//! What one busy session leaves to the other tasks of its worker.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use openssl::ssl::{ErrorCode, SslVersion};

use crate::alone::alone;
use crate::blocking::{Blocking, VERSIONS, accepted};
use crate::machine::Noise;
use crate::shape::Shape;

alone_on_every_dispatcher!(
    undisturbed: a_flood_of_small_records_leaves_room_for_others,
    a_flood_of_large_records_leaves_room_for_others,
);

/// Fills the way to our end with records of this size. How many there are.
fn fill(peer: &mut Blocking, size: usize) -> io::Result<usize> {
    peer.get_ref().set_nonblocking(true)?;
    let block = vec![7; size];
    let mut count = 0;
    loop {
        match peer.ssl_write(&block) {
            Ok(_) => count += 1,
            Err(error) if error.code() == ErrorCode::WANT_WRITE => return Ok(count),
            Err(error) => return Err(io::Error::other(error)),
        }
    }
}

/// The longest that a task has waited for its turn on the one worker while another received records of `size` bytes that were there
/// already, and how late the machine was meanwhile.
fn longest_gap(shape: Shape, version: SslVersion, size: usize) -> io::Result<(Duration, Duration)> {
    let runtime = shape.builder().worker_threads(1).build()?;
    let noise = Noise::listen(Duration::from_millis(1));
    let (gap, turns, took, count) = runtime.block_on(async {
        let (stream, mut peer) = accepted(version).await?;
        let (count, peer) =
            fend::spawn_blocking(move || fill(&mut peer, size).map(|count| (count, peer))).await??;
        let (done, turns) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (until, counted) = (done.clone(), turns.clone());
        let other = fend::spawn(async move {
            let (mut longest, mut last) = (Duration::ZERO, Instant::now());
            while !until.load(Ordering::Relaxed) {
                fend::yield_now().await;
                longest = longest.max(last.elapsed());
                last = Instant::now();
                counted.fetch_add(1, Ordering::Relaxed);
            }
            longest
        });
        // It has begun.
        while turns.load(Ordering::Relaxed) == 0 {
            fend::yield_now().await;
        }
        let before = turns.load(Ordering::Relaxed);
        let start = Instant::now();
        let mut buf = vec![0; size];
        for _ in 0..count {
            stream.recv_exact(&mut buf).await?;
        }
        let took = start.elapsed();
        done.store(true, Ordering::Relaxed);
        let turns = turns.load(Ordering::Relaxed) - before;
        drop(peer);
        io::Result::Ok((other.await?, turns, took, count))
    })?;
    eprintln!(
        "{count} records of {size} bytes in {took:?}: {turns} turns for another task, after {gap:?} at most"
    );
    assert!(turns > 0, "no turn in {took:?}");
    Ok((gap, noise.worst()))
}

/// Five tries: other programs may have taken the processor in the one gap that is judged.
fn leaves_room(shape: Shape, size: usize) {
    for version in VERSIONS {
        let mut late = Vec::new();
        while late.len() < 5 {
            let (gap, noise) = longest_gap(shape, version, size).expect("the sockets");
            if gap < Duration::from_millis(50) + 2 * noise {
                break;
            }
            late.push((gap, noise));
        }
        assert!(late.len() < 5, "gaps, and the machine's own: {late:?}");
    }
}

/// Thousands of them are received with one call of the kernel.
fn a_flood_of_small_records_leaves_room_for_others(shape: Shape) {
    alone(shape, || leaves_room(shape, 1));
}

fn a_flood_of_large_records_leaves_room_for_others(shape: Shape) {
    alone(shape, || leaves_room(shape, 16 << 10));
}
