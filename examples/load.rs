//! A load on an HTTP server, and how it takes it: how many answers in a second, and how long each took.
//!
//! `cargo run --release --example load --features hyper -- -c 100 -d 5 http://127.0.0.1:7007/plain`. With `--rate` the requests keep to a
//! schedule, as those of users do who do not wait for each other: then the latencies have in them what a server that stood still made
//! wait. hyper speaks HTTP, straight on fend's sockets.

use std::process::ExitCode;

#[path = "support/arguments.rs"]
mod arguments;
#[path = "load/channel.rs"]
mod channel;
#[path = "load/client.rs"]
mod client;
#[path = "load/command_line.rs"]
mod command_line;
#[path = "load/connect.rs"]
mod connect;
#[path = "load/drive.rs"]
mod drive;
#[path = "load/failure.rs"]
mod failure;
#[path = "support/histogram.rs"]
mod histogram;
#[path = "load/picture.rs"]
mod picture;
#[path = "load/progress.rs"]
mod progress;
#[path = "load/report.rs"]
mod report;
#[path = "load/run.rs"]
mod run;
#[path = "support/runtime.rs"]
mod runtime;
#[path = "load/schedule.rs"]
mod schedule;
#[path = "load/tally.rs"]
mod tally;
#[path = "load/target.rs"]
mod target;
#[path = "support/termination.rs"]
mod termination;

fn main() -> ExitCode {
    arguments::main("load", &command_line::help(), command_line::read, run::run)
}
