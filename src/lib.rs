//! fend: Fast EveNt Dispatch. An async runtime for Linux.

pub use fend_net as net;
pub use fend_reactor::runtime::{Dispatcher, Handle, Runtime};
pub use fend_reactor::{block_on, io, runtime, spawn, spawn_blocking, spawn_local, task, time, yield_now};

#[cfg(feature = "macros")]
pub use fend_macros::{main, test};

/// What the attributes expand to. Not for hand-written code.
#[doc(hidden)]
#[cfg(feature = "macros")]
pub mod __macro {
    use fend_reactor::runtime::{Builder, Runtime, offer_default};
    use std::future::Future;

    #[track_caller]
    fn build(builder: Builder) -> Runtime {
        builder.build().unwrap_or_else(|error| panic!("cannot start the runtime: {error}"))
    }

    /// `#[fend::main]`: the program's runtime is also the one that threads without a runtime use.
    #[track_caller]
    pub fn main<F: Future>(builder: Builder, future: F) -> F::Output {
        let runtime = build(builder);
        offer_default(&runtime);
        runtime.block_on(future)
    }

    /// `#[fend::test]`: each test has a runtime of its own.
    #[track_caller]
    pub fn test<F: Future>(builder: Builder, future: F) -> F::Output {
        build(builder).block_on(future)
    }
}
