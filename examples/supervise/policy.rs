//! When a command that has ended is started again.

use std::time::Duration;

use crate::arguments::Value;

/// A command that has run for as long as this is well, and what was before is forgotten.
const WELL: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Restart {
    Always,
    OnFailure,
    Never,
}

impl Value for Restart {
    fn read(text: &str) -> Result<Restart, String> {
        match text {
            "always" => Ok(Restart::Always),
            "on-failure" => Ok(Restart::OnFailure),
            "never" => Ok(Restart::Never),
            _ => Err("always, on-failure or never".to_owned()),
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Policy {
    pub(crate) restart: Restart,
    pub(crate) first_pause: Duration,
    pub(crate) longest_pause: Duration,
    pub(crate) limit: Option<usize>,
}

/// What to do with a command that has ended.
pub(crate) enum Verdict {
    Again(Duration),
    Leave,
    GiveUp,
}

/// The restarts of one command since it was well.
pub(crate) struct Restarts {
    policy: Policy,
    count: usize,
    pause: Duration,
}

impl Policy {
    pub(crate) fn new() -> Policy {
        Policy {
            restart: Restart::OnFailure,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
            limit: None,
        }
    }
}

impl Restarts {
    pub(crate) fn new(policy: Policy) -> Restarts {
        Restarts { policy, count: 0, pause: policy.first_pause }
    }

    /// It has run for this long, and ended well or not.
    pub(crate) fn after(&mut self, run: Duration, well: bool) -> Verdict {
        match self.policy.restart {
            Restart::Never => return Verdict::Leave,
            Restart::OnFailure if well => return Verdict::Leave,
            Restart::OnFailure | Restart::Always => {}
        }
        if run >= WELL {
            *self = Restarts::new(self.policy);
        }
        if self.policy.limit.is_some_and(|limit| self.count >= limit) {
            return Verdict::GiveUp;
        }
        self.count += 1;
        let pause = self.pause.min(self.policy.longest_pause);
        self.pause = pause.saturating_mul(2);
        Verdict::Again(pause)
    }
}
