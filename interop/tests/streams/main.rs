//! x

#[macro_use]
#[path = "../../../tests/support/mod.rs"]
mod support;

mod no_tokio_context;
mod tokio_io;
