//! HTTP by hyper and what is made of it, on fend.

#[macro_use]
#[path = "../../../tests/support/mod.rs"]
mod support;

mod tonic;
