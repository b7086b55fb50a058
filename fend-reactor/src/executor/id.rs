//! [`Id`]: which runtime it is.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Which runtime it is: no other one of the process has had, or will have, the same. From
/// [`Handle::id`](super::Handle::id).
///
/// It is for what belongs to one runtime each, such as a pool of connections: a socket is served by the runtime that it was first used in, and of no
/// use after that one's shutdown.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Id(u64);

impl Id {
    pub(super) fn next() -> Id {
        static COUNTER: AtomicU64 = AtomicU64::new(1);
        Id(COUNTER.fetch_add(1, Ordering::Relaxed))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({})", self.0)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::super::{Builder, Handle, block_on, spawn};

    #[test]
    fn a_runtime_keeps_its_id_and_shares_it_with_no_other() {
        let runtimes = [Builder::new().build().unwrap(), Builder::new().build().unwrap()];
        let [first, second] = runtimes.each_ref().map(|runtime| runtime.handle().id());
        assert_ne!(first, second);
        assert_ne!(first.to_string(), second.to_string());
        let seen = runtimes[0].block_on(async {
            (Handle::current().id(), spawn(async { Handle::current().id() }).await.unwrap())
        });
        assert_eq!(seen, (first, first));
        let _entered = runtimes[1].handle().enter();
        assert_eq!(Handle::try_current().map(|handle| handle.id()), Some(second));
    }

    #[test]
    fn outside_any_runtime_it_is_the_default_ones() {
        let outside = Handle::current().id();
        assert_eq!(block_on(async { Handle::current().id() }), outside);
    }
}
