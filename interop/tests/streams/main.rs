//! Libraries over fend's streams.
//! Streams of fend in other libraries' hands, and theirs in fend's tasks.

#[macro_use]
#[path = "../../../tests/support/mod.rs"]
mod support;

mod no_tokio_context;
#[path = "../../../tests/support/tls_ends.rs"]
mod tls_ends;
mod tokio_io;

#[expect(dead_code, reason = "the part for other suites")]
#[path = "../../../tests/tls/pki.rs"]
mod pki;
#[path = "../../../tests/tls/place.rs"]
mod place;
mod websocket;

mod codec;
mod compression;
mod copy;
mod executors;
mod foreign_sockets;
mod pair;
mod process;
mod tls;
