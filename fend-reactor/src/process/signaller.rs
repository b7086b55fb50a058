//! [`Signaller`]: sends signals to a child while something else waits for it.

use std::io;
use std::sync::Arc;

use super::subprocess::Subprocess;
use crate::signal::Signal;

/// Sends signals to a child, from anywhere: [`Child::signaller`](super::Child::signaller) makes it.
///
/// It never hits another process, since it goes by the child's pidfd and not by its id. It keeps that one descriptor open, and does not keep
/// the child: when the [`Child`](super::Child) is dropped its rules hold.
///
/// # Examples
///
/// ```
/// # use fend_reactor as fend;
/// use std::os::unix::process::ExitStatusExt;
/// use fend::process::Command;
/// use fend::signal::Signal;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// fend::block_on(async {
///     let mut child = Command::new("sleep").arg("60").spawn()?;
///     let signaller = child.signaller();
///     let waiting = fend::spawn(async move { child.wait().await });
///     signaller.signal(Signal::TERM)?;
///     assert_eq!(waiting.await??.signal(), Some(Signal::TERM.as_raw()));
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Signaller {
    process: Arc<Subprocess>,
}

impl Signaller {
    pub(super) fn new(process: Arc<Subprocess>) -> Signaller {
        Signaller { process }
    }

    /// The child's id, see [`Child::id`](super::Child::id).
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// As [`Child::kill`](super::Child::kill).
    ///
    /// # Errors
    ///
    /// As [`signal`](Signaller::signal).
    pub fn kill(&self) -> io::Result<()> {
        self.signal(Signal::KILL)
    }

    /// As [`Child::signal`](super::Child::signal).
    ///
    /// # Errors
    ///
    /// `PermissionDenied` when the child has become another user's.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        self.process.signal(signal)
    }

    /// As [`Child::signal_group`](super::Child::signal_group).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn signal_group(&self, signal: Signal) -> io::Result<()> {
        self.process.signal_group(signal)
    }
}
