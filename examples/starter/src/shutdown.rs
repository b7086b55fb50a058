//! How the service is told to end: SIGTERM from a service manager, or ^C.

use std::io;

use fend::signal::{self, Signal, Signals};

const SIGNALS: [Signal; 2] = [Signal::TERM, Signal::INT];

/// While there is this, neither ends the process by itself.
pub struct Shutdown(Signals);

impl Shutdown {
    pub fn new() -> io::Result<Shutdown> {
        Signals::new(SIGNALS).map(Shutdown)
    }

    /// Waits for the first of them. After that, whichever comes next ends the process at once, for people in a hurry.
    pub async fn requested(mut self) -> io::Result<Signal> {
        let signal = self.0.recv().await?.signal();
        drop(self);
        for signal in SIGNALS {
            signal::restore(signal)?;
        }
        Ok(signal)
    }
}
