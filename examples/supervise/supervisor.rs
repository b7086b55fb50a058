//! All commands, until the last one has ended, and the signals that come meanwhile.

use std::error::Error;
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fend::signal::{Signal, Signals};
use fend::task::{JoinError, TaskGroup};
use fend::time::{sleep_until, timeout};
use futures_lite::future;

use crate::command::Command;
use crate::output::Sink;
use crate::policy::Policy;
use crate::service::{LAST_WORDS, Service};

pub(crate) struct Settings {
    pub(crate) commands: Vec<Command>,
    pub(crate) policy: Policy,
    pub(crate) grace: Duration,
}

enum Event {
    /// One has ended for good, and well or not; or there is none left.
    Ended(Option<Result<bool, JoinError>>),
    Signal(Signal),
    GraceIsOver,
}

/// Whether all is well in the end.
pub(crate) async fn run(settings: Settings) -> Result<bool, Box<dyn Error>> {
    // First, so that none of them ends this program and leaves the commands alone.
    let mut signals = Signals::new([Signal::INT, Signal::TERM, Signal::HUP, Signal::USR1, Signal::USR2])?;
    let new = |command| Arc::new(Service::new(command, settings.policy));
    let services: Vec<Arc<Service>> = settings.commands.into_iter().map(new).collect();
    let mut tasks = TaskGroup::new();
    for service in &services {
        tasks.spawn(service.clone().run());
    }
    let (mut all_well, mut is_ending, mut deadline) = (true, false, None);
    loop {
        match next(&mut tasks, &mut signals, deadline).await? {
            Event::Ended(None) => return Ok(all_well),
            Event::Ended(Some(well)) => all_well &= well?,
            Event::Signal(signal @ (Signal::INT | Signal::TERM)) if !is_ending => {
                is_ending = true;
                // `None` is so late that it never comes.
                deadline = Instant::now().checked_add(settings.grace);
                services.iter().for_each(|service| service.stop());
                say(format!("supervise: {signal}: all are asked to end\n")).await;
            }
            Event::Signal(Signal::INT | Signal::TERM) | Event::GraceIsOver => {
                deadline = None;
                services.iter().for_each(|service| service.kill());
                say("supervise: what has not ended is killed\n".to_owned()).await;
            }
            Event::Signal(signal) => services.iter().for_each(|service| service.forward(signal)),
        }
    }
}

/// When nobody reads it there is more to do than to wait.
async fn say(line: String) {
    let _ = timeout(LAST_WORDS, Sink::Stderr.print(line.as_bytes())).await;
}

async fn next(
    tasks: &mut TaskGroup<bool>,
    signals: &mut Signals,
    deadline: Option<Instant>,
) -> io::Result<Event> {
    let ended = async { Ok(Event::Ended(tasks.join_next().await)) };
    let signal = async { Ok(Event::Signal(signals.recv().await?.signal())) };
    let grace = async {
        match deadline {
            Some(deadline) => sleep_until(deadline).await,
            None => pending().await,
        }
        Ok(Event::GraceIsOver)
    };
    future::or(ended, future::or(signal, grace)).await
}
