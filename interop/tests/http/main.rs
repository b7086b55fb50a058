//! HTTP by hyper and by what is built on it, over fend: with fend at both ends, and with servers and clients that are other programs.

#[macro_use]
#[path = "../../../tests/support/mod.rs"]
mod support;
/// Where `shape` looks for it.
use support::stall;
#[path = "../../../tests/support/alone.rs"]
mod alone;
#[expect(dead_code, unused_macros, reason = "the part for other suites")]
#[macro_use]
#[path = "../../../tests/support/shape.rs"]
mod shape;
#[macro_use]
#[path = "../../../tests/net/alone_on_each.rs"]
mod alone_on_each;
#[expect(dead_code, reason = "the part for other suites")]
#[path = "../../../tests/tls/command.rs"]
mod command;
#[path = "../../../tests/support/free_port.rs"]
mod free_port;
#[expect(dead_code, reason = "the part for other suites")]
#[path = "../../../tests/support/full_listener.rs"]
mod full_listener;
#[expect(dead_code, reason = "the part for other suites")]
#[path = "../../../tests/tls/pki.rs"]
mod pki;
#[path = "../../../tests/tls/place.rs"]
mod place;
#[expect(dead_code, reason = "the part for other suites")]
#[path = "../../../tests/support/process.rs"]
mod process;
#[expect(dead_code, reason = "the part for other suites")]
#[path = "../../../tests/connect/zone.rs"]
mod zone;

mod installed;
mod noise;
mod peers;
mod serving;

mod auto;
mod axum;
mod client;
mod connector;
mod curl;
mod graceful;
mod h2load;
mod header_timeout;
mod keep_alive;
mod limits;
mod nginx;
mod panics;
mod raw;
mod s_server;
mod server;
mod server_tls;
mod termination;
mod tonic;
mod upgrade;
mod upgraded;
