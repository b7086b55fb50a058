//! The runtimes that a test is run on: each dispatcher, with one worker, with two, and with two that have a driver each.

use std::future::Future;

use fend::runtime::{Builder, Dispatcher, Runtime};

use crate::stall;

/// A runtime to build, and the test that it is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) dispatcher: Dispatcher,
    pub(crate) workers: usize,
    pub(crate) drivers: usize,
    /// The test's full path, crate included.
    pub(crate) test: &'static str,
}

impl Shape {
    pub(crate) fn builder(self) -> Builder {
        Builder::new().dispatcher(self.dispatcher).worker_threads(self.workers).drivers(self.drivers)
    }

    pub(crate) fn build(self) -> Runtime {
        self.builder().build().expect("a runtime")
    }

    pub(crate) fn block_on<F: Future>(self, future: F) -> F::Output {
        self.build().block_on(future)
    }

    pub(crate) fn paused(self) -> Runtime {
        self.builder().start_paused(true).build().expect("a runtime")
    }

    /// The name by which the test harness knows the test.
    pub(crate) fn harness_name(self) -> &'static str {
        self.test.split_once("::").expect("a test lies in a crate").1
    }
}

impl From<Shape> for Builder {
    fn from(shape: Shape) -> Builder {
        shape.builder()
    }
}

/// Runs `test`, beside others.
pub(crate) fn beside<T: From<Shape> + 'static>(shape: Shape, test: fn(T)) {
    stall::unless_it_stalls(move || test(shape.into()));
}

/// Runs `test` while no other test of this binary runs.
pub(crate) fn undisturbed<T: From<Shape> + 'static>(shape: Shape, test: fn(T)) {
    stall::run(true, move || test(shape.into()));
}

/// Makes a test for each shape of every `fn(Shape)` or `fn(Builder)` that it names. `on_every_shape!(undisturbed: a, b)` is for
/// tests that measure time. A suite may have its own function run them, which stands in brackets.
macro_rules! on_every_shape {
    (undisturbed: $($test:ident),+ $(,)?) => { on_every_shape!(@modules undisturbed [$($test)+]); };
    ($($test:ident),+ $(,)?) => { on_every_shape!(@modules beside [$($test)+]); };
    (@modules $run:tt $tests:tt) => {
        on_every_shape!(@each $run $tests
            epoll_single Epoll 1 1, epoll_shared Epoll 2 1, epoll_split Epoll 2 2,
            poll_single Poll 1 1, poll_shared Poll 2 1, poll_split Poll 2 2,
        );
    };
    (@each $run:tt $tests:tt $($shape:ident $dispatcher:ident $workers:literal $drivers:literal,)+) => {
        $(on_every_shape!(@module $run $tests $shape $dispatcher $workers $drivers);)+
    };
    (@module $run:tt [$($test:ident)+] $shape:ident $dispatcher:ident $workers:literal $drivers:literal) => {
        mod $shape {
            $(#[test]
            fn $test() {
                let shape = crate::shape::Shape {
                    dispatcher: fend::runtime::Dispatcher::$dispatcher,
                    workers: $workers,
                    drivers: $drivers,
                    test: concat!(module_path!(), "::", stringify!($test)),
                };
                on_every_shape!(@run $run)(shape, super::$test);
            })+
        }
    };
    (@run $run:ident) => { crate::shape::$run };
    (@run [$run:path]) => { $run };
}
