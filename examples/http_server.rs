//! A small HTTP server: `/` is a page with the runtime's counters, `/plain` a line of text to measure with. By hyper where the feature of that
//! name is on (HTTP/1 and HTTP/2), else, and with `--by-hand`, by HTTP/1.1 written here.
//!
//! `cargo run --release --example http_server --features hyper`, and then a browser, `curl http://127.0.0.1:7007/`,
//! `curl --http2-prior-knowledge http://127.0.0.1:7007/` or `wrk -t1 -c100 -d5 http://127.0.0.1:7007/plain`.

use std::error::Error;
use std::io;
use std::process::ExitCode;

#[path = "support/arguments.rs"]
mod arguments;
#[path = "http_server/by_hand.rs"]
mod by_hand;
#[cfg(feature = "hyper")]
#[path = "http_server/by_hyper.rs"]
mod by_hyper;
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
#[path = "support/runtime.rs"]
mod runtime;
#[path = "support/server.rs"]
mod server;
#[path = "support/termination.rs"]
mod termination;

use arguments::{Arguments, Stop};

/// Where it listens, if nothing else is said.
const PORT: u16 = 7007;

/// Serves until it is told to end.
type Serve = fn(server::Options) -> io::Result<()>;

#[cfg(feature = "hyper")]
const USUAL: Serve = by_hyper::serve;
#[cfg(not(feature = "hyper"))]
const USUAL: Serve = by_hand::serve;

#[cfg(feature = "hyper")]
const WAYS: &str = "By hyper: HTTP/1, and HTTP/2 for clients that begin with it.
  --by-hand            by HTTP/1.1 written by hand
";
#[cfg(not(feature = "hyper"))]
const WAYS: &str = "By HTTP/1.1 written by hand, since this was built without the feature hyper.
  --by-hand            says so
";

fn help() -> String {
    let options = server::help(PORT);
    format!(
        "\
usage: http_server [OPTIONS]

Serves / (the runtime's counters, for a browser) and /plain (for benchmarks).
{WAYS}{options}"
    )
}

fn main() -> ExitCode {
    arguments::main("http_server", &help(), read, run)
}

fn run((serve, options): (Serve, server::Options)) -> Result<(), Box<dyn Error>> {
    Ok(serve(options)?)
}

fn read(arguments: &mut Arguments) -> Result<(Serve, server::Options), Stop> {
    let (mut serve, mut options) = (USUAL, server::Options::new(PORT));
    while let Some(name) = arguments.next()? {
        match name.as_str() {
            "--by-hand" => serve = by_hand::serve,
            _ => options.read(&name, arguments)?,
        }
    }
    Ok((serve, options))
}
