//! How a question gets its answer: from the cache, from who is asking already, or from a server.
//!
//! The flow of a lookup is written once, over [`Ask`]. It is first run over what the cache knows ([`FromCache`]), which never waits
//! and needs no place on the heap; when that does not suffice, it is run over the network ([`FromServers`]).

use std::future::{Future, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fend_reactor::runtime::{Handle, Id};
use fend_reactor::time::now;

use super::setup::Setup;
use super::shared::Shared;
use crate::cache::{Kept, Question};
use crate::error::{Cause, LookupError};
use crate::merge::Answerable;

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The cache does not know, and nobody else was to be asked.
    Unknown,
    Failed(LookupError),
}

impl Stop {
    /// For an asker who always knows, or has failed.
    pub(crate) fn into_error(self, subject: &str) -> LookupError {
        match self {
            Stop::Unknown => LookupError::new(subject, Cause::Io(std::io::Error::other("nobody was asked"))),
            Stop::Failed(error) => error.about(subject),
        }
    }
}

impl From<LookupError> for Stop {
    fn from(error: LookupError) -> Stop {
        Stop::Failed(error)
    }
}

/// Who answers questions.
pub(crate) trait Ask {
    fn ask(&self, question: Question) -> impl Future<Output = Result<Kept, Stop>> + Send;
}

/// What is asked, by whose servers, and in which runtime. Sockets register with the runtime that first polls them, and one that
/// nobody runs any more must not stall the lookups of another: so each runtime asks for itself.
pub(crate) type Topic = (Option<Id>, u64, Question);

pub(crate) type Fetched = Result<Kept, LookupError>;

impl Answerable for Fetched {
    fn panicked(message: &str) -> Fetched {
        let error = std::io::Error::other(format!("panicked: {message}"));
        Err(LookupError::new("by a merged question", Cause::Io(error)))
    }
}

/// Answers that are kept.
#[derive(Debug)]
pub(crate) struct FromCache<'a> {
    shared: &'a Shared,
    setup: &'a Setup,
    hits: AtomicU64,
}

impl<'a> FromCache<'a> {
    pub(crate) fn new(shared: &'a Shared, setup: &'a Setup) -> FromCache<'a> {
        FromCache { shared, setup, hits: AtomicU64::new(0) }
    }

    /// To be called when nobody else needs to be asked: else the questions are asked, and counted, again.
    pub(crate) fn count(self) {
        self.shared.cache.count_hits(self.hits.into_inner());
    }
}

impl Ask for FromCache<'_> {
    fn ask(&self, question: Question) -> impl Future<Output = Result<Kept, Stop>> + Send {
        let kept = self.shared.cache.get(&question, self.setup.generation(), now());
        self.hits.fetch_add(1, Ordering::Relaxed);
        ready(kept.ok_or(Stop::Unknown))
    }
}

/// Answers that are kept, and those of the servers.
#[derive(Debug)]
pub(crate) struct FromServers {
    pub(crate) shared: Arc<Shared>,
    pub(crate) setup: Arc<Setup>,
}

impl FromServers {
    pub(crate) fn new(shared: &Arc<Shared>, setup: &Arc<Setup>) -> FromServers {
        FromServers { shared: shared.clone(), setup: setup.clone() }
    }

    /// Dropping it drops the question too, unless somebody else waits for it.
    pub(crate) async fn fetch(&self, question: Question) -> Fetched {
        let generation = self.setup.generation();
        if let Some(kept) = self.shared.cache.get(&question, generation, now()) {
            self.shared.cache.count_hits(1);
            return Ok(kept);
        }
        self.shared.cache.count_miss();
        let runtime = Handle::try_current().map(|handle| handle.id());
        let (asker, joined) = self.shared.under_way.join((runtime, generation, question.clone()), || {
            Box::pin(query(self.shared.clone(), self.setup.clone(), question))
        });
        if joined {
            self.shared.cache.count_merged();
        }
        asker.await
    }
}

impl Ask for FromServers {
    async fn ask(&self, question: Question) -> Result<Kept, Stop> {
        Ok(self.fetch(question).await?)
    }
}

async fn query(shared: Arc<Shared>, setup: Arc<Setup>, question: Question) -> Fetched {
    // Between our look into the cache and our joining, those who asked before may have been answered and have left. They leave
    // after the answer is kept, so that a second look sees it.
    if let Some(kept) = shared.cache.get(&question, setup.generation(), now()) {
        shared.cache.count_merged();
        return Ok(kept);
    }
    let answer = Arc::new(setup.client.query(&question.name, question.record_type).await?);
    shared.cache.insert(&question, &answer, setup.generation(), now());
    Ok(Kept::fresh(answer))
}
