//! Which TCP ports of a host take connections, and what the services there say: a small `nmap -sT`, for this machine unless told otherwise.
//!
//! `cargo run --release --example port_scan`, `cargo run --release --example port_scan -- --ports 1-65535 --banners`.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use futures_lite::future;

#[path = "support/arguments.rs"]
mod arguments;
#[path = "port_scan/command_line.rs"]
mod command_line;
#[path = "port_scan/descriptors.rs"]
mod descriptors;
#[path = "port_scan/ports.rs"]
mod ports;
#[path = "port_scan/probe.rs"]
mod probe;
#[path = "port_scan/progress.rs"]
mod progress;
#[path = "port_scan/report.rs"]
mod report;
#[path = "support/runtime.rs"]
mod runtime;
#[path = "port_scan/scan.rs"]
mod scan;
#[path = "port_scan/services.rs"]
mod services;
#[path = "port_scan/targets.rs"]
mod targets;
#[path = "support/termination.rs"]
mod termination;

use arguments::complain;
use command_line::Command;
use progress::Progress;
use report::Report;
use scan::Scan;
use termination::Termination;

/// The exit status when nothing was found, or nothing could be looked for.
const NONE_OPEN: u8 = 1;
const FAILED: u8 = 3;

fn main() -> ExitCode {
    arguments::main("port_scan", &command_line::help(), command_line::read, run)
}

fn run(command: Command) -> ExitCode {
    let report = command.runtime.build().map_err(|error| error.to_string()).and_then(|runtime| {
        runtime.block_on(async {
            let scan = Arc::new(Scan::of(&command).await?);
            scan_until_told(&scan, &command).await
        })
    });
    match report {
        Ok(report) => tell(&report, &command),
        Err(reason) => {
            complain(format!("port_scan: {reason}"));
            ExitCode::from(FAILED)
        }
    }
}

/// Looks at every port. SIGTERM and ^C end it early: what was found by then is told all the same.
async fn scan_until_told(scan: &Arc<Scan>, command: &Command) -> Result<Report, String> {
    let termination = Termination::new().map_err(|error| error.to_string())?;
    let progress = Progress::begin(scan.clone(), command.quiet);
    let told = async { termination.told().await.map(Some).map_err(|error| error.to_string()) };
    let all = async { scan.run().await.map(|()| None) };
    let ended = future::or(told, all).await;
    progress.end().await;
    Ok(scan.report(ended?))
}

fn tell(report: &Report, command: &Command) -> ExitCode {
    let mut stdout = io::stdout().lock();
    let written = if command.json { report.write_json(&mut stdout) } else { report.write(&mut stdout) };
    // Whoever reads our output may have seen enough.
    let _ = written.and_then(|()| stdout.flush());
    for error in report.complaints() {
        complain(format!("port_scan: {error}"));
    }
    match (report.is_whole(), report.any_is_open()) {
        (false, _) => ExitCode::from(FAILED),
        (true, false) => ExitCode::from(NONE_OPEN),
        (true, true) => ExitCode::SUCCESS,
    }
}
