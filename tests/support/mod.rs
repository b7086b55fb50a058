//! Runs an async test on a runtime of each dispatcher, and turns a stall into a failure.

use std::future::Future;
use std::io;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use fend::runtime::{Builder, Dispatcher};

/// Far more than any test here takes on a slow machine: only a stall reaches it.
const STALLED: Duration = Duration::from_secs(60);

/// Runs `test` to its end on a runtime with this dispatcher and two workers.
pub(crate) fn run<F>(dispatcher: Dispatcher, test: fn() -> F)
where
    F: Future<Output = io::Result<()>> + 'static,
{
    let builder = Builder::new().dispatcher(dispatcher).worker_threads(2);
    unless_it_stalls(move || builder.build().expect("a runtime").block_on(test())).expect("the test's I/O");
}

/// Runs `body` on a thread of its own; a stall and a panic in it fail the test.
pub(crate) fn unless_it_stalls<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, outcome) = mpsc::channel();
    let body = thread::spawn(move || {
        let _ = done.send(body());
    });
    let result = match outcome.recv_timeout(STALLED) {
        Ok(result) => Some(result),
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("stalled"),
        Err(mpsc::RecvTimeoutError::Disconnected) => None,
    };
    if let Err(panic) = body.join() {
        std::panic::resume_unwind(panic);
    }
    result.expect("a body that did not panic sends its result")
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
