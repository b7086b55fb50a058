//! A small HTTP/1.1 server, written by hand: `/` is a page with the runtime's counters, `/plain` a line of text to
//! measure with.
//!
//! `cargo run --release --example http_server`, and then a browser, `curl http://127.0.0.1:7007/` or
//! `wrk -t1 -c100 -d5 http://127.0.0.1:7007/plain`.

use std::error::Error;
use std::io;
use std::process::ExitCode;

use fend::net::TcpStream;

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
#[path = "support/runtime.rs"]
mod runtime;
#[path = "support/server.rs"]
mod server;
#[path = "support/termination.rs"]
mod termination;

use arguments::{Arguments, Stop};

/// Where it listens, if nothing else is said.
const PORT: u16 = 7007;

fn help() -> String {
    let options = server::help(PORT);
    format!(
        "\
usage: http_server [OPTIONS]

Serves / (the runtime's counters, for a browser) and /plain (for benchmarks).
{options}"
    )
}

fn main() -> ExitCode {
    arguments::main("http_server", &help(), read, run)
}

fn run(options: server::Options) -> Result<(), Box<dyn Error>> {
    Ok(options.serve(serve)?)
}

async fn serve(stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    connection::serve(stream, "").await
}

fn read(arguments: &mut Arguments) -> Result<server::Options, Stop> {
    let mut options = server::Options::new(PORT);
    while let Some(name) = arguments.next()? {
        options.read(&name, arguments)?;
    }
    Ok(options)
}
