//! `#[fend::test]` and `#[fend::main]` at work: what they call, and which attributes survive them.
//!
//! What the compiler says of mistakes is in `ui.rs`.
#![cfg(feature = "macros")]
#![forbid(unsafe_code)]
#![deny(missing_docs, unused, clippy::all, clippy::pedantic)]

use std::future::ready;
use std::num::ParseIntError;

#[fend::test]
async fn a_test_runs() {
    ready(()).await;
}

#[fend::test]
async fn a_test_may_await_nothing() {
    // `clippy::unused_async`, denied above, must not mind.
}

/// A doc comment.
#[fend::test(worker_threads = 2, dispatcher = "poll", start_paused = true)]
async fn a_result_is_returned() -> Result<(), ParseIntError> {
    assert_eq!(ready("7").await.parse::<u8>()?, 7);
    Ok(())
}

#[fend::test]
#[should_panic(expected = "on purpose")]
async fn a_panic_is_expected() {
    ready(()).await;
    panic!("on purpose");
}

#[fend::test]
#[ignore = "shows that #[ignore] is kept: it would fail"]
async fn an_ignored_test_is_not_run() {
    ready(()).await;
    panic!("#[ignore] was lost");
}

#[fend::test]
#[cfg(not(test))]
async fn code_that_is_configured_away() {
    this_function_does_not_exist();
}

#[fend::test]
#[expect(unused_variables, reason = "an expectation is met in the body, and counted once")]
async fn lint_levels_reach_the_body() {
    let unused = ready(1).await;
}

#[fend::main(worker_threads = 1)]
async fn borrowed_main() -> impl Iterator<Item = u8> {
    ready(1..4).await
}

#[test]
fn a_function_need_not_be_called_main() {
    assert_eq!(borrowed_main().collect::<Vec<_>>(), [1, 2, 3]);
}

/// A doc comment.
#[fend::test(dispatchers = "all")]
#[expect(unused_variables, reason = "an expectation is met in the shared body")]
async fn on_all() -> Result<(), ParseIntError> {
    let unused = ready("7").await.parse::<u8>()?;
    Ok(())
}

#[fend::test(dispatchers = "all", start_paused = true)]
#[should_panic(expected = "on purpose")]
async fn each_panic_is_expected() {
    ready(()).await;
    panic!("on purpose");
}

#[fend::test(dispatchers = "all")]
#[ignore = "shows that each test keeps #[ignore]: they would fail"]
async fn r#try() {
    ready(()).await;
    panic!("#[ignore] was lost");
}

mod what_is_asked_of_fend {
    use super::recorder::{self as here, calls};

    #[fend::test(crate = here)]
    async fn one_worker_unless_told_otherwise() {
        assert_eq!(calls(), "new worker_threads(1)");
        std::future::ready(()).await;
    }

    #[fend::test(
        dispatcher = "epoll",
        crate = "crate::recorder",
        start_paused = true,
        drivers = 2,
        worker_threads = 3
    )]
    async fn every_argument() {
        assert_eq!(calls(), "new worker_threads(3) drivers(2) dispatcher(Epoll) start_paused(true)");
        std::future::ready(()).await;
    }

    #[fend::test(dispatchers = "all", crate = here, worker_threads = 2)]
    async fn shared() {
        assert!(calls().starts_with("new worker_threads(2) dispatcher("));
        std::future::ready(()).await;
    }

    #[test]
    fn each_test_has_the_dispatcher_of_its_name() {
        for (test, dispatcher) in [(shared_epoll as fn(), "Epoll"), (shared_poll, "Poll")] {
            test();
            assert_eq!(calls(), format!("new worker_threads(2) dispatcher({dispatcher})"));
        }
    }
}

/// Stands in for fend: notes how it was called, then polls the future once.
mod recorder {
    use std::cell::RefCell;

    thread_local! {
        static CALLS: RefCell<String> = const { RefCell::new(String::new()) };
    }

    /// The calls by which the latest runtime of this thread was built.
    pub(super) fn calls() -> String {
        CALLS.with_borrow(Clone::clone)
    }

    pub(super) mod runtime {
        #[derive(Debug, Clone, Copy)]
        pub(crate) enum Dispatcher {
            Epoll,
            Poll,
        }

        pub(crate) struct Builder {
            pub(crate) calls: String,
        }

        impl Builder {
            pub(crate) fn new() -> Builder {
                Builder { calls: "new".to_owned() }
            }

            pub(crate) fn worker_threads(self, count: usize) -> Builder {
                self.called(&format!("worker_threads({count})"))
            }

            pub(crate) fn drivers(self, count: usize) -> Builder {
                self.called(&format!("drivers({count})"))
            }

            pub(crate) fn dispatcher(self, dispatcher: Dispatcher) -> Builder {
                self.called(&format!("dispatcher({dispatcher:?})"))
            }

            pub(crate) fn start_paused(self, paused: bool) -> Builder {
                self.called(&format!("start_paused({paused})"))
            }

            fn called(self, call: &str) -> Builder {
                Builder { calls: format!("{} {call}", self.calls) }
            }
        }
    }

    pub(super) mod __macro {
        use std::pin::pin;
        use std::task::{Context, Poll, Waker};

        pub(crate) fn test<F: Future>(builder: super::runtime::Builder, future: F) -> F::Output {
            super::CALLS.set(builder.calls);
            match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(output) => output,
                Poll::Pending => unreachable!("the bodies here wait for nothing"),
            }
        }
    }
}
