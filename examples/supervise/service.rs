//! One command: its runs, one after the other, until it is to run no more.

use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::pin::pin;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use fend::process::{self, Child, Signaller, Stdio};
use fend::signal::Signal;
use fend::task::{CancellationToken, JoinHandle};
use fend::time::{sleep, timeout};

use crate::arguments::complain;
use crate::command::Command;
use crate::output::{Sink, relay};
use crate::policy::{Policy, Restarts, Verdict};

/// How long the rest of the output may take when the command and its group are gone: somebody else may hold the pipe open, or nobody reads
/// ours.
pub(crate) const LAST_WORDS: Duration = Duration::from_secs(1);

/// Shared by the task that runs it, and whoever signals it.
pub(crate) struct Service {
    command: Command,
    policy: Policy,
    state: Mutex<State>,
    stopping: CancellationToken,
}

#[derive(Default)]
struct State {
    running: Option<Signaller>,
    /// Too late: it gets no time any more.
    killing: bool,
}

impl Service {
    pub(crate) fn new(command: Command, policy: Policy) -> Service {
        Service { command, policy, state: Mutex::default(), stopping: CancellationToken::new() }
    }

    /// Runs it until it has ended for good. Whether that is well.
    pub(crate) async fn run(self: Arc<Self>) -> bool {
        let mut restarts = Restarts::new(self.policy);
        while !self.stopping.is_cancelled() {
            let begin = Instant::now();
            let well = match self.run_once().await {
                Ok(status) => {
                    self.say(&Describe(status).to_string()).await;
                    status.success()
                }
                Err(error) => {
                    self.say(&error.to_string()).await;
                    false
                }
            };
            if self.stopping.is_cancelled() {
                break;
            }
            match restarts.after(begin.elapsed(), well) {
                Verdict::Leave => return well,
                Verdict::GiveUp => {
                    self.say("restarted too often, given up").await;
                    return false;
                }
                Verdict::Again(pause) => {
                    self.say(&format!("starts again in {pause:?}")).await;
                    let _ = self.stopping.run_until_cancelled(sleep(pause)).await;
                }
            }
        }
        // It was asked to end. Killed, it has not.
        !self.lock().killing
    }

    async fn run_once(&self) -> io::Result<ExitStatus> {
        let mut child = self.start()?;
        self.say(&format!("process {} started", child.id())).await;
        let relays = [
            child.stdout.take().map(|out| fend::spawn(relay(self.command.name.clone(), out, Sink::Stdout))),
            child.stderr.take().map(|err| fend::spawn(relay(self.command.name.clone(), err, Sink::Stderr))),
        ];
        let status = child.wait().await;
        self.lock().running = None;
        // What it leaves behind must not be in the way of its next run.
        let _ = child.signal_group(Signal::KILL);
        finish(relays).await;
        status
    }

    /// Starts it, where signals find it: one that came before is made up for.
    fn start(&self) -> io::Result<Child> {
        let mut words = self.command.words.iter();
        let mut command = process::Command::new(words.next().expect("a command has a program"));
        command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.process_group(0).kill_group_on_drop(true).spawn()?;
        let mut state = self.lock();
        if self.stopping.is_cancelled() {
            child.signal_group(if state.killing { Signal::KILL } else { Signal::TERM })?;
        }
        state.running = Some(child.signaller());
        Ok(child)
    }

    /// Sends a signal to the command, if it runs.
    pub(crate) fn forward(&self, signal: Signal) {
        self.tell(|running| running.signal(signal));
    }

    /// Asks it to end, and starts it no more.
    pub(crate) fn stop(&self) {
        self.stopping.cancel();
        self.tell(|running| running.signal_group(Signal::TERM));
    }

    /// Ends it.
    pub(crate) fn kill(&self) {
        self.lock().killing = true;
        self.tell(|running| running.signal_group(Signal::KILL));
    }

    fn tell(&self, send: impl FnOnce(&Signaller) -> io::Result<()>) {
        let sent = self.lock().running.as_ref().map(send);
        if let Some(Err(error)) = sent {
            complain(format_args!("supervise: {}: {error}", self.command.name));
        }
    }

    /// Waits until it can be said, but not for long once all are to end.
    async fn say(&self, what: &str) {
        let line = format!("supervise: {}: {what}\n", self.command.name);
        let mut said = pin!(Sink::Stderr.print(line.as_bytes()));
        if self.stopping.run_until_cancelled(&mut said).await.is_none() {
            let _ = timeout(LAST_WORDS, said).await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn finish(relays: [Option<JoinHandle<()>>; 2]) {
    for mut relay in relays.into_iter().flatten() {
        if timeout(LAST_WORDS, &mut relay).await.is_err() {
            relay.abort();
        }
    }
}

/// An exit status in words.
struct Describe(ExitStatus);

impl fmt::Display for Describe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.code(), self.0.signal().map(Signal::from_raw)) {
            (Some(code), _) => write!(f, "ended with status {code}"),
            (None, Some(Ok(signal))) => write!(f, "ended by {signal}"),
            (None, _) => write!(f, "{}", self.0),
        }
    }
}
