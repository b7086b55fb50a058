//! Every system call fails once, with each of the errors that it can have: what fend does is then over with a result, an error says what
//! has failed, nothing is left behind, and the next time all goes well. On every dispatcher.
//!
//! A scenario is run without a fault first, which counts its calls, and then once for each fault of the plan made from the counts. This
//! program itself defines the C library's functions ([`interpose`]), so that the calls of std and of the libc crate are counted and made to
//! fail in all threads, and nothing of fend is built in another way than for its users.

#[path = "../support/alone.rs"]
mod alone;
#[expect(dead_code, unused_macros, reason = "the part for other suites")]
#[path = "../support/mod.rs"]
mod support;
#[expect(dead_code, reason = "the part for other suites")]
#[macro_use]
#[path = "../support/shape.rs"]
mod shape;
/// Where `shape` looks for it.
use support::stall;
#[expect(dead_code, reason = "the part for other suites")]
#[path = "../support/process.rs"]
mod process;
#[path = "../support/tls_ends.rs"]
mod tls_ends;

mod calls;
mod faults_of;
mod interpose;
mod panics;
mod place;
mod plan;
mod remains;
mod scenarios;
mod verdict;
mod watchdog;
