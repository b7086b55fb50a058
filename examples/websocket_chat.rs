//! A chat for browsers: one port serves the page and, at `/chat`, the WebSocket that the page opens.
//!
//! `cargo run --example websocket_chat --features hyper`, and then <http://127.0.0.1:7009/> in two windows. HTTP is hyper's and the WebSocket is
//! async-tungstenite's; what is here is a chat.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

#[path = "support/arguments.rs"]
mod arguments;
#[path = "websocket_chat/chat.rs"]
mod chat;
#[path = "support/complaints.rs"]
mod complaints;
#[path = "websocket_chat/end.rs"]
mod end;
#[path = "websocket_chat/handshake.rs"]
mod handshake;
#[path = "websocket_chat/member.rs"]
mod member;
#[path = "websocket_chat/origin.rs"]
mod origin;
#[path = "websocket_chat/pace.rs"]
mod pace;
#[path = "websocket_chat/page.rs"]
mod page;
#[path = "websocket_chat/protocol.rs"]
mod protocol;
#[path = "websocket_chat/rooms.rs"]
mod rooms;
#[path = "support/runtime.rs"]
mod runtime;
#[path = "websocket_chat/serve.rs"]
mod serve;
#[expect(
    dead_code,
    reason = "its loop is for what does not care how many connections there are; the options are what is used"
)]
#[path = "support/server.rs"]
mod server;
#[path = "websocket_chat/service.rs"]
mod service;
#[path = "support/termination.rs"]
mod termination;

use arguments::{Arguments, Stop};
use chat::Settings;
use rooms::{LONGEST_HISTORY, Limits};

/// Where it listens, if nothing else is said.
const PORT: u16 = 7009;

fn help() -> String {
    let options = server::help(PORT);
    format!(
        "\
usage: websocket_chat [OPTIONS]

Serves the page of a chat at /, and its WebSocket at /chat. Tells on standard error who comes and goes. SIGTERM or ^C ends it; a second one at once.
  --allow-origin URL   pages from there may connect too, such as https://example.org; may be given several times
                       (default: only the page from here; what is no browser always may)
  --members N          the most in one room (default 100)
  --connections N      the most at all (default 1000)
  --history N          messages that a newcomer sees of what was said before, 0 to {LONGEST_HISTORY} (default 20)
  --largest N          the most bytes of a message (default 4096)
  --rate N             messages that each may say in a second; who is faster waits (default 10)
  --ping SECS          how often a member is asked whether he is still there (default 20)
{options}"
    )
}

struct Command {
    settings: Settings,
    server: server::Options,
}

fn main() -> ExitCode {
    arguments::main("websocket_chat", &help(), read, run)
}

fn run(Command { settings, server }: Command) -> Result<(), Box<dyn Error>> {
    Ok(server.runtime.build()?.block_on(serve::run(server.addr, settings))?)
}

fn read(arguments: &mut Arguments) -> Result<Command, Stop> {
    let mut server = server::Options::new(PORT);
    let mut settings = Settings {
        origins: Vec::new(),
        limits: Limits { members: 100, history: 20 },
        connections: 1000,
        largest: 4096,
        rate: 10,
        ping: Duration::from_secs(20),
    };
    while let Some(name) = arguments.next()? {
        match name.as_str() {
            "--allow-origin" => settings.origins.push(arguments.value()?),
            "--members" => settings.limits.members = arguments.number(1..)?,
            "--connections" => settings.connections = arguments.number(1..)?,
            "--history" => settings.limits.history = arguments.number(0..=LONGEST_HISTORY)?,
            "--largest" => settings.largest = arguments.number(1..=1 << 20)?,
            "--rate" => settings.rate = arguments.number(1..=1_000_000)?,
            "--ping" => settings.ping = arguments.value()?,
            _ => server.read(&name, arguments)?,
        }
    }
    Ok(Command { settings, server })
}
