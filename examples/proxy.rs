//! A TCP relay: each connection to it becomes one to another address, and bytes go both ways until both sides have ended.
//!
//! `cargo run --release --example proxy -- --to 127.0.0.1:7007`, with the server of `echo` at the other
//! end.

use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fend::io::copy_bidirectional;
use fend::net::TcpStream;

#[path = "support/arguments.rs"]
mod arguments;
#[path = "support/runtime.rs"]
mod runtime;
#[expect(dead_code, reason = "the options of servers that answer themselves")]
#[path = "support/server.rs"]
mod server;
#[path = "support/termination.rs"]
mod termination;
#[path = "proxy/traffic.rs"]
mod traffic;

use arguments::{Arguments, Stop};
use runtime::{RUNTIME_HELP, RuntimeOptions};
use traffic::{Traffic, in_mib};

/// Where it listens, if nothing else is said.
const PORT: u16 = 7009;

fn help() -> String {
    let (at, runtime) = (server::at(PORT), RUNTIME_HELP);
    format!(
        "\
usage: proxy --to ADDRESS [OPTIONS]

Relays each connection to ADDRESS. Prints the throughput of each second, and each connection's total at its end.
  --listen ADDRESS     the address to listen on (default {at}; port 0: any free one)
  --to ADDRESS         where connections go
  --idle-timeout N     ends a connection on which nothing has moved for N seconds (default: never)
  --no-splice          copies through a buffer, and not in the kernel
{runtime}"
    )
}

struct Options {
    listen: SocketAddr,
    relay: Relay,
    runtime: RuntimeOptions,
}

/// How a connection is relayed.
#[derive(Clone, Copy)]
struct Relay {
    to: SocketAddr,
    idle_timeout: Option<Duration>,
    no_splice: bool,
}

fn main() -> ExitCode {
    arguments::main("proxy", &help(), read, run)
}

fn read(arguments: &mut Arguments) -> Result<Options, Stop> {
    let mut listen = server::at(PORT);
    let mut runtime = RuntimeOptions::default();
    let (mut to, mut idle_timeout, mut no_splice) = (None, None, false);
    while let Some(name) = arguments.next()? {
        match name.as_str() {
            "--listen" => listen = arguments.value()?,
            "--to" => to = Some(arguments.value()?),
            "--idle-timeout" => idle_timeout = Some(Duration::from_secs(arguments.number(1..)? as u64)),
            "--no-splice" => no_splice = true,
            _ => runtime.read(&name, arguments)?,
        }
    }
    let to = to.ok_or_else(|| Stop::mistake("--to is missing"))?;
    Ok(Options { listen, relay: Relay { to, idle_timeout, no_splice }, runtime })
}

fn run(options: Options) -> Result<(), Box<dyn Error>> {
    options.runtime.build()?.block_on(async {
        let listening = server::listen(options.listen).await?;
        let traffic = Arc::new(Traffic::default());
        fend::spawn(traffic.clone().print_each_second());
        let relay = options.relay;
        server::serve_all(listening, move |client| relay.connection(client, traffic.clone())).await?;
        Ok(())
    })
}

impl Relay {
    async fn connection(self, client: TcpStream, traffic: Arc<Traffic>) -> io::Result<()> {
        let start = Instant::now();
        let name = client.peer_addr()?;
        let server = TcpStream::connect(self.to).await?;
        // Whoever sends has decided what goes into a segment.
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;

        let mut copy = copy_bidirectional(&client, &server).no_splice(self.no_splice);
        if let Some(timeout) = self.idle_timeout {
            copy = copy.idle_timeout(timeout);
        }
        let entry = traffic.enter(copy.progress());
        let result = (&mut copy).await;
        let (up, down) = copy.copied();
        drop(entry);
        let ended = match &result {
            Ok(_) => String::new(),
            Err(error) => format!(": {error}"),
        };
        let (up, down) = (in_mib(up), in_mib(down));
        let seconds = start.elapsed().as_secs_f64();
        // When nobody reads the output there is still work to do.
        let _ = writeln!(io::stdout(), "{name}: {up:.3} MiB up, {down:.3} MiB down in {seconds:.2} s{ended}");
        Ok(())
    }
}
