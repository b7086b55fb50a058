//! The whole of a run: the clients, the end of their time, ^C, and the report.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use fend::task::{CancellationToken, TaskGroup};
use fend::time::sleep_until;
use futures_lite::future::or;
use hyper::Version;

use crate::arguments::complain;
use crate::channel::Channel;
use crate::client::{self, Job};
use crate::command_line::{Command, Load};
use crate::connect::Dialer;
use crate::progress;
use crate::report::Report;
use crate::schedule::Schedule;
use crate::tally::Tallies;
use crate::termination::Termination;

pub(crate) fn run(command: Command) -> ExitCode {
    match measure(&command) {
        Ok(good) if good > 0 => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            complain(format!("load: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// How many answers there were below 400.
fn measure(command: &Command) -> Result<u64, Box<dyn Error>> {
    let dialer = Arc::new(Dialer::new(command)?);
    command.runtime.build()?.block_on(async {
        let termination = Termination::new()?;
        writeln!(io::stdout(), "{}", describe(command))?;
        let version = if command.load.http2 { Version::HTTP_2 } else { Version::HTTP_11 };
        let job = Arc::new(Job {
            schedule: Schedule::new(&command.load, Instant::now()),
            request: command.target.request(&command.parts, version),
            timeout: command.load.timeout,
            tallies: Tallies::new(),
            over: CancellationToken::new(),
        });
        let clients = start(&job, channels(&dialer, &command.load));
        let limit = fend::spawn(end_in_time(job.clone(), termination));
        or(join_all(clients), progress::show(&job)).await;
        let ended = Instant::now();
        limit.abort();
        let tally = job.tallies.sum();
        let took = ended - job.schedule.start();
        let report = Report { tally: &tally, took, missed: job.schedule.missed(ended) };
        write!(io::stdout(), "{report}")?;
        Ok(tally.good())
    })
}

fn describe(command: &Command) -> String {
    let Load { connections, streams, http2, rate, .. } = command.load;
    let url = command.target.url();
    let protocol =
        if http2 { format!("HTTP/2, {streams} streams on each of") } else { "HTTP/1.1,".to_owned() };
    let pace = rate.map_or(String::new(), |rate| format!(", {rate} requests/s"));
    format!("{url}: {protocol} {connections} connections{pace}")
}

fn channels(dialer: &Arc<Dialer>, load: &Load) -> Vec<Channel> {
    let each = 0..load.connections;
    if load.http2 {
        each.flat_map(|_| Channel::http2(dialer, load.streams)).collect()
    } else {
        each.map(|_| Channel::http1(dialer)).collect()
    }
}

fn start(job: &Arc<Job>, channels: Vec<Channel>) -> TaskGroup<()> {
    let mut clients = TaskGroup::new();
    for (number, channel) in channels.into_iter().enumerate() {
        let job = job.clone();
        clients.spawn(async move { client::run(number, channel, &job).await });
    }
    clients
}

/// A panic is printed, and its requests are missing.
async fn join_all(mut clients: TaskGroup<()>) {
    while clients.join_next().await.is_some() {}
}

/// Ends it when its time is over, or by ^C. A second one ends the process at once.
async fn end_in_time(job: Arc<Job>, termination: Termination) {
    let time = async {
        match job.schedule.end() {
            Some(end) => sleep_until(end).await,
            None => std::future::pending().await,
        }
    };
    let told = async {
        if termination.told().await.is_err() {
            std::future::pending().await
        }
    };
    or(time, told).await;
    job.over.cancel();
}
