//! [`Servers`]: in which order to ask, and what is remembered of each server.
//!
//! A server that did not answer in time goes behind the others for [`SILENT_FOR`], so that the lookups after the first do not
//! wait for it. Then one question tries it again, and only that one: for the others it is silent until it has answered. When
//! all are silent they are asked in their order.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fend_reactor::time::now;

use crate::sync::Mutex;

/// How long a server that did not answer in time goes behind the others.
const SILENT_FOR: Duration = Duration::from_secs(30);

/// Servers that are asked answer within this, even when they have to ask others; who waits for less has learned nothing.
const MIN_SILENCE: Duration = Duration::from_secs(1);

/// How long a server that does not know EDNS is asked without.
const PLAIN_FOR: Duration = Duration::from_secs(600);

#[derive(Debug)]
pub(super) struct Servers {
    states: Mutex<Vec<State>>,
    /// Whose turn it is to be first, when they take turns.
    turn: AtomicUsize,
    /// How long an attempt may take, that at a silent server too.
    timeout: Duration,
}

#[derive(Debug, Clone, Default)]
struct State {
    silent: Option<Spell>,
    plain: Option<Spell>,
}

/// A time that something is remembered for. Its beginning is there too: clocks of runtimes may differ when one was set by hand, and what
/// begins in a far future is not to last until then.
#[derive(Debug, Clone, Copy)]
struct Spell {
    from: Instant,
    length: Duration,
}

impl Spell {
    fn is_over(self, now: Instant) -> bool {
        now.saturating_duration_since(self.from) >= self.length
            || self.from.saturating_duration_since(now) > self.length
    }
}

impl Servers {
    pub(super) fn new(count: usize, timeout: Duration) -> Servers {
        Servers { states: Mutex::new(vec![State::default(); count]), turn: AtomicUsize::new(0), timeout }
    }

    /// The order in which to ask now, by the servers' places in the settings.
    pub(super) fn order(&self, rotate: bool) -> Vec<usize> {
        let now = now();
        let mut states = self.states.lock();
        let count = states.len();
        let first = if rotate { self.turn.fetch_add(1, Ordering::Relaxed) } else { 0 };
        let turns = (0..count).map(|index| (first % count + index) % count);
        let (mut order, silent): (Vec<_>, Vec<_>) =
            turns.partition(|&index| !states[index].is_silent(now, self.timeout));
        order.extend(silent);
        order
    }

    /// Something came from it.
    pub(super) fn answered(&self, index: usize) {
        self.states.lock()[index].silent = None;
    }

    /// Nothing came from it for so long.
    pub(super) fn waited(&self, index: usize, time: Duration) {
        let from = now();
        if time >= self.timeout.min(MIN_SILENCE) {
            self.states.lock()[index].silent = Some(Spell { from, length: SILENT_FOR });
        }
    }

    pub(super) fn knows_edns(&self, index: usize) -> bool {
        let now = now();
        self.states.lock()[index].plain.is_none_or(|plain| plain.is_over(now))
    }

    pub(super) fn refused_edns(&self, index: usize) {
        let from = now();
        self.states.lock()[index].plain = Some(Spell { from, length: PLAIN_FOR });
    }
}

impl State {
    /// Whoever hears that its time is over tries it, and the others wait for what comes of that.
    fn is_silent(&mut self, now: Instant, trial: Duration) -> bool {
        match self.silent {
            Some(spell) if spell.is_over(now) => {
                self.silent = Some(Spell { from: now, length: trial });
                false
            }
            spell => spell.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use fend_reactor::time::advance;

    use super::*;

    const TRIAL: Duration = Duration::from_secs(5);

    #[test]
    fn servers_take_turns_when_they_are_told_to() {
        let servers = Servers::new(3, TRIAL);
        let order = |rotate| [servers.order(rotate), servers.order(rotate), servers.order(rotate)];
        assert_eq!(order(false), [[0, 1, 2], [0, 1, 2], [0, 1, 2]]);
        assert_eq!(order(true), [[0, 1, 2], [1, 2, 0], [2, 0, 1]]);
        assert_eq!(Servers::new(0, TRIAL).order(true), []);
    }

    /// DN7.
    #[fend::test(dispatchers = "all", start_paused = true)]
    async fn a_silent_server_is_last_for_30_seconds_and_then_tried_by_one() {
        let servers = Servers::new(3, TRIAL);
        servers.waited(0, TRIAL);
        assert_eq!(servers.order(false), [1, 2, 0]);
        advance(SILENT_FOR - Duration::from_nanos(1)).await;
        assert_eq!(servers.order(false), [1, 2, 0]);
        advance(Duration::from_nanos(1)).await;
        assert_eq!(servers.order(false), [0, 1, 2]);
        assert_eq!(servers.order(false), [1, 2, 0]);
        // The one who tried it did not come back with anything.
        advance(TRIAL).await;
        assert_eq!(servers.order(false), [0, 1, 2]);
        servers.answered(0);
        assert_eq!(servers.order(false), [0, 1, 2]);
    }

    #[fend::test(dispatchers = "all", start_paused = true)]
    async fn who_does_not_wait_learns_nothing_of_a_server() {
        let servers = Servers::new(2, TRIAL);
        servers.waited(0, MIN_SILENCE - Duration::from_nanos(1));
        assert_eq!(servers.order(false), [0, 1]);
        servers.waited(0, MIN_SILENCE);
        assert_eq!(servers.order(false), [1, 0]);
        // A time limit below that is what somebody has chosen.
        let servers = Servers::new(2, MIN_SILENCE / 4);
        servers.waited(0, MIN_SILENCE / 4);
        assert_eq!(servers.order(false), [1, 0]);
    }

    #[fend::test(dispatchers = "all", start_paused = true)]
    async fn silent_servers_keep_their_order() {
        let servers = Servers::new(3, TRIAL);
        (0..3).rev().for_each(|index| servers.waited(index, TRIAL));
        assert_eq!(servers.order(false), [0, 1, 2]);
        servers.answered(1);
        assert_eq!(servers.order(false), [1, 0, 2]);
    }

    #[fend::test(dispatchers = "all", start_paused = true)]
    async fn a_server_without_edns_is_asked_with_it_again_after_a_while() {
        let servers = Servers::new(2, TRIAL);
        servers.refused_edns(1);
        assert!(servers.knows_edns(0) && !servers.knows_edns(1));
        advance(PLAIN_FOR).await;
        assert!(servers.knows_edns(1));
    }
}
