//! An echo server over TLS, and a client that measures it: echoes, or handshakes.
//!
//! `cargo run --release --example tls_echo -- server --write-cert /tmp/cert.pem`, and then, in another terminal,
//! `cargo run --release --example tls_echo -- client --cacert /tmp/cert.pem`, or
//! `openssl s_client -quiet -connect 127.0.0.1:7443 -CAfile /tmp/cert.pem`.

use std::error::Error;
use std::io;
use std::process::ExitCode;

use fend::net::TcpStream;
use fend::tls::TlsStream;

#[path = "support/arguments.rs"]
mod arguments;
#[path = "tls_echo/client.rs"]
mod client;
#[path = "support/complaints.rs"]
mod complaints;
#[path = "tls_echo/handshakes.rs"]
mod handshakes;
#[path = "support/histogram.rs"]
mod histogram;
#[path = "echo/load.rs"]
mod load;
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

/// Where the server is, if nothing else is said.
const PORT: u16 = 7443;

fn help() -> String {
    let (server, tls, at, load) = (server::help(PORT), tls_server::HELP, server::at(PORT), load::HELP);
    format!(
        "\
usage: tls_echo server [OPTIONS]
       tls_echo client [OPTIONS]

server: sends back what it receives.
{tls}{server}
client: sends a message on each connection, waits until it has come back, and goes on with the next.
  --addr ADDRESS       the server's address (default {at})
  --name NAME          the name that its certificate has to be for (default: the address)
  --cacert FILE        the authorities to trust, or the server's own certificate (default: whom the system trusts)
  --insecure           takes any certificate
  --cert FILE, --key FILE   our own certificate, and its key (default: in the same file)
{load}  --resume             goes on with earlier sessions where it can
  --handshakes         measures connections, from TCP to the end of the handshake; each then sends one message, and closes
  --workers N, --drivers N, --dispatcher NAME   as above
"
    )
}

enum Command {
    Server(tls_server::Options),
    Client(client::Options),
}

fn main() -> ExitCode {
    arguments::main("tls_echo", &help(), read, run)
}

fn run(command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Server(options) => options.serve(echo),
        Command::Client(options) => client::run(options),
    }
}

fn read(arguments: &mut Arguments) -> Result<Command, Stop> {
    let mut command = match arguments.next()?.as_deref() {
        Some("server") => Command::Server(tls_server::Options::new(PORT, &[])),
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
    if let Command::Server(options) = &command {
        options.check()?;
    }
    Ok(command)
}

/// One connection, until the peer says that it has no more to say.
async fn echo(stream: TlsStream<TcpStream>) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match stream.recv(&mut buffer).await? {
            0 => return stream.shutdown().await,
            count => stream.send_all(&buffer[..count]).await?,
        }
    }
}
