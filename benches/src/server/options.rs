//! The command line.

use std::net::SocketAddr;
use std::str::FromStr;

use ::fend::runtime::Dispatcher;

use crate::arguments::Arguments;

const HELP: &str = "\
usage: server --runtime raw|tokio|smol|fend --mode echo|http|http-server|tls|udp [OPTIONS]

  echo         sends back what comes
  http         answers GET with 13 bytes, through hyper's HTTP/1 on the runtime's sockets; raw has its own
  http-server  the same on fend::hyper::Server (fend alone)
  tls          echo over TLS 1.3
  udp          sends back datagrams, by one socket

  --addr ADDRESS      where to listen (default 127.0.0.1:0)
  --workers N         threads that serve (default 1); raw has an epoll and a listener for each
  --dispatcher NAME   epoll or poll (fend alone; default epoll)
  --drivers N         drivers (fend alone; default 1)
  --buffer BYTES      of each connection, or of a datagram (default 512); raw has one for all connections of a thread
  --batch N           datagrams with one system call (raw and fend; default 0: one each)

Prints {\"address\":\"127.0.0.1:PORT\"} when it listens. The line `stats` on stdin is answered by one line of JSON, and the end of stdin ends
the process.";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Runtime {
    Raw,
    Tokio,
    Smol,
    Fend,
}

impl FromStr for Runtime {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Runtime, Self::Err> {
        Ok(match name {
            "raw" => Runtime::Raw,
            "tokio" => Runtime::Tokio,
            "smol" => Runtime::Smol,
            "fend" => Runtime::Fend,
            _ => return Err("there are raw, tokio, smol and fend"),
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Echo,
    Http,
    HttpServer,
    Tls,
    Udp,
}

impl FromStr for Mode {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Mode, Self::Err> {
        Ok(match name {
            "echo" => Mode::Echo,
            "http" => Mode::Http,
            "http-server" => Mode::HttpServer,
            "tls" => Mode::Tls,
            "udp" => Mode::Udp,
            _ => return Err("there are echo, http, http-server, tls and udp"),
        })
    }
}

#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) runtime: Runtime,
    pub(super) mode: Mode,
    pub(super) address: SocketAddr,
    pub(super) workers: usize,
    pub(super) dispatcher: Dispatcher,
    pub(super) drivers: usize,
    pub(super) buffer: usize,
    pub(super) batch: usize,
}

impl Options {
    /// Reads the process's arguments, and ends it where they make no sense.
    pub(super) fn read() -> Options {
        let mut arguments = Arguments::read(HELP);
        let options = Options {
            runtime: arguments.require("runtime"),
            mode: arguments.require("mode"),
            address: arguments.get_or("addr", SocketAddr::from(([127, 0, 0, 1], 0))),
            workers: arguments.get_or("workers", 1),
            dispatcher: arguments.get_or("dispatcher", Dispatcher::Epoll),
            drivers: arguments.get_or("drivers", 1),
            buffer: arguments.get_or("buffer", 512),
            batch: arguments.get_or("batch", 0),
        };
        arguments.finish();
        if let Some(complaint) = options.complaint() {
            eprintln!("{complaint}\n\n{HELP}");
            std::process::exit(2);
        }
        options
    }

    fn complaint(&self) -> Option<&'static str> {
        let batches = matches!(self.runtime, Runtime::Raw | Runtime::Fend) && self.mode == Mode::Udp;
        match self {
            Options { workers: 0, .. } | Options { drivers: 0, .. } | Options { buffer: 0, .. } => {
                Some("--workers, --drivers and --buffer are 1 at least")
            }
            _ if self.mode == Mode::HttpServer && self.runtime != Runtime::Fend => {
                Some("--mode http-server is fend's")
            }
            _ if self.batch > 0 && !batches => Some("--batch is for --mode udp of raw and fend"),
            _ => None,
        }
    }
}
