//! Time through a whole runtime, on every shape of runtime.

#[path = "../support/alone.rs"]
mod alone;
#[path = "../support/idleness.rs"]
mod idleness;
#[expect(dead_code, reason = "the part for other suites")]
#[path = "../support/process.rs"]
mod process;
#[path = "../support/rest.rs"]
mod rest;
#[macro_use]
#[path = "../support/shape.rs"]
mod shape;
#[path = "../support/stall.rs"]
mod stall;

mod random;

mod boundaries;
mod churn;
mod far;
mod held_up;
mod intervals;
mod lateness;
mod left_driver;
mod never_early;
mod paused;
mod paused_guests;
mod timeouts;
