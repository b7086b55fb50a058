//! A small HTTP/1.1 server, written by hand: `/` is a page with the runtime's counters, `/plain` a line of text to
//! measure with.
//!
//! `cargo run --release --example http_server`, and then a browser, `curl http://127.0.0.1:7007/` or
//! `wrk -t1 -c100 -d5 http://127.0.0.1:7007/plain`.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

#[path = "support/arguments.rs"]
mod arguments;
#[path = "http_server/connection.rs"]
mod connection;
#[path = "http_server/date.rs"]
mod date;
#[path = "http_server/page.rs"]
mod page;
#[path = "http_server/request.rs"]
mod request;
#[path = "http_server/response.rs"]
mod response;
#[path = "support/server.rs"]
mod server;

use arguments::{Arguments, Mistake};

const HELP: &str = "\
usage: http_server [OPTIONS]

Serves / (the runtime's counters, for a browser) and /plain (for benchmarks).
";

fn main() -> ExitCode {
    arguments::main("http_server", read, run)
}

fn run(options: Option<server::Options>) -> Result<(), Box<dyn Error>> {
    match options {
        Some(options) => options.serve(connection::serve)?,
        None => write!(io::stdout(), "{HELP}{}", server::HELP)?,
    }
    Ok(())
}

/// `None`: help was asked for.
fn read(arguments: &mut Arguments) -> Result<Option<server::Options>, Mistake> {
    let mut options = server::Options::new();
    while let Some(name) = arguments.next()? {
        match name.as_str() {
            "--help" | "-h" => return Ok(None),
            name => options.read(name, arguments)?,
        }
    }
    Ok(Some(options))
}
