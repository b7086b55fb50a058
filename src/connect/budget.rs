//! The one timeout that all steps share.

use std::future::Future;
use std::time::{Duration, Instant};

use fend_reactor::time::{now, timeout};

use super::error::{Cause, Step};

/// How much time there is, and when it began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    begin: Instant,
    limit: Option<Duration>,
}

impl Budget {
    /// Begins now.
    pub(super) fn new(limit: Option<Duration>) -> Budget {
        Budget { begin: now(), limit }
    }

    pub(super) fn limit(&self) -> Option<Duration> {
        self.limit
    }

    pub(super) fn spent(&self) -> Duration {
        now().saturating_duration_since(self.begin)
    }

    /// Gives a step the time that is left.
    pub(super) async fn within<T>(
        &self,
        step: Step,
        future: impl Future<Output = Result<T, Cause>>,
    ) -> Result<T, Cause> {
        match self.limit {
            None => future.await,
            Some(limit) => {
                let left = limit.saturating_sub(self.spent());
                timeout(left, future).await.unwrap_or(Err(Cause::TimedOut { step, limit }))
            }
        }
    }
}
