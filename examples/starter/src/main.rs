//! A small HTTP service to begin from: see README.md.

mod config;
mod health;
mod log;
mod routes;
mod server;
mod shutdown;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use config::Config;

#[fend::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help") {
        let _ = io::stdout().write_all(config::HELP.as_bytes());
        return ExitCode::SUCCESS;
    }
    let config = match Config::load(arguments, |name| env::var(name).ok()) {
        Ok(config) => config,
        Err(mistake) => {
            log::error(mistake);
            return ExitCode::from(2);
        }
    };
    match server::run(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::error(error);
            ExitCode::FAILURE
        }
    }
}
