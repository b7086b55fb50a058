//! A UDP echo server, and a client that measures it. Both move datagrams one at a time, or many with one system call.
//!
//! `cargo run --release --example udp_echo -- server --batch 32`, and in another terminal
//! `cargo run --release --example udp_echo -- client --batch 32`.

use std::error::Error;
use std::process::ExitCode;

#[path = "support/arguments.rs"]
mod arguments;
#[path = "udp_echo/client.rs"]
mod client;
#[path = "support/histogram.rs"]
mod histogram;
#[path = "support/runtime.rs"]
mod runtime;
#[path = "udp_echo/serve.rs"]
mod serve;
#[expect(dead_code, reason = "its loop is for connections; the options are what is used")]
#[path = "support/server.rs"]
mod server;
#[path = "support/termination.rs"]
mod termination;

use arguments::{Arguments, Stop};

/// Where the server is, if nothing else is said.
const PORT: u16 = 7011;

fn help() -> String {
    let (server, at) = (server::help(PORT), server::at(PORT));
    format!(
        "\
usage: udp_echo server [OPTIONS]
       udp_echo client [OPTIONS]

server: sends each datagram back to where it came from.
{server}  --batch N            datagrams moved with one system call, 1 to 64 (default 1)

client: sends datagrams on each socket, waits until all have come back or are lost, and goes on with the next.
  --addr ADDRESS       the server's address (default {at})
  --sockets N          how many sockets to keep busy (default 4)
  --size N             bytes in a datagram, 8 to 65507 (default 64)
  --batch N            datagrams under way on each socket, 1 to 64, moved with one system call (default 1)
  --seconds N          how long (default 5)
  --workers N, --drivers N, --dispatcher NAME   as above
"
    )
}

enum Command {
    Server(serve::Options),
    Client(client::Options),
}

fn main() -> ExitCode {
    arguments::main("udp_echo", &help(), read, run)
}

fn run(command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Server(options) => serve::run(&options)?,
        Command::Client(options) => client::run(options)?,
    }
    Ok(())
}

fn read(arguments: &mut Arguments) -> Result<Command, Stop> {
    let mut command = match arguments.next()?.as_deref() {
        Some("server") => Command::Server(serve::Options::new()),
        Some("client") => Command::Client(client::Options::new()),
        Some(_) => return Err(arguments.unknown()),
        None => return Err(Stop::mistake("server or client is missing")),
    };
    while let Some(name) = arguments.next()? {
        match &mut command {
            Command::Server(options) => options.read(&name, arguments)?,
            Command::Client(options) => options.read(&name, arguments)?,
        }
    }
    Ok(command)
}
