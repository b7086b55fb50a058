//! Connecting by name: `fend::connect` and `fend::connect_tls`, on every dispatcher.

#[macro_use]
#[path = "../support/mod.rs"]
mod support;
#[expect(dead_code, reason = "the part for other suites")]
#[path = "../support/full_listener.rs"]
mod full_listener;

mod drops;
mod errors;
mod names;
mod tls;
mod zone;
