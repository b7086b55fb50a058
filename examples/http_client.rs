//! Fetches URLs, as a small curl: HTTP/1.1 by hand, over TCP and TLS.
//!
//! `cargo run --release --example http_client -- -v https://example.org/`. The client itself is in `http_client/http/`; what is around
//! it here is the command line, the output, and the exit status.

use std::mem;
use std::process::ExitCode;

use fend::Runtime;

#[path = "support/arguments.rs"]
mod arguments;
#[path = "http_client/command_line.rs"]
mod command_line;
#[path = "http_client/data.rs"]
mod data;
#[path = "http_server/date.rs"]
mod date;
#[path = "http_client/fetch.rs"]
mod fetch;
#[path = "http_client/http/mod.rs"]
mod http;
#[path = "http_client/output.rs"]
mod output;
#[path = "support/runtime.rs"]
mod runtime;
#[path = "http_client/status.rs"]
mod status;
#[path = "http_client/watcher.rs"]
mod watcher;

use arguments::complain;
use command_line::Command;
use fetch::{End, fetch};
use output::Target;
use status::Failure;

fn main() -> ExitCode {
    arguments::main("http_client", &command_line::help(), command_line::read, run)
}

fn run(mut command: Command) -> ExitCode {
    let first = match prepare(&mut command) {
        Ok(runtime) => fetch_all(&runtime, &command),
        Err(failure) => {
            tell(&failure, &command);
            Some(failure)
        }
    };
    first.map_or(ExitCode::SUCCESS, |failure| ExitCode::from(failure.status()))
}

/// Reads what is to be sent, and builds the runtime.
fn prepare(command: &mut Command) -> Result<Runtime, Failure> {
    if let Some(body) = data::load(mem::take(&mut command.data))? {
        command.options.request.set_body(body);
    }
    command.runtime.build().map_err(Failure::Runtime)
}

/// Fetches one URL after the other. Gives the first failure.
fn fetch_all(runtime: &Runtime, command: &Command) -> Option<Failure> {
    let mut first = None;
    for (index, url) in command.urls.iter().enumerate() {
        let target = command.outputs.get(index).cloned().unwrap_or(Target::Stdout);
        match runtime.block_on(fetch(url, target, command)) {
            Ok(End::Whole) => {}
            // Whoever reads our output has seen enough.
            Ok(End::NobodyReads) => break,
            Err(failure) => {
                tell(&failure, command);
                first = first.or(Some(failure));
            }
        }
    }
    first
}

fn tell(failure: &Failure, command: &Command) {
    if !command.silent {
        complain(format!("http_client: {failure}"));
    }
}
