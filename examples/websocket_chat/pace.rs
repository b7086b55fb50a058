//! How fast a member may speak: so many messages at once, and then so many in each second. Who is faster is not refused, but read no faster, until
//! his own socket makes him wait.

use std::time::{Duration, Instant};

use fend::time::sleep_until;

#[derive(Debug)]
pub(crate) struct Pace {
    step: Duration,
    burst: Duration,
    /// When the messages so far would be through, had each waited for its turn.
    through: Instant,
}

impl Pace {
    /// `rate` messages in a second, and as many at once.
    pub(crate) fn new(rate: usize) -> Pace {
        let step = Duration::from_secs(1) / u32::try_from(rate).unwrap_or(u32::MAX);
        Pace { step, burst: Duration::from_secs(1), through: Instant::now() }
    }

    /// Waits until the next message is not too many.
    pub(crate) async fn next(&mut self) {
        let now = Instant::now();
        self.through = self.through.max(now) + self.step;
        if self.through > now + self.burst {
            sleep_until(self.through - self.burst).await;
        }
    }
}
