//! Libraries over fend's streams.

#[macro_use]
#[path = "../../../tests/support/mod.rs"]
mod support;
#[path = "../../../tests/support/tls_ends.rs"]
mod tls_ends;

mod websocket;
