//! The resolver against name servers that lie, die, drag their feet and flood, on every dispatcher.

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
#[expect(dead_code, reason = "the part for other suites")]
#[path = "../tls/pki.rs"]
mod pki;
#[path = "../tls/place.rs"]
mod place;
#[expect(dead_code, reason = "the part for other suites")]
#[path = "../support/process.rs"]
mod process;

mod ask;
mod lying;
mod message;

mod both_families;
mod cache;
mod cancel;
mod chains;
mod codes;
mod edns;
mod executors;
mod failover;
mod files;
mod flood;
mod malformed;
mod many;
mod over_tls;
mod poison;
mod random;
mod search;
mod spoof;
mod system;
mod truncation;

/// The full size in release builds or when `FEND_TEST_FULL` is set, else the small one.
fn scaled(small: usize, full: usize) -> usize {
    if cfg!(debug_assertions) && std::env::var_os("FEND_TEST_FULL").is_none() { small } else { full }
}
