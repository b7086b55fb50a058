//! Taking connections for as long as that can work: [`Listener`].
//!
//! ```text
//!            reserve a slot       accept(2)            admit
//!  waiting ────────────────▶ slot ─────────▶ stream ──────────▶ active ──▶ finished, panicked or aborted
//!     ▲  (the limit is         │ error                                       (gives the slot back, wakes who waits)
//!     │   waited for here)     ▼
//!     └──────────────── retried at once, or after a pause
//! ```
//!
//! `state` holds the numbers of all this behind one lock, `watched` lets tasks wait for them, `back_off` knows how long to pause,
//! `wait` what to wait with then, `drain` ends it.

mod back_off;
mod connection;
mod drain;
mod listener;
mod metrics;
mod state;
mod unwind;
mod wait;
mod watched;

pub use connection::{Connection, ConnectionSlot};
pub use drain::{DrainReport, ListenerHandle};
pub use listener::{AcceptFailure, Listener};
pub use metrics::ListenerMetrics;
