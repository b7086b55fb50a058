//! [`ctrl_c`]: the next ^C.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::number::Signal;
use super::signals::Signals;

/// Waits for the next ^C at the terminal, which is [`Signal::INT`].
///
/// It listens from this call on, and not only from the first poll: a ^C that comes before the first poll completes it at that poll. For each ^C
/// in turn, poll it again, or use [`Signals`].
///
/// From the first call on ^C does not end the program any more, also not when the future is dropped; see
/// [what the signal did before](Signals#what-the-signal-did-before). [`restore`](super::restore()) brings that back.
///
/// # Errors
///
/// The future completes with an error when there are too many open files, when the runtime that is to wait has shut down, and in the child
/// of a fork.
///
/// # Cancel safety
///
/// Dropped before it has completed, it takes a ^C that came meanwhile with it. Poll it by reference to keep it:
///
/// ```
/// # use fend_reactor as fend;
/// # use std::time::Duration;
/// use fend::signal::{self, Signal};
///
/// # fn main() -> std::io::Result<()> {
/// fend::block_on(async {
///     let mut ctrl_c = signal::ctrl_c();
///     while fend::time::timeout(Duration::from_millis(1), &mut ctrl_c).await.is_err() {
///         println!("still running");
/// #       signal::raise(Signal::INT)?;
///     }
///     Ok(())
/// })
/// # }
/// ```
pub fn ctrl_c() -> CtrlC {
    CtrlC { signals: Signals::new([Signal::INT]) }
}

/// The future of [`ctrl_c`]. Polled again after it has completed, it waits for the next ^C.
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited"]
pub struct CtrlC {
    signals: io::Result<Signals>,
}

impl Future for CtrlC {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.signals {
            Ok(signals) => ready!(signals.poll_recv(cx)).map(drop).into(),
            Err(error) => Poll::Ready(Err(io::Error::new(error.kind(), error.to_string()))),
        }
    }
}
