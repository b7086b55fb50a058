//! Sockets that a process is started with, on runtimes of every shape. The test starts its own binary as the service.

#[expect(dead_code, reason = "the part for other suites")]
#[macro_use]
#[path = "../support/shape.rs"]
mod shape;
#[path = "../support/alone.rs"]
mod alone;
#[expect(dead_code, reason = "the part for other suites")]
#[path = "../support/process.rs"]
mod process;
#[path = "../support/stall.rs"]
mod stall;

mod activator;
mod managers;
mod refusals;
mod service;
