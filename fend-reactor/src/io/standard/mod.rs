//! Standard input, output and error, without `O_NONBLOCK` for whoever shares them.
//!
//! ```text
//! Stdin, Stdout, Stderr     handles; each keeps a registration alive, if there is one
//!   └ Shared                one for each stream of the process: what it is, found out at its first use
//!       └ Channel           ├ Polled    AsyncFd; calls that do not wait
//!                           ├ Direct    calls that never wait anyway
//!                           └ Runner    a thread that makes the calls of Reads or Writes
//! ```

mod channel;
mod direct;
mod handle;
mod output;
mod polled;
mod reads;
mod runner;
mod shared;
mod stderr;
mod stdin;
mod stdout;
#[cfg(all(test, not(loom)))]
mod tests;
mod which;
mod writes;

pub use stderr::{Stderr, stderr};
pub use stdin::{Stdin, stdin};
pub use stdout::{Stdout, stdout};
