//! The pages of `http_server`, over TLS.
//!
//! `cargo run --release --example https_server -- --write-cert /tmp/cert.pem`, and then
//! `curl --cacert /tmp/cert.pem https://localhost:7443/`.

use std::error::Error;
use std::io;
use std::process::ExitCode;

use fend::net::TcpStream;
use fend::tls::TlsStream;

#[path = "https_server/about.rs"]
mod about;
#[path = "support/arguments.rs"]
mod arguments;
#[path = "support/complaints.rs"]
mod complaints;
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
#[expect(dead_code, reason = "its loop is for TCP alone; the options and the listener are what is used")]
#[path = "support/server.rs"]
mod server;
#[path = "support/termination.rs"]
mod termination;
#[path = "support/tls_server.rs"]
mod tls_server;

use arguments::{Arguments, Stop};
use tls_server::Options;

/// Where it listens, if nothing else is said.
const PORT: u16 = 7443;

fn help() -> String {
    let (server, tls) = (server::help(PORT), tls_server::HELP);
    format!(
        "\
usage: https_server [OPTIONS]

Serves / (the connection and the runtime's counters, for a browser) and /plain (for benchmarks), over TLS.
{tls}{server}"
    )
}

fn main() -> ExitCode {
    arguments::main("https_server", &help(), read, run)
}

fn run(options: Options) -> Result<(), Box<dyn Error>> {
    options.serve(serve)
}

async fn serve(stream: TlsStream<TcpStream>) -> io::Result<()> {
    let about = about::describe(&stream.info());
    connection::serve(stream, &about).await
}

fn read(arguments: &mut Arguments) -> Result<Options, Stop> {
    let mut options = Options::new(PORT, &["http/1.1"]);
    while let Some(name) = arguments.next()? {
        options.read(&name, arguments)?;
    }
    options.check()?;
    Ok(options)
}
