//! Libraries that have a runtime described to them, on fend.

#[macro_use]
#[path = "../../../tests/support/mod.rs"]
mod support;

mod described;
mod hickory;
mod quinn;
