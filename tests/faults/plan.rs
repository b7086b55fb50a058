//! Which call is to fail: the armed window, the counts in it, and the one fault.
//!
//! All of it lies in memory that forked children share, so that what a child calls before it executes its program counts too.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicUsize};

use crate::calls::Site;
use crate::interpose;

/// No site.
const NOTHING: usize = usize::MAX;

/// The whole of it. Zeroes are a disarmed plan.
#[derive(Debug)]
pub(crate) struct Plan {
    armed: AtomicBool,
    counts: [AtomicU32; Site::COUNT],
    site: AtomicUsize,
    /// Which of the site's calls fails, from 0.
    number: AtomicU32,
    errno: AtomicI32,
    injected: AtomicU32,
}

static PLAN: OnceLock<&'static Plan> = OnceLock::new();

/// One call that fails.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    pub(crate) site: Site,
    pub(crate) number: u32,
    pub(crate) errno: i32,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { site: Site { call, kind }, number, errno } = self;
        write!(f, "{call:?} on {kind:?}, number {number}, with {errno}")
    }
}

/// What the armed window has seen.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) counts: Vec<(Site, u32)>,
    pub(crate) injected: bool,
}

/// Begins to count, and to fail what `fault` says.
pub(crate) fn arm(fault: Option<Fault>) {
    let plan = PLAN.get_or_init(interpose::shared_plan);
    plan.counts.iter().for_each(|count| count.store(0, Relaxed));
    plan.injected.store(0, Relaxed);
    plan.site.store(fault.map_or(NOTHING, |fault| fault.site.index()), Relaxed);
    plan.number.store(fault.map_or(0, |fault| fault.number), Relaxed);
    plan.errno.store(fault.map_or(0, |fault| fault.errno), Relaxed);
    plan.armed.store(true, SeqCst);
}

/// Ends it.
pub(crate) fn disarm() -> Seen {
    let plan = PLAN.get().expect("it was armed");
    plan.armed.store(false, SeqCst);
    let counts = Site::all().map(|site| (site, plan.counts[site.index()].load(Relaxed)));
    Seen {
        counts: counts.filter(|(_, count)| *count > 0).collect(),
        injected: plan.injected.load(Relaxed) > 0,
    }
}

pub(crate) fn is_armed() -> bool {
    PLAN.get().is_some_and(|plan| plan.armed.load(SeqCst))
}

/// Counts a call of `site`. The error that it is to end with, if it is the one.
pub(crate) fn fault(site: impl FnOnce() -> Option<Site>) -> Option<(Site, i32)> {
    let plan = PLAN.get().filter(|plan| plan.armed.load(Relaxed))?;
    let site = site()?;
    let number = plan.counts[site.index()].fetch_add(1, Relaxed);
    if plan.site.load(Relaxed) != site.index() || plan.number.load(Relaxed) != number {
        return None;
    }
    plan.injected.store(1, Relaxed);
    Some((site, plan.errno.load(Relaxed)))
}
