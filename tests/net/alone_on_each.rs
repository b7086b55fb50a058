//! Tests that take a [`Shape`] and have a process to themselves, on every dispatcher.

/// Makes a test for each dispatcher of every `fn(Shape)` that it names.
macro_rules! alone_on_every_dispatcher {
    ($($test:ident),+ $(,)?) => {
        alone_on_every_dispatcher!(@module epoll_alone Epoll [$($test)+]);
        alone_on_every_dispatcher!(@module poll_alone Poll [$($test)+]);
    };
    (@module $module:ident $dispatcher:ident [$($test:ident)+]) => {
        mod $module {
            $(#[test]
            fn $test() {
                let shape = crate::shape::Shape {
                    dispatcher: fend::runtime::Dispatcher::$dispatcher,
                    workers: 2,
                    drivers: 1,
                    test: concat!(module_path!(), "::", stringify!($test)),
                };
                crate::shape::beside(shape, super::$test);
            })+
        }
    };
}
