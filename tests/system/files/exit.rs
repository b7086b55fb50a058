//! The end of a process while a thread of the files' pool is stuck in a call: opening a FIFO that nobody else opens.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use fend::runtime::{Dispatcher, Handle};

use super::Scratch;
use super::fifo::fifo;
use crate::shape::Shape;

on_every_shape!(
    exit_does_not_wait,
    a_dropped_runtime_waits_no_longer_than_it_was_told,
    the_end_of_main_waits_as_long_as_is_documented,
);

/// Tells the process that is started the FIFO.
const FIFO: &str = "FEND_TEST_EXIT_FIFO";

/// What a runtime waits for its threads when it is dropped: `Builder::drop_timeout`.
const DROP_TIMEOUT: Duration = Duration::from_secs(5);

/// Starts `shape`'s test again in a process of its own, where it finds a FIFO, and gives the time that it took.
fn runs_beside_an_open(shape: Shape) -> Duration {
    let scratch = Scratch::new();
    let mut command = Command::new(env::current_exe().expect("this program"));
    command.args(["--exact", shape.harness_name(), "--nocapture"]).env(FIFO, fifo(&scratch));
    let start = Instant::now();
    let output = command.output().expect("the program starts again");
    let time = start.elapsed();
    let printed = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{printed}\n{complaints}", output.status);
    assert!(complaints.contains("it is stuck"), "{printed}\n{complaints}");
    time
}

fn fifo_of_this_process() -> Option<PathBuf> {
    env::var_os(FIFO).map(PathBuf::from)
}

/// Has a thread of the pool open the FIFO.
async fn get_stuck(fifo: PathBuf) {
    fend::spawn(async move { fend::fs::File::open(fifo).await }).detach();
    while Handle::current().metrics().files.running == 0 {
        fend::time::sleep(Duration::from_millis(1)).await;
    }
    eprintln!("it is stuck");
}

/// Whether `main` calls exit(3), and does not return.
static EXITS: AtomicBool = AtomicBool::new(false);

#[fend::main(dispatcher = "epoll")]
async fn main_on_epoll() {
    body_of_main().await;
}

#[fend::main(dispatcher = "poll")]
async fn main_on_poll() {
    body_of_main().await;
}

async fn body_of_main() {
    get_stuck(fifo_of_this_process().expect("it was told")).await;
    if EXITS.load(Relaxed) {
        std::process::exit(0);
    }
}

fn main_of(shape: Shape, exits: bool) {
    EXITS.store(exits, Relaxed);
    match shape.dispatcher {
        Dispatcher::Poll => main_on_poll(),
        _ => main_on_epoll(),
    }
}

fn exit_does_not_wait(shape: Shape) {
    match fifo_of_this_process() {
        Some(_) => main_of(shape, true),
        None => assert!(runs_beside_an_open(shape) < DROP_TIMEOUT),
    }
}

fn a_dropped_runtime_waits_no_longer_than_it_was_told(shape: Shape) {
    match fifo_of_this_process() {
        Some(fifo) => {
            let runtime = shape.builder().drop_timeout(Duration::from_millis(10)).build().unwrap();
            runtime.block_on(get_stuck(fifo));
        }
        None => assert!(runs_beside_an_open(shape) < DROP_TIMEOUT),
    }
}

/// In release builds, since it takes that long; two shapes tell all of it.
fn the_end_of_main_waits_as_long_as_is_documented(shape: Shape) {
    if cfg!(debug_assertions) || (shape.workers, shape.drivers) != (2, 1) {
        return;
    }
    match fifo_of_this_process() {
        Some(_) => main_of(shape, false),
        None => {
            let time = runs_beside_an_open(shape);
            assert!(time >= DROP_TIMEOUT && time < DROP_TIMEOUT * 2, "{time:?}");
        }
    }
}
