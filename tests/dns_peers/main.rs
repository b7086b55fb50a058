//! The resolver against name servers that are not fend, and its answers beside those of `dig` and of the C library.
//!
//! knot has zones with records of every type, unbound and dnsmasq ask it and have records of their own. All listen on loopback addresses
//! alone.

#[expect(dead_code, reason = "the part for other suites")]
#[path = "../support/alone.rs"]
mod alone;
#[macro_use]
#[path = "../support/mod.rs"]
mod support;
#[expect(dead_code, unused_macros, reason = "the part for other suites")]
#[macro_use]
#[path = "../support/shape.rs"]
mod shape;
/// Where `shape` looks for it.
use support::stall;
#[macro_use]
#[path = "../net/alone_on_each.rs"]
mod alone_on_each;
#[path = "../tls/place.rs"]
mod place;

mod dig;
mod ours;
mod peers;
mod server;
mod zone;

mod agree;
mod answers;
mod asking;
