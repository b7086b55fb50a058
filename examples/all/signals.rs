//! Signals, for every listener on every runtime.

use std::process;
use std::thread;

use fend::Runtime;
use fend::signal::{self, Signal, Signals};

use crate::Outcome;

/// A listener here, and one on a runtime of its own, both hear of one signal.
pub(crate) async fn everywhere() -> Outcome {
    let mut here = Signals::new([Signal::USR1, Signal::USR2])?;
    let mut there = Signals::new([Signal::USR1])?;
    let other = thread::spawn(move || Runtime::builder().worker_threads(1).build()?.block_on(there.recv()));
    signal::raise(Signal::USR1)?;
    let heard = here.recv().await?;
    let heard_there =
        fend::spawn_blocking(move || other.join()).await?.map_err(|_| "the other runtime panicked")??;
    for info in [heard, heard_there] {
        ensure!(info.signal() == Signal::USR1, "received {info:?}");
        ensure!(info.pid() == Some(process::id()), "the sender is {:?}", info.pid());
    }
    // Before anybody looks: of three one is told, with their number.
    for _ in 0..3 {
        signal::raise(Signal::USR2)?;
    }
    let joined = here.recv().await?;
    ensure!(joined.signal() == Signal::USR2, "received {joined:?}");
    Ok(format!(
        "SIGUSR1 from process {}, on two runtimes; {} of 3 SIGUSR2, told as one",
        process::id(),
        joined.count()
    ))
}
