//! Runs a test on runtimes of every shape: each dispatcher, one worker and several, one driver and several.

#[path = "stall.rs"]
mod stall;

use std::sync::RwLock;

use fend::runtime::{Builder, Dispatcher};

pub(crate) use stall::unless_it_stalls;

/// Tests that measure time run alone; the others run beside each other.
static MACHINE: RwLock<()> = RwLock::new(());

/// A runtime's shape: dispatcher, workers, drivers.
pub(crate) fn shape(dispatcher: Dispatcher, workers: usize, drivers: usize) -> Builder {
    Builder::new().dispatcher(dispatcher).worker_threads(workers).drivers(drivers)
}

/// Runs `test`, beside others.
pub(crate) fn run(builder: Builder, test: fn(Builder)) {
    let _machine = MACHINE.read().unwrap_or_else(|poisoned| poisoned.into_inner());
    unless_it_stalls(move || test(builder));
}

/// Runs `test` while no other test of this binary runs.
pub(crate) fn run_alone(builder: Builder, test: fn(Builder)) {
    let _machine = MACHINE.write().unwrap_or_else(|poisoned| poisoned.into_inner());
    unless_it_stalls(move || test(builder));
}

/// Makes a test for each shape of every `fn(Builder)` that it names: `on_every_shape!(run: one, two)`, or `run_alone` for tests
/// that measure time.
macro_rules! on_every_shape {
    ($run:ident: $($test:ident),+ $(,)?) => {
        on_every_shape!(@dispatcher epoll, Epoll, $run, $($test),+);
        on_every_shape!(@dispatcher poll, Poll, $run, $($test),+);
    };
    (@dispatcher $module:ident, $dispatcher:ident, $run:ident, $($test:ident),+) => {
        mod $module {
            $(mod $test {
                use crate::support::{$run, shape};
                use fend::runtime::Dispatcher::$dispatcher;

                #[test]
                fn one_worker() {
                    $run(shape($dispatcher, 1, 1), super::super::$test);
                }
                #[test]
                fn two_workers() {
                    $run(shape($dispatcher, 2, 1), super::super::$test);
                }
                #[test]
                fn two_drivers() {
                    $run(shape($dispatcher, 2, 2), super::super::$test);
                }
            })+
        }
    };
}
