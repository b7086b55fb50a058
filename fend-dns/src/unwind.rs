//! Panics of other people's code: wakers, and what futures drop. They end here, and whoever comes after is served all the same.

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Runs `f`; a panic ends here, and its text is the error.
pub(crate) fn caught<T>(f: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(f)).map_err(text_of)
}

/// Wakes all of them. No lock may be held.
pub(crate) fn wake(wakers: impl IntoIterator<Item = Waker>) {
    for waker in wakers {
        let _ = caught(|| waker.wake());
    }
}

/// Drops what is of others. No lock may be held.
pub(crate) fn discard<V>(value: V) {
    let _ = caught(|| drop(value));
}

fn text_of(payload: Box<dyn Any + Send>) -> String {
    let text = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "a panic without a message".to_owned(),
    };
    // A payload's own destructor may panic in turn. What that one panics with is leaked, unless it is text: there must be an end.
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        if let Err(other) = second.downcast::<&str>() {
            mem::forget(other);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_here_whatever_it_carries() {
        struct Worse;
        impl Drop for Worse {
            fn drop(&mut self) {
                panic!("and again");
            }
        }
        assert_eq!(caught(|| 1), Ok(1));
        assert_eq!(caught(|| panic!("no")), Err::<(), _>("no".to_owned()));
        assert_eq!(caught(|| panic!("no {}", 1)), Err::<(), _>("no 1".to_owned()));
        let other = "a panic without a message".to_owned();
        assert_eq!(caught(|| std::panic::panic_any(Worse)), Err::<(), _>(other));
        discard(Worse);
    }
}
