//! The command that is run when something has changed.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use fend::process::{Command, Stdio};
use fend::signal::Signal;
use fend::task::{CancellationToken, JoinHandle};
use fend::time::timeout;
use futures::StreamExt;
use futures::channel::mpsc::{Receiver, Sender, channel};
use futures_lite::future;

use crate::arguments::complain;

/// A task that waits for changes and runs the command: one at a time.
pub(crate) struct Action {
    changes: Sender<PathBuf>,
    /// Cancelled: no further run, and the one that there is shall end.
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Action {
    pub(crate) fn start(command: String, debounce: Duration) -> Action {
        let (changes, received) = channel(1);
        let stop = CancellationToken::new();
        let task = fend::spawn(run_all(command, debounce, received, stop.clone()));
        Action { changes, stop, task }
    }

    /// Something has changed.
    pub(crate) fn trigger(&mut self, path: PathBuf) {
        // When it is full, there will be a run for this one too.
        let _ = self.changes.try_send(path);
    }

    /// Runs the command for what has changed last, if it was not yet. When this is given up, `stop` may still follow.
    pub(crate) async fn finish(&mut self) {
        self.changes.close_channel();
        if let Err(error) = (&mut self.task).await {
            complain(format!("watch: {error}"));
        }
    }

    /// Ends the run that there is.
    pub(crate) async fn stop(&mut self) {
        self.stop.cancel();
        self.finish().await;
    }
}

async fn run_all(
    command: String,
    debounce: Duration,
    mut changes: Receiver<PathBuf>,
    stop: CancellationToken,
) {
    while let Some(path) = unless(&stop, next(debounce, &mut changes)).await.flatten() {
        match run(&command, path, &stop).await {
            _ if stop.is_cancelled() => {}
            Ok(status) if status.success() => {}
            Ok(status) => complain(format!("watch: {command}: {status}")),
            Err(error) => complain(format!("watch: {command}: {error}")),
        }
    }
}

/// What changes last before it is quiet.
async fn next(debounce: Duration, changes: &mut Receiver<PathBuf>) -> Option<PathBuf> {
    let mut path = changes.next().await?;
    while let Ok(Some(next)) = timeout(debounce, changes.next()).await {
        path = next;
    }
    Some(path)
}

async fn run(command: &str, path: PathBuf, stop: &CancellationToken) -> io::Result<ExitStatus> {
    let mut shell = Command::new("sh");
    let mut child = shell.args(["-c", command]).env("WATCH_PATH", path).stdin(Stdio::null()).spawn()?;
    if let Some(status) = unless(stop, child.wait()).await {
        return status;
    }
    child.signal(Signal::TERM)?;
    child.wait().await
}

/// `None` when that comes first.
async fn unless<T>(stop: &CancellationToken, wait: impl Future<Output = T>) -> Option<T> {
    let stopped = async {
        stop.cancelled().await;
        None
    };
    future::or(stopped, async { Some(wait.await) }).await
}
