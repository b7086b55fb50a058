//! Runs an async test on a runtime of each dispatcher, and turns a stall into a failure.

pub(crate) mod stall;

use std::future::Future;
use std::io;

use fend::runtime::{Builder, Dispatcher};

pub(crate) use stall::unless_it_stalls;

/// Runs `test` to its end on a runtime with this dispatcher and two workers.
pub(crate) fn run<F>(dispatcher: Dispatcher, test: fn() -> F)
where
    F: Future<Output = io::Result<()>> + 'static,
{
    let builder = Builder::new().dispatcher(dispatcher).worker_threads(2);
    unless_it_stalls(move || builder.build().expect("a runtime").block_on(test())).expect("the test's I/O");
}

/// Makes a test for each dispatcher of every `async fn() -> io::Result<()>` that it names.
macro_rules! on_every_dispatcher {
    ($($test:ident),+ $(,)?) => {
        mod epoll {
            $(#[test]
            fn $test() {
                crate::support::run(fend::runtime::Dispatcher::Epoll, super::$test);
            })+
        }
        mod poll {
            $(#[test]
            fn $test() {
                crate::support::run(fend::runtime::Dispatcher::Poll, super::$test);
            })+
        }
    };
}
