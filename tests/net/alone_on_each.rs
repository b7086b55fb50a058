//! Tests that take a [`Shape`] and have a process to themselves, on every dispatcher.

/// Makes a test for each dispatcher of every `fn(Shape)` that it names. `alone_on_every_dispatcher!(undisturbed: a, b)` is for tests
/// that measure time.
macro_rules! alone_on_every_dispatcher {
    (undisturbed: $($test:ident),+ $(,)?) => {
        alone_on_every_dispatcher!(@module undisturbed epoll_undisturbed Epoll [$($test)+]);
        alone_on_every_dispatcher!(@module undisturbed poll_undisturbed Poll [$($test)+]);
    };
    ($($test:ident),+ $(,)?) => {
        alone_on_every_dispatcher!(@module beside epoll_alone Epoll [$($test)+]);
        alone_on_every_dispatcher!(@module beside poll_alone Poll [$($test)+]);
    };
    (@module $run:ident $module:ident $dispatcher:ident [$($test:ident)+]) => {
        mod $module {
            $(#[test]
            fn $test() {
                let shape = crate::shape::Shape {
                    dispatcher: fend::runtime::Dispatcher::$dispatcher,
                    workers: 2,
                    drivers: 1,
                    test: concat!(module_path!(), "::", stringify!($test)),
                };
                crate::shape::$run(shape, super::$test);
            })+
        }
    };
}
