//! An echo server, and a client that measures it.
//!
//! `cargo run --release --example echo -- server`, and then `nc 127.0.0.1 7007` or, in another terminal,
//! `cargo run --release --example echo -- client`.

use std::error::Error;
use std::io;
use std::process::ExitCode;

use fend::net::TcpStream;

#[path = "support/arguments.rs"]
mod arguments;
#[path = "echo/client.rs"]
mod client;
#[path = "support/histogram.rs"]
mod histogram;
#[path = "echo/load.rs"]
mod load;
#[path = "support/runtime.rs"]
mod runtime;
#[path = "support/server.rs"]
mod server;
#[path = "support/termination.rs"]
mod termination;

use arguments::{Arguments, Stop};

/// Where the server is, if nothing else is said.
const PORT: u16 = 7007;

fn help() -> String {
    let (server, at, load) = (server::help(PORT), server::at(PORT), load::HELP);
    format!(
        "\
usage: echo server [OPTIONS]
       echo client [OPTIONS]

server: sends back what it receives.
{server}
client: sends a message on each connection, waits until it has come back, and goes on with the next.
  --addr ADDRESS       the server's address (default {at})
{load}  --workers N, --drivers N, --dispatcher NAME   as above
"
    )
}

enum Command {
    Server(server::Options),
    Client(client::Options),
}

fn main() -> ExitCode {
    arguments::main("echo", &help(), read, run)
}

fn run(command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Server(options) => options.serve(echo)?,
        Command::Client(options) => client::run(options)?,
    }
    Ok(())
}

fn read(arguments: &mut Arguments) -> Result<Command, Stop> {
    let mut command = match arguments.next()?.as_deref() {
        Some("server") => Command::Server(server::Options::new(PORT)),
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

/// One connection: a receive and a send for each request, until the peer has no more to say.
async fn echo(stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 16 * 1024];
    loop {
        match stream.recv(&mut buffer).await? {
            0 => return Ok(()),
            count => stream.send_all(&buffer[..count]).await?,
        }
    }
}
