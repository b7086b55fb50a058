//! An echo server, and a client that measures it.
//!
//! `cargo run --release --example echo -- server`, and then `nc 127.0.0.1 7007` or, in another terminal,
//! `cargo run --release --example echo -- client`.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use fend::net::TcpStream;

#[path = "support/arguments.rs"]
mod arguments;
#[path = "echo/client.rs"]
mod client;
#[path = "echo/histogram.rs"]
mod histogram;
#[path = "support/server.rs"]
mod server;

use arguments::{Arguments, Mistake};

const HELP: &str = "\
usage: echo server [OPTIONS]
       echo client [OPTIONS]

server: sends back what it receives.
";

const CLIENT_HELP: &str = "
client: sends a message on each connection, waits until it has come back, and goes on with the next.
  --addr ADDRESS       the server's address (default 127.0.0.1:7007)
  --connections N      how many connections to keep busy (default 50)
  --size N             bytes in a message (default 64)
  --seconds N          how long (default 5)
  --workers N, --dispatcher NAME   as above
";

enum Command {
    Help,
    Server(server::Options),
    Client(client::Options),
}

fn main() -> ExitCode {
    arguments::main("echo", read, run)
}

fn run(command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Help => write!(io::stdout(), "{HELP}{}{CLIENT_HELP}", server::HELP)?,
        Command::Server(options) => options.serve(echo)?,
        Command::Client(options) => client::run(options)?,
    }
    Ok(())
}

fn read(arguments: &mut Arguments) -> Result<Command, Mistake> {
    let mut command = match arguments.next()?.as_deref() {
        Some("server") => Command::Server(server::Options::new()),
        Some("client") => Command::Client(client::Options::new()),
        None | Some("--help" | "-h") => return Ok(Command::Help),
        Some(_) => return Err(arguments.unknown()),
    };
    while let Some(name) = arguments.next()? {
        match &mut command {
            _ if name == "--help" || name == "-h" => command = Command::Help,
            Command::Server(options) => options.read(&name, arguments)?,
            Command::Client(options) => options.read(&name, arguments)?,
            Command::Help => return Err(arguments.unknown()),
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
