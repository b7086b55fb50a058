//! How much memory tasks keep that do nothing.

use std::fs;
use std::future::pending;
use std::time::Duration;

use super::Figures;
use crate::peer::Peer;

/// Tasks that wait for ever.
pub(super) fn idle_tasks<P: Peer>(runtime: &P, operations: u64) -> Figures {
    resident::<P, _>(runtime, operations, pending::<()>)
}

/// Tasks that sleep for an hour.
pub(super) fn idle_sleeps<P: Peer>(runtime: &P, operations: u64) -> Figures {
    resident::<P, _>(runtime, operations, || P::sleep(Duration::from_secs(3600)))
}

/// Spawns and detaches the tasks, lets each be polled once, and sees what has become resident. (Nothing is given back: the process ends.)
fn resident<P: Peer, F>(runtime: &P, operations: u64, idle: impl Fn() -> F) -> Figures
where
    F: Future<Output = ()> + Send + 'static,
{
    let before = resident_bytes();
    runtime.block_on(async {
        for _ in 0..operations {
            P::detach(P::spawn(idle()));
        }
        // Behind all of them: each has had its turn when this one has had two.
        P::spawn(P::yield_now()).await;
        P::spawn(P::yield_now()).await;
    });
    let grown = resident_bytes().saturating_sub(before);
    vec![("resident_bytes", grown as f64 / operations as f64)]
}

/// What of this process lies in memory: proc(5), `smaps_rollup`.
#[must_use]
pub(crate) fn resident_bytes() -> u64 {
    let rollup = fs::read_to_string("/proc/self/smaps_rollup").expect("smaps_rollup can be read");
    let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:")).expect("it has a line Rss");
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number of kB");
    kilobytes * 1024
}
