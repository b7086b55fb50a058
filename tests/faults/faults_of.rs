//! The faults of a scenario, one after the other.

use std::env;
use std::fmt;
use std::future::Future;
use std::io;
use std::panic::catch_unwind;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::{Duration, Instant};

use crate::alone::alone;
use crate::calls::Site;
use crate::place::Place;
use crate::plan::{self, Fault, Seen};
use crate::remains::Before;
use crate::shape::Shape;
use crate::{panics, stall, verdict, watchdog};

pub(crate) type Scenario = fn(PathBuf) -> Pin<Box<dyn Future<Output = io::Result<()>>>>;

/// Of one site's calls so many are made to fail: if there are more, the first ones, the last ones, and some between.
const PER_SITE: u32 = 4;

/// With so many the rest is not tried any more: waiting for what is left behind takes its time.
const MOST_OBJECTIONS: usize = 8;

/// When set, only faults with this in their description are tried: to look into one that was reported.
const ONLY: &str = "FEND_TEST_FAULT";

/// Far more than all the faults of a plan take on a slow machine. The watchdog looks after each run.
const STALLED: Duration = Duration::from_secs(600);

/// Runs `test`, which is a whole plan of runs, beside others.
pub(crate) fn beside(shape: Shape, test: fn(Shape)) {
    stall::run_within(STALLED, false, move || test(shape));
}

/// Runs `scenario` with each fault of its plan, in a process of its own.
pub(crate) fn every_fault_of(shape: Shape, scenario: Scenario) {
    alone(shape, || {
        watchdog::start();
        panics::listen();
        let start = Instant::now();
        // What the whole process has once is made.
        for _ in 0..2 {
            run(shape, scenario, None).1.expect("no fault, no error");
        }
        let before = Before::now();
        let report = Faults { shape, scenario, before, tally: Tally::default() }.all();
        eprintln!("{report}; {:.1?}", start.elapsed());
        watchdog::end();
    });
}

/// Once, on a runtime of its own.
fn run(shape: Shape, scenario: Scenario, fault: Option<Fault>) -> (Seen, io::Result<()>) {
    let place = Place::new();
    let named = fault.map_or_else(|| "without a fault".to_owned(), |fault| fault.to_string());
    watchdog::begin(format!("{}: {named}", shape.harness_name()));
    plan::arm(fault);
    let result = catch_unwind(|| on_a_runtime(shape, scenario, &place));
    let seen = plan::disarm();
    // What it says was heard.
    (seen, result.unwrap_or_else(|_| Err(io::Error::other("a panic"))))
}

fn on_a_runtime(shape: Shape, scenario: Scenario, place: &Place) -> io::Result<()> {
    let runtime = shape.builder().build()?;
    runtime.block_on(scenario(place.path().to_owned()))
}

struct Faults {
    shape: Shape,
    scenario: Scenario,
    before: Before,
    tally: Tally,
}

impl Faults {
    /// What to print of them.
    fn all(mut self) -> String {
        let mut tried = Vec::new();
        // When the kernel is said to lack a call, others are made instead, which then have their turn.
        loop {
            let (mut seen, result) = run(self.shape, self.scenario, None);
            result.expect("no fault, no error");
            seen.counts.retain(|(site, _)| !tried.contains(site));
            if seen.counts.is_empty() {
                break;
            }
            tried.extend(seen.counts.iter().map(|(site, _)| *site));
            plan_for(&seen).into_iter().for_each(|fault| self.one(fault));
        }
        let report = format!("{}: {}", self.shape.harness_name(), self.tally);
        assert!(self.tally.objections.is_empty(), "{report}\n{}", self.tally.objections.join("\n"));
        report
    }

    fn one(&mut self, fault: Fault) {
        if self.tally.objections.len() >= MOST_OBJECTIONS {
            return;
        }
        let start = Instant::now();
        let (seen, result) = run(self.shape, self.scenario, Some(fault));
        let tally = &mut self.tally;
        tally.slowest = tally.slowest.max(start.elapsed());
        if !seen.injected {
            tally.missed += 1;
            return;
        }
        tally.injected += 1;
        tally.failed += u32::from(result.is_err());
        let objections = self.objections(fault, &result).into_iter();
        self.tally.objections.extend(objections.map(|objection| format!("{fault}: {objection}")));
    }

    fn objections(&mut self, fault: Fault, result: &io::Result<()>) -> Vec<String> {
        let mut objections: Vec<_> = verdict::objection(fault, result).into_iter().collect();
        objections.extend(panics::heard());
        objections.extend(self.what_is_left());
        if let (_, Err(error)) = run(self.shape, self.scenario, None) {
            objections.push(format!("the next run fails: {error}"));
        }
        objections.extend(self.what_is_left());
        objections
    }

    /// Said once: it stays for the next faults too.
    fn what_is_left(&mut self) -> Option<String> {
        let left = self.before.what_is_left();
        if left.is_some() {
            self.before = Before::now();
        }
        left
    }
}

/// What came of all.
#[derive(Debug, Default)]
struct Tally {
    injected: u32,
    failed: u32,
    /// Threads do not always make the same calls.
    missed: u32,
    slowest: Duration,
    objections: Vec<String>,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { injected, failed, missed, slowest, .. } = self;
        write!(
            f,
            "{injected} faults, {failed} became errors, {missed} were not reached; the slowest took {slowest:.1?}"
        )
    }
}

/// Each error of each site, for the chosen ones of its calls. What a process remembers (that the kernel lacks a call) comes last.
fn plan_for(seen: &Seen) -> Vec<Fault> {
    let mut faults: Vec<_> = seen.counts.iter().flat_map(|(site, count)| of_site(*site, *count)).collect();
    if let Ok(only) = env::var(ONLY) {
        faults.retain(|fault| fault.to_string().contains(&only));
    }
    faults.sort_by_key(|fault| is_for_good(fault.errno) || fault.errno == libc::EPERM);
    faults
}

/// Whether the kernel, or the file's system, lacks the call.
fn is_for_good(errno: i32) -> bool {
    matches!(errno, libc::ENOSYS | libc::EOPNOTSUPP | libc::EXDEV | libc::EINVAL)
}

fn of_site(site: Site, count: u32) -> impl Iterator<Item = Fault> {
    let faults = chosen(count)
        .into_iter()
        .flat_map(move |number| site.errors().iter().map(move |errno| Fault { site, number, errno: *errno }));
    // What is not supported is so from the beginning.
    faults.filter(|fault| fault.number == 0 || !is_for_good(fault.errno))
}

/// Spread evenly, the first and the last one among them.
fn chosen(count: u32) -> Vec<u32> {
    let chosen = count.min(PER_SITE);
    (0..chosen).map(|n| n * (count - 1) / (chosen - 1).max(1)).collect()
}

#[test]
fn few_calls_all_fail_and_of_many_the_ends() {
    assert_eq!(chosen(0), []);
    assert_eq!(chosen(1), [0]);
    assert_eq!(chosen(4), [0, 1, 2, 3]);
    assert_eq!(chosen(100), [0, 33, 66, 99]);
}
