//! What a program waits for beside its sockets: signals, children, file events, standard streams, files, clocks; and the threads for code
//! that blocks. On every dispatcher.

mod alarms;
#[path = "../support/alone.rs"]
mod alone;
#[macro_use]
#[path = "../support/mod.rs"]
mod support;
#[expect(dead_code, reason = "the part for other suites")]
#[macro_use]
#[path = "../support/shape.rs"]
mod shape;
/// Where `shape` looks for it.
use support::stall;

/// Makes a test for each dispatcher of every `fn(Shape)` or `fn(Builder)` that it names. `on_each_dispatcher!(alone: a, b)` is for those that have a
/// process to themselves, beside others in the same module.
macro_rules! on_each_dispatcher {
    (alone: $($test:ident),+ $(,)?) => {
        on_every_shape!(@each beside [$($test)+] epoll_alone Epoll 2 1, poll_alone Poll 2 1,);
    };
    ($($test:ident),+ $(,)?) => {
        on_every_shape!(@each beside [$($test)+] epoll Epoll 2 1, poll Poll 2 1,);
    };
}

#[expect(dead_code, reason = "the part for other suites")]
#[path = "../support/process.rs"]
mod process;
#[path = "../support/tls_ends.rs"]
mod tls_ends;

mod children;
mod clocks;
mod everything;
mod file_events;
mod files;
mod fork;
mod pool;
mod signals;
mod standard_streams;
