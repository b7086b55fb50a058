//! Signals: listened for, raised and received.

use std::io;
use std::path::PathBuf;

use fend::signal::{self, Signal, Signals};

pub(super) async fn all(_: PathBuf) -> io::Result<()> {
    let mut signals = Signals::new([Signal::USR1, Signal::HUP])?;
    for signal in [Signal::USR1, Signal::HUP] {
        signal::raise(signal)?;
        // Another thread may take it, in its own time: one of the run before may come first.
        while signals.recv().await?.signal() != signal {}
    }
    Ok(())
}
