//! Streams of fend in other libraries' hands, and theirs in fend's tasks.

#[macro_use]
#[path = "../../../tests/support/mod.rs"]
mod support;
#[expect(dead_code, reason = "the part for other suites")]
#[path = "../../../tests/tls/pki.rs"]
mod pki;
#[path = "../../../tests/tls/place.rs"]
mod place;
#[path = "../../../tests/support/tls_ends.rs"]
mod tls_ends;

mod pair;

mod codec;
mod compression;
mod copy;
mod executors;
mod foreign_sockets;
mod no_tokio_context;
mod process;
mod tls;
mod tokio_io;
mod websocket;
