//! HTTP by hyper and what is built on it, over fend: with itself at the other end, and with servers and clients that are other programs.

#[macro_use]
#[path = "../../../tests/support/mod.rs"]
mod support;

#[expect(dead_code, reason = "the part for other suites")]
#[path = "../../../tests/tls/command.rs"]
mod command;
#[expect(dead_code, reason = "the part for other suites")]
#[path = "../../../tests/support/full_listener.rs"]
mod full_listener;
#[expect(
    dead_code,
    clippy::collapsible_if,
    reason = "the part for other suites, which are in an older Rust without chains of `let`"
)]
#[path = "../../../tests/tls/pki.rs"]
mod pki;
#[path = "../../../tests/tls/place.rs"]
mod place;
#[expect(dead_code, reason = "the part for other suites")]
#[path = "../../../tests/connect/zone.rs"]
mod zone;

mod noise;
mod peers;

#[path = "../../../tests/support/alone.rs"]
mod alone;
mod client;
mod connector;
mod header_timeout;
mod keep_alive;
mod nginx;
mod raw;
mod s_server;
mod tonic;
mod upgrade;
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
