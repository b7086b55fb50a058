//! x

#[macro_use]
#[path = "../../../tests/support/mod.rs"]
mod support;
