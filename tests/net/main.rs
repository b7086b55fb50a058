//! TCP of fend against peers of std, on every dispatcher.

#[macro_use]
#[path = "../support/mod.rs"]
mod support;
mod peer;

mod cancel;
mod clones;
mod connect;
mod conversions;
mod echo;
mod half_close;
mod listener;
mod options;
mod readiness;
mod reset;
mod short_read;
mod split;
mod streams;
mod tcp_socket;
