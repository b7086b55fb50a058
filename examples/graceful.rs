//! A server that is restarted under load without one failed request.
//!
//! `cargo run --release --example graceful -- demo` shows it. By hand: `graceful server` in one terminal, `graceful client` in
//! another, and `graceful server` again in a third, as often as one likes: each takes over from the one before.

use std::error::Error;
use std::process::ExitCode;

#[path = "support/arguments.rs"]
mod arguments;
#[path = "graceful/client.rs"]
mod client;
#[path = "graceful/connection.rs"]
mod connection;
#[path = "graceful/control_file.rs"]
mod control_file;
#[path = "graceful/demo.rs"]
mod demo;
#[path = "graceful/handover.rs"]
mod handover;
#[path = "http_server/request.rs"]
mod request;
#[path = "graceful/server.rs"]
mod server;
#[path = "support/termination.rs"]
mod termination;

use arguments::{Arguments, Stop};

const HELP: &str = "\
usage: graceful server [OPTIONS]
       graceful client [OPTIONS]
       graceful demo [OPTIONS]

server: answers HTTP requests with the id of its process (/slow does so after 200 ms). Started again with the same arguments, the new
process connects to the control socket of the old one and is given the listening socket. The new one serves, and says so; then the
old one accepts nothing more, answers what it has been asked, and ends. SIGTERM, ^C, and the line `quit` on standard
input make a server end the same way, with none to follow it; a second signal ends it at once.
  --addr ADDRESS       the address to listen on, when there is no server to take over from (default 127.0.0.1:7010)
  --control PATH       the control socket (default ./graceful.sock); whoever runs as the same user may take over by it
  --drain SECONDS      how long open connections have until they are aborted (default 10)
  --handover SECONDS   how long the next server may take to be ready (default 10); after that the old one goes on, and the next one ends
  --quit-at-eof        the end of standard input means quit: for a server that is not to outlive the program that started it

client: asks on several connections without a pause, and counts requests and failures. It repeats none. Every fourth opens a new
connection for each request. It gives up at once when there is no server to begin with.
  --addr ADDRESS       the server's address (default 127.0.0.1:7010)
  --connections N      how many at once (default 16)
  --seconds N          how long (default 10)

demo: starts a server and asks it as the client does, restarts it again and again meanwhile, and prints what the client has seen.
  --restarts N         how often (default 20)
  --connections N      as above

FEND_WORKER_THREADS and FEND_DISPATCHER (epoll or poll) hold for all of them.
";

enum Command {
    Server(server::Options),
    Client(client::Options),
    Demo(demo::Options),
}

fn main() -> ExitCode {
    arguments::main("graceful", HELP, read, run)
}

fn run(command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Server(options) => fend::block_on(server::run(options))?,
        Command::Client(options) => fend::block_on(client::run(options))?,
        Command::Demo(options) => fend::block_on(demo::run(options))?,
    }
    Ok(())
}

fn read(arguments: &mut Arguments) -> Result<Command, Stop> {
    let mut command = match arguments.next()?.as_deref() {
        Some("server") => Command::Server(server::Options::new()),
        Some("client") => Command::Client(client::Options::new()),
        Some("demo") => Command::Demo(demo::Options::new()),
        Some(_) => return Err(arguments.unknown()),
        None => return Err(Stop::mistake("server, client or demo is missing")),
    };
    while let Some(name) = arguments.next()? {
        match &mut command {
            Command::Server(options) => options.read(&name, arguments)?,
            Command::Client(options) => options.read(&name, arguments)?,
            Command::Demo(options) => options.read(&name, arguments)?,
        }
    }
    Ok(command)
}
