//! Libraries that work nowhere but in a tokio runtime, in tasks of fend, with the feature `tokio-context`.

#[macro_use]
#[path = "../../../tests/support/mod.rs"]
mod support;

mod app;
mod axum_serve;
mod child;
mod differs;
mod ends;
mod fred;
mod inside;
mod program;
mod reqwest;
mod tokio_itself;
mod tokio_tungstenite;
mod tonic;
mod tower;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What `panics` panics with.
fn complaint<T>(panics: impl FnOnce() -> T) -> String {
    text_of(&*catch_unwind(AssertUnwindSafe(panics)).err().expect("a panic"))
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).expect("a text")
}

/// Which runtime of tokio's this thread is inside of.
fn inside() -> tokio::runtime::Id {
    tokio::runtime::Handle::current().id()
}
