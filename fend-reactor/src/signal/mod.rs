//! Signals: see [signal(7)](https://man7.org/linux/man-pages/man7/signal.7.html).
//!
//! [`ctrl_c`] waits for ^C, [`Signals`] for any signals, with what the kernel says of them. Any number of listeners on any number of
//! runtimes receive each signal.
//!
//! A handler is installed for each signal that is listened for. It runs in whatever thread the kernel chooses, hands the signal to each listener
//! (a queue in memory, and an eventfd that wakes), and calls the handler that was there before. No signal is blocked, no thread of
//! its own is needed, and children inherit nothing.

mod ctrl_c;
mod disposition;
mod info;
mod listener;
mod number;
mod pending;
mod record;
mod signals;

use std::io;

pub(crate) use listener::{SIGNALS, Slot};
pub(crate) use record::Record;

pub use ctrl_c::{CtrlC, ctrl_c};
pub use disposition::restore;
pub use info::{Code, SignalInfo};
pub use number::Signal;
pub use signals::Signals;

use crate::sys;

/// Sends a signal to this process, as kill(2) does.
///
/// After [`restore`] this ends the program as the signal itself would have, so that its parent learns why.
///
/// # Errors
///
/// [`WouldBlock`](io::ErrorKind::WouldBlock) when no more real-time signals may be queued (`RLIMIT_SIGPENDING` of setrlimit(2)).
///
/// # Examples
///
/// ```no_run
/// # use fend_reactor as fend;
/// use fend::signal::{self, Signal, Signals};
///
/// # async fn clean_up() {}
/// # fn main() -> std::io::Result<()> {
/// fend::block_on(async {
///     let got = Signals::new([Signal::INT, Signal::TERM])?.recv().await?;
///     clean_up().await;
///     signal::restore(got.signal())?;
///     signal::raise(got.signal())
/// })
/// # }
/// ```
pub fn raise(signal: Signal) -> io::Result<()> {
    sys::raise(signal.as_raw())
        .map_err(|error| io::Error::new(error.kind(), format!("cannot send {signal}: {error}")))
}
