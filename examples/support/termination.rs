//! How a program is told to end: by SIGTERM or ^C, the first of which it may take its time for.

use std::io;

use fend::signal::{self, Signal, Signals};

const SIGNALS: [Signal; 2] = [Signal::INT, Signal::TERM];

/// Waits for one of them. While there is this, neither ends the process by itself; afterwards both do.
pub(crate) struct Termination(Signals);

impl Termination {
    pub(crate) fn new() -> io::Result<Termination> {
        Signals::new(SIGNALS).map(Termination)
    }

    /// The first one. The next, whichever it is, ends the process at once.
    pub(crate) async fn told(mut self) -> io::Result<Signal> {
        Ok(self.0.recv().await?.signal())
    }
}

impl Drop for Termination {
    fn drop(&mut self) {
        for signal in SIGNALS {
            // Nobody else here has changed what it does.
            let _ = signal::restore(signal);
        }
    }
}
