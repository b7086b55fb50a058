//! [`Shared`]: what the clones of a resolver have in common.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use fend_reactor::io::{Origin, PerProcess};

use super::ResolverBuilder;
use super::ask::{Fetched, Topic};
use super::setup::{Overlay, Setup};
use crate::cache::Cache;
use crate::config::{Environment, Files, Paths};
use crate::merge::UnderWay;
use crate::sync::Mutex;
use crate::system::Pool;

/// How many bytes the cache takes unless the builder says otherwise.
const CACHE_SIZE: usize = 4 << 20;

/// How long an answer is kept at most unless the builder says otherwise.
const MAX_TTL: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) struct Shared {
    overlay: Overlay,
    files: Files,
    setup: Mutex<Option<Arc<Setup>>>,
    pub(crate) cache: Cache,
    pub(crate) under_way: UnderWay<Topic, Fetched>,
    pool: OnceLock<Arc<Pool>>,
    origin: Origin,
    /// In its place in the child of a fork.
    successor: PerProcess<Arc<Shared>>,
}

impl Shared {
    pub(super) fn of_system() -> Shared {
        let overlay = Overlay { builder: ResolverBuilder::default(), search: None };
        Shared::new(overlay, Files::new(Paths::default(), Environment::of_process()))
    }

    pub(super) fn new(overlay: Overlay, files: Files) -> Shared {
        let size = overlay.builder.cache_size.unwrap_or(CACHE_SIZE);
        let max_ttl = overlay.builder.max_ttl.unwrap_or(MAX_TTL);
        Shared {
            overlay,
            files,
            setup: Mutex::new(None),
            cache: Cache::new(size, max_ttl),
            under_way: UnderWay::new(),
            pool: OnceLock::new(),
            origin: Origin::here(),
            successor: PerProcess::new(),
        }
    }

    /// `shared`, or in the child of a fork one with the same settings.
    pub(super) fn of_this_process(shared: &Arc<Shared>) -> &Arc<Shared> {
        if shared.origin.is_here() {
            return shared;
        }
        shared.successor.get_or_init(|| Arc::new(Shared::new(shared.overlay.clone(), shared.files.anew())))
    }

    /// What a lookup that begins now goes by. Looks at most once a second whether the files have changed.
    pub(crate) fn setup(&self) -> Arc<Setup> {
        let config = self.files.current();
        let before = self.setup.lock().clone();
        match before {
            Some(setup) if Arc::ptr_eq(&setup.config, &config) => setup,
            before => self.renew(Setup::new(&self.overlay, config, before.as_deref())),
        }
    }

    /// Of several that make one of the same snapshot the first stays: each has a client, which has sockets of its own. One that comes late with an
    /// older snapshot puts it in place for the moment: the next lookup sees that it is not the newest.
    fn renew(&self, setup: Setup) -> Arc<Setup> {
        let setup = Arc::new(setup);
        let mut place = self.setup.lock();
        match &*place {
            Some(first) if Arc::ptr_eq(&first.config, &setup.config) => first.clone(),
            _ => {
                let replaced = place.replace(setup.clone());
                drop(place);
                drop(replaced);
                setup
            }
        }
    }

    /// The threads that call the C library: of this resolver alone when the builder says how many.
    pub(crate) fn pool(&self) -> Arc<Pool> {
        let own = |threads| Arc::new(Pool::new(threads));
        self.pool.get_or_init(|| self.overlay.builder.system_threads.map_or_else(Pool::shared, own)).clone()
    }
}

/// With what is wrong with the system's files: what they say is then not what counts.
impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let setup = self.setup.lock().clone();
        let problems: Vec<_> = setup.iter().flat_map(|setup| setup.config.problems()).collect();
        f.debug_struct("Shared")
            .field("settings", &self.overlay.builder)
            .field("problems", &problems)
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lookups of several threads begin at once.
    #[test]
    fn all_who_make_a_setup_of_one_snapshot_go_by_the_first() {
        let shared = Shared::of_system();
        let made = || Setup::new(&shared.overlay, shared.files.current(), None);
        let (first, second) = (made(), made());
        let first = shared.renew(first);
        assert!(Arc::ptr_eq(&shared.renew(second), &first));
        assert!(Arc::ptr_eq(&shared.setup(), &first));
    }
}
