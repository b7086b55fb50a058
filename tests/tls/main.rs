//! TLS of fend against peers that are not fend, and against peers that mean no good, on every dispatcher.

#[path = "../support/alone.rs"]
mod alone;
#[macro_use]
#[path = "../support/mod.rs"]
mod support;
#[macro_use]
#[path = "../net/alone_on_each.rs"]
mod alone_on_each;
#[expect(dead_code, unused_macros, reason = "the part for other suites")]
#[macro_use]
#[path = "../support/shape.rs"]
mod shape;
/// Where `shape` looks for it.
use support::stall;
#[path = "../support/free_port.rs"]
mod free_port;
#[path = "../support/noise.rs"]
mod machine;
#[path = "../net/peer.rs"]
mod peer;
#[expect(dead_code, reason = "the part for other suites")]
#[path = "../support/process.rs"]
mod process;

mod blocking;
mod command;
mod nginx;
mod ocsp;
mod ours;
mod pipe;
mod pki;
mod place;
mod records;
mod rustls_peer;

mod api;
mod both_ways;
mod closing;
mod deadlines;
mod drops;
mod early_data;
mod facts;
mod fairness;
mod floods;
mod hostile;
mod interop;
mod panics;
mod refused;
mod resumption;
mod server_kit;
mod streams_that_fail;
mod threads;
mod transports;
mod writes;

/// The full size in release builds or when `FEND_TEST_FULL` is set, else the small one.
fn scaled(small: usize, full: usize) -> usize {
    if cfg!(debug_assertions) && std::env::var_os("FEND_TEST_FULL").is_none() { small } else { full }
}
