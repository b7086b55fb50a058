//! Children of other tests, which have copies of what a test closes until they run their program.

use std::sync::{PoisonError, RwLockReadGuard};

use crate::alone::forks::FORKS;
pub(crate) use crate::alone::forks::spawn;

/// While it is there, no child is started, and what is closed is closed.
pub(crate) struct NoForks {
    _guard: RwLockReadGuard<'static, ()>,
}

/// Not to be nested, and not to be held while a child is waited for.
pub(crate) fn no_forks() -> NoForks {
    NoForks { _guard: FORKS.read().unwrap_or_else(PoisonError::into_inner) }
}
