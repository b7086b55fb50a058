//! The reactor through a whole runtime: `AsyncFd` on every kind of fd, on every shape of runtime.

#[path = "../support/alone.rs"]
mod alone;
#[path = "../support/idleness.rs"]
mod idleness;
#[expect(dead_code, reason = "the part for other suites")]
#[path = "../support/process.rs"]
mod process;
#[expect(dead_code, reason = "the part for other suites")]
#[macro_use]
#[path = "../support/shape.rs"]
mod shape;
#[path = "../support/stall.rs"]
mod stall;

mod kernel;

mod closing;
mod descriptors;
mod fairness;
mod fd_limits;
mod ghosts;
mod idle;
mod interruption;
mod kinds;
mod registration;
mod storm;
mod waiters;
mod wakes;
