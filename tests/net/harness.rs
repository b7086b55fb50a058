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
    let (done, outcome) = mpsc::channel();
    let body = thread::spawn(move || {
        let runtime = Builder::new().dispatcher(dispatcher).worker_threads(2).build().expect("a runtime");
        let result = runtime.block_on(test());
        let _ = done.send(result);
    });
    match outcome.recv_timeout(STALLED) {
        Ok(result) => result.expect("the test's I/O"),
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("stalled"),
        Err(mpsc::RecvTimeoutError::Disconnected) => {}
    }
    if let Err(panic) = body.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Makes a test for each dispatcher of every `async fn() -> io::Result<()>` that it names.
macro_rules! on_every_dispatcher {
    ($($test:ident),+ $(,)?) => {
        mod epoll {
            $(#[test]
            fn $test() {
                crate::harness::run(fend::runtime::Dispatcher::Epoll, super::$test);
            })+
        }
        mod poll {
            $(#[test]
            fn $test() {
                crate::harness::run(fend::runtime::Dispatcher::Poll, super::$test);
            })+
        }
    };
}
