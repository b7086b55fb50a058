//! Panics of any thread while the plan is armed: a runtime catches those of its tasks, and a detached thread's would be heard of by nobody.

use std::panic;
use std::sync::{Mutex, PoisonError};

use crate::plan;

static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Listens, from now on. Panics of the test itself are printed as ever.
pub(crate) fn listen() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if plan::is_armed() {
            HEARD.lock().unwrap_or_else(PoisonError::into_inner).push(info.to_string());
        } else {
            usual(info);
        }
    }));
}

/// Those since the last time.
pub(crate) fn heard() -> Vec<String> {
    std::mem::take(&mut HEARD.lock().unwrap_or_else(PoisonError::into_inner))
}
