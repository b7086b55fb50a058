//! TCP of fend against peers of std, on every dispatcher.

#[macro_use]
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/alone.rs"]
mod alone;
#[macro_use]
mod alone_on_each;
#[path = "../support/noise.rs"]
mod machine;
mod peer;
#[expect(dead_code, reason = "the part for other suites")]
#[path = "../support/process.rs"]
mod process;
#[expect(dead_code, unused_macros, reason = "the part for other suites")]
#[path = "../support/shape.rs"]
mod shape;
mod stall {
    pub(crate) use crate::support::unless_it_stalls;
}

mod accept_errors;
mod cancel;
mod clones;
mod connect;
mod connect_many;
mod conversions;
mod echo;
mod flags;
mod half_close;
mod hostile;
mod listener;
mod listener_helper;
mod readiness;
mod reset;
mod short_read;
mod split;
mod streams;
