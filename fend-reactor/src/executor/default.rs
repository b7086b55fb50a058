//! The process-wide default runtime: it serves `fend::block_on` and `fend::spawn` without a runtime, and the sockets and
//! timers of threads that have none.

use std::io;
use std::sync::Arc;

use super::builder::Builder;
use super::runtime::Runtime;
use super::shared::Shared;
use crate::sync::{Mutex, MutexGuard};
use crate::sys::PerProcess;

/// `None` until it is needed. One that was shut down (that of `#[fend::main]`, at its end) is replaced. The child of a fork begins without
/// one, and with a lock of its own.
static DEFAULT: PerProcess<Mutex<Option<Arc<Shared>>>> = PerProcess::new();

fn default() -> MutexGuard<'static, Option<Arc<Shared>>> {
    DEFAULT.get_or_init(Mutex::default).lock()
}

/// # Panics
/// When it cannot be made: bad environment variables, or no fd left.
pub(crate) fn default_shared() -> Arc<Shared> {
    try_default_shared().unwrap_or_else(|error| panic!("cannot start the default runtime: {error}"))
}

/// The default runtime, made if there is none. The next call tries again.
pub(crate) fn try_default_shared() -> io::Result<Arc<Shared>> {
    let mut default = default();
    match &*default {
        Some(shared) if !shared.is_shut_down() => Ok(shared.clone()),
        _ => {
            let runtime = Builder::new().build_default()?;
            Ok(default.insert(runtime.into_shared()).clone())
        }
    }
}

/// Makes `runtime` the default one, unless there is one.
#[doc(hidden)]
pub fn offer_default(runtime: &Runtime) {
    let mut default = default();
    if default.as_ref().is_none_or(|shared| shared.is_shut_down()) {
        *default = Some(runtime.shared().clone());
    }
}
