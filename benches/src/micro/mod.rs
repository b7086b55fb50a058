//! Cases that run inside one process, each written once over [`Peer`].

use std::time::Instant;

use crate::allocations::{self, Allocations};
use crate::peer::Peer;
use crate::sys;

mod blocking;
mod lateness;
mod pairs;
mod program;
mod remote;
mod resident;
mod spawn;
mod time;
mod turns;

pub use program::main;

/// What a case did.
#[derive(Debug, Clone)]
pub struct Done {
    /// Operations that count: what the costs are divided by.
    pub operations: u64,
    /// From the first operation to the last one, in seconds.
    pub seconds: f64,
    /// What all threads of the process computed meanwhile, in seconds.
    pub cpu_seconds: f64,
    /// What was allocated meanwhile; nothing where nobody counts it.
    pub allocations: Allocations,
    /// What else a case has measured.
    pub figures: Figures,
}

/// Names, with the unit as their end, and values.
pub type Figures = Vec<(&'static str, f64)>;

/// Names of all cases, and what one operation of each is.
pub const CASES: &[(&str, &str)] = &[
    ("spawn", "spawn a task and await it: all are spawned, then all awaited"),
    ("chain", "a task spawns the next one"),
    ("spawn-await", "spawn a task, await it, repeat"),
    ("yield", "yield_now, by 1,000 tasks"),
    ("sleep", "create, poll once and drop a sleep, of varied length"),
    ("block-on", "block_on of a future that is ready"),
    ("blocking", "a job of the blocking pool: all are given, then all awaited"),
    ("blocking-round-trip", "give a job to the blocking pool, await it, repeat"),
    ("remote-spawn", "a thread of no runtime spawns a task and hears from it over a channel of std's"),
    ("remote-await", "a thread of no runtime spawns a task and awaits it"),
    ("sleeps", "a task that sleeps, each for another part of a second; all at once"),
    ("idle-tasks", "a task that waits for ever; all at once"),
    ("idle-sleeps", "a task that sleeps for an hour; all at once"),
    ("ping-pong", "a message between two tasks, by 1,000 pairs that each send one back and forth"),
];

/// Runs the case of this name, `operations` times; `None` when there is none.
#[must_use]
pub fn run<P: Peer>(case: &str, workers: usize, operations: u64) -> Option<Done> {
    let runtime = P::new(workers);
    // Whatever is only done once is done before.
    runtime.block_on(async { P::spawn(async {}).await });
    let (start, cpu, allocated) = (Instant::now(), sys::process_cpu(), allocations::total());
    let mut figures = Figures::new();
    match case {
        "spawn" => spawn::all_then_await::<P>(&runtime, operations),
        "chain" => spawn::chain::<P>(&runtime, operations),
        "spawn-await" => spawn::one_by_one::<P>(&runtime, operations),
        "yield" => turns::yield_now::<P>(&runtime, operations),
        "sleep" => time::create_poll_drop::<P>(&runtime, operations),
        "block-on" => turns::block_on_ready::<P>(&runtime, operations),
        "blocking" => blocking::all_then_await::<P>(&runtime, operations),
        "blocking-round-trip" => blocking::round_trip::<P>(&runtime, operations),
        "remote-spawn" => remote::spawn_and_receive::<P>(&runtime, operations),
        "remote-await" => remote::spawn_and_await::<P>(&runtime, operations),
        "sleeps" => figures = lateness::spread_over_a_second::<P>(&runtime, operations),
        "idle-tasks" => figures = resident::idle_tasks::<P>(&runtime, operations),
        "idle-sleeps" => figures = resident::idle_sleeps::<P>(&runtime, operations),
        "ping-pong" => pairs::ping_pong::<P>(&runtime, operations),
        _ => return None,
    }
    Some(Done {
        operations,
        seconds: start.elapsed().as_secs_f64(),
        cpu_seconds: (sys::process_cpu() - cpu).as_secs_f64(),
        allocations: allocations::total().since(allocated),
        figures,
    })
}
