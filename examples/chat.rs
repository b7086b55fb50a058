//! A chat: many users in one room, over TCP or a Unix socket.
//!
//! `cargo run --example chat -- server`, and then, in other terminals, `cargo run --example chat -- client --name ann`. Any client that
//! sends lines will do: `nc 127.0.0.1 7008`.

use std::error::Error;
use std::process::ExitCode;

#[path = "chat/address.rs"]
mod address;
#[path = "support/arguments.rs"]
mod arguments;
#[path = "chat/client.rs"]
mod client;
#[path = "chat/lines.rs"]
mod lines;
#[path = "chat/room.rs"]
mod room;
#[path = "chat/server.rs"]
mod server;

use address::Address;
use arguments::{Arguments, Stop};

const HELP: &str = "\
usage: chat server [OPTIONS]
       chat client [OPTIONS]

server: one room. What one user says all others see; and who joins and leaves.
  --addr ADDRESS   where to listen (default 127.0.0.1:7008): IP:PORT for TCP, a path with a slash in it for a Unix socket,
                   @NAME for an abstract one
  --history N      how many lines a newcomer sees of what was said before, 0 to 128 (default 5)

client: sends the lines of its standard input, and prints what comes.
  --addr ADDRESS   the server's address, as above
  --name NAME      who you are (default: the name of the login)

environment: FEND_WORKER_THREADS, FEND_DISPATCHER (epoll or poll)
";

enum Command {
    Server { addr: Address, history: usize },
    Client { addr: Address, name: Option<String> },
}

fn main() -> ExitCode {
    arguments::main("chat", HELP, read, run)
}

fn run(command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Server { addr, history } => fend::Runtime::new()?.block_on(server::serve(addr, history))?,
        Command::Client { addr, name } => fend::Runtime::new()?.block_on(client::join(addr, name))?,
    }
    Ok(())
}

fn read(arguments: &mut Arguments) -> Result<Command, Stop> {
    let mut command = match arguments.next()?.as_deref() {
        Some("server") => Command::Server { addr: Address::default(), history: 5 },
        Some("client") => Command::Client { addr: Address::default(), name: None },
        Some(_) => return Err(arguments.unknown()),
        None => return Err(Stop::mistake("server or client is missing")),
    };
    while let Some(option) = arguments.next()? {
        match (&mut command, option.as_str()) {
            (Command::Server { addr, .. } | Command::Client { addr, .. }, "--addr") => {
                *addr = arguments.value()?;
            }
            (Command::Server { history, .. }, "--history") => {
                *history = arguments.number(0..=room::MAX_HISTORY)?
            }
            (Command::Client { name, .. }, "--name") => *name = Some(arguments.value()?),
            _ => return Err(arguments.unknown()),
        }
    }
    Ok(command)
}
