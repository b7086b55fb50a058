//! Tasks, workers and `block_on`, on runtimes of every shape.
//!
//! With `FEND_TEST_FULL` set, and in release builds, tests that scale do so to their full size.

#[expect(dead_code, reason = "the part for other suites")]
#[macro_use]
#[path = "../support/shape.rs"]
mod shape;
#[path = "../support/noise.rs"]
mod noise;
#[path = "../support/rest.rs"]
mod rest;
#[path = "../support/stall.rs"]
mod stall;

mod abort;
mod bad_wakers;
mod blocked_worker;
mod environment;
mod fairness;
mod groups;
mod join_handle;
mod leaks;
mod left_alone;
mod local;
mod metrics;
mod nested_block_on;
mod panics;
mod reentrant_wakers;
mod several_block_ons;
mod spawning;
mod thread_exit;
mod threads;
mod wakes;

use std::time::Duration;

/// The full size in release builds or when `FEND_TEST_FULL` is set, else the small one.
fn scaled(small: usize, full: usize) -> usize {
    if cfg!(debug_assertions) && std::env::var_os("FEND_TEST_FULL").is_none() { small } else { full }
}

/// Runs tasks for a while without an end in sight: what must *not* happen had time to.
async fn let_others_run() {
    for _ in 0..20 {
        fend::yield_now().await;
    }
    fend::time::sleep(Duration::from_millis(5)).await;
}
