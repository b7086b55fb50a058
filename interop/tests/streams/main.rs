//! Libraries over fend's streams.

#[macro_use]
#[path = "../../../tests/support/mod.rs"]
mod support;

mod no_tokio_context;
mod tokio_io;
#[path = "../../../tests/support/tls_ends.rs"]
mod tls_ends;

mod websocket;
