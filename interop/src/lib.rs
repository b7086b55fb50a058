//! Runtimes' traits of other libraries, on fend: code to copy.
//!
//! Some libraries run on any runtime and have it described to them, by traits of their own. These traits change from one release to the
//! next, so fend does not implement them itself: a program has to have the version of fend and the version of the library that it wants. They are
//! small. Each module here is one file that a program takes over and makes its own; all of it stands on fend's public API.
//!
//! | library | module | what to give it |
//! |---|---|---|
//! | quinn 0.11: QUIC | [`quinn_runtime`] | [`FendRuntime`](quinn_runtime::FendRuntime) to `quinn::Endpoint::new` |
//! | hickory 0.26: DNS | [`hickory_provider`] | [`FendProvider`](hickory_provider::FendProvider) to `Resolver::builder_with_config` |
//!
//! hyper's traits are stable: fend has them behind its feature `hyper`. tokio's `AsyncRead` and `AsyncWrite` are behind `tokio-io`.
//!
//! # What such traits ask for
//!
//! | a library wants | fend has |
//! |---|---|
//! | any file descriptor, waited for | [`AsyncFd`](fend::io::AsyncFd), for all that lends its fd |
//! | `poll_readable`, `poll_writable` through `&self` | methods of that name, of `AsyncFd` and of every socket |
//! | an attempt that learns from `WouldBlock` | [`try_with`](fend::io::AsyncFd::try_with) of `AsyncFd`; [`try_read_with`](fend::net::UdpSocket::try_read_with) and `try_write_with` of every socket |
//! | the same in a poll function | [`poll_with`](fend::io::AsyncFd::poll_with); [`poll_read_with`](fend::net::UdpSocket::poll_read_with) and `poll_write_with` |
//! | a timer that can be reset | [`Sleep::reset`](fend::time::Sleep::reset); the sleep is `Unpin`, `Send` and `Sync` |
//! | the time | [`time::now`](fend::time::now), which stands still when a test has paused the clock |
//! | ticks as a `Stream` | [`Interval`](fend::time::Interval) |
//! | to spawn, as a value | [`Handle`](fend::runtime::Handle), or the function [`spawn`](fend::spawn()) itself |
//! | to run what blocks, as a value | [`Handle::spawn_blocking`](fend::runtime::Handle::spawn_blocking) |
//!
//! Nothing of this needs a runtime to be entered first: where none is, the process's default one serves. `tests/runtimes/described.rs` asks for all of it
//! as a library would.

pub mod hickory_provider;
pub mod quinn_runtime;

/// Recipes of fend's cookbook that need libraries which fend itself is not tested with. Their examples are run here.
#[cfg(doctest)]
mod cookbook {
    #[doc = include_str!("../../src/guide/cookbook/axum.md")]
    struct Axum;

    #[doc = include_str!("../../src/guide/cookbook/databases.md")]
    struct Databases;
}
