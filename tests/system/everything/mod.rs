//! All of it at once, under a storm of signals.

mod children;
mod files;
mod names;
mod place;
mod sockets;
mod tasks;

use std::env;
use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use fend::net::pipe::pipe;
use fend::time::timeout;

use crate::alarms::Alarms;
use crate::alone::{is_alone, run_alone};
use crate::shape::Shape;

on_each_dispatcher!(alone: no_operation_is_interrupted);

const LASTS: Duration = Duration::from_millis(if cfg!(debug_assertions) { 1000 } else { 3000 });

/// How many signals are a storm.
const STORM: u64 = 1000;

/// A round that takes so long will never end. Nor will a storm come of what is no storm by then.
const STALLED: Duration = Duration::from_secs(20);

type Round = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

/// What is done again and again. A part is told the number of the round.
type Part = (&'static str, fn(u64) -> Round);

const PARTS: &[Part] = &[
    ("tasks", |round| Box::pin(tasks::tasks(round))),
    ("timers", |_| Box::pin(tasks::timers())),
    ("clocks", |_| Box::pin(tasks::clocks())),
    ("threads", |round| Box::pin(tasks::threads(round))),
    ("signals", |_| Box::pin(tasks::signals())),
    ("TCP", |_| Box::pin(sockets::tcp())),
    ("UDP", |round| Box::pin(sockets::udp(round))),
    ("Unix sockets", |_| Box::pin(sockets::unix())),
    ("pipes", |_| Box::pin(sockets::pipes())),
    ("copying", |_| Box::pin(sockets::copying())),
    ("TLS", |_| Box::pin(sockets::tls())),
    ("names", |round| Box::pin(names::asked(round))),
    ("names of the system", |_| Box::pin(names::of_the_system())),
    ("files", |round| Box::pin(files::files(round))),
    ("file events", |round| Box::pin(files::file_events(round))),
    ("children", |round| Box::pin(children::children(round))),
    ("standard streams", |round| Box::pin(children::standard_streams(round))),
];

/// Whether the time is over: that of `LASTS`, and then that which a machine that often stands still takes for so many signals.
fn is_over(end: Instant) -> bool {
    let now = Instant::now();
    now >= end && (Alarms::handled() > STORM || now >= end + STALLED)
}

/// Does a part until the time is over, once at least. How often it was done.
async fn repeat((name, part): Part, end: Instant) -> u64 {
    for round in 0.. {
        match timeout(STALLED, part(round)).await {
            Err(_) => panic!("{name}: a stall in round {round}"),
            Ok(Err(error)) => panic!("{name}, round {round}: {:?}: {error}", error.kind()),
            Ok(Ok(())) if is_over(end) => return round + 1,
            Ok(Ok(())) => {}
        }
    }
    unreachable!("rounds do not end by themselves")
}

async fn all_at_once() -> String {
    let end = Instant::now() + LASTS;
    let parts: Vec<_> = PARTS.iter().map(|part| fend::spawn(repeat(*part, end))).collect();
    let mut rounds = Vec::new();
    for ((name, _), part) in PARTS.iter().zip(parts) {
        rounds.push(format!("{name} {}", part.await.expect("no error comes of a signal")));
    }
    rounds.join(", ")
}

/// Starts the program with lines to read, without end.
fn run_with_lines(shape: Shape) {
    let (reader, writer) = pipe().expect("a pipe");
    let lines = thread::spawn(move || fend::block_on(children::write_lines(writer)));
    let mut command = Command::new(env::current_exe().expect("this program"));
    command.stdin(OwnedFd::try_from(reader).expect("an fd"));
    let printed = run_alone(&mut command, shape);
    drop(command);
    lines.join().expect("it ends with the program");
    children::assert_printed(&printed);
}

/// SP8
fn no_operation_is_interrupted(shape: Shape) {
    if !is_alone(shape) {
        return run_with_lines(shape);
    }
    let alarms = Alarms::start();
    let rounds = shape.block_on(all_at_once());
    let handled = alarms.end();
    eprintln!("{handled} signals; rounds: {rounds}");
    assert!(handled > STORM, "only {handled} signals");
}
