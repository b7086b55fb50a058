//! HTTP with the real libraries and programs, on every dispatcher.

#[macro_use]
#[path = "../../../tests/support/mod.rs"]
mod support;
#[path = "../../../tests/support/alone.rs"]
mod alone;
#[macro_use]
#[path = "../../../tests/net/alone_on_each.rs"]
mod alone_on_each;
mod installed;
#[expect(dead_code, reason = "the part for other suites")]
#[path = "../../../tests/support/process.rs"]
mod process;
mod serving;
#[expect(dead_code, unused_macros, reason = "the part for other suites")]
#[macro_use]
#[path = "../../../tests/support/shape.rs"]
mod shape;
/// Where `shape` looks for it.
use support::stall;

mod auto;
mod axum;
mod curl;
mod graceful;
mod h2load;
mod limits;
mod panics;
mod server;
mod server_tls;
mod termination;
mod upgraded;
