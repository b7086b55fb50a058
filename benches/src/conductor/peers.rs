//! Who is compared.

use std::net::SocketAddr;
use std::process::Command;

use super::Failure;
use super::process::{Program, program};

/// One of those that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Peer {
    /// In tables.
    pub(super) name: &'static str,
    runtime: &'static str,
    dispatcher: Option<&'static str>,
}

pub(super) const RAW: Peer = Peer { name: "raw", runtime: "raw", dispatcher: None };
pub(super) const TOKIO: Peer = Peer { name: "tokio", runtime: "tokio", dispatcher: None };
pub(super) const SMOL: Peer = Peer { name: "smol", runtime: "smol", dispatcher: None };
pub(super) const FEND: Peer = Peer { name: "fend", runtime: "fend", dispatcher: None };
pub(super) const FEND_POLL: Peer = Peer { name: "fend, poll", runtime: "fend", dispatcher: Some("poll") };

/// Those that run tasks.
pub(super) const RUNTIMES: &[Peer] = &[TOKIO, SMOL, FEND];

/// Which processors a program may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Core(usize),
    Anywhere,
}

impl Place {
    /// A command that begins there.
    pub(super) fn command(self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        match self {
            Place::Anywhere => Command::new(program),
            Place::Core(core) => {
                let mut command = Command::new("taskset");
                command.args(["-c", &core.to_string()]).arg(program);
                command
            }
        }
    }
}

/// A server and how it is started.
#[derive(Debug, Clone, Copy)]
pub(super) struct Serving {
    pub(super) peer: Peer,
    pub(super) mode: &'static str,
    pub(super) workers: usize,
    pub(super) drivers: usize,
    pub(super) batch: usize,
}

impl Serving {
    pub(super) fn one_worker(peer: Peer, mode: &'static str) -> Serving {
        Serving { peer, mode, workers: 1, drivers: 1, batch: 0 }
    }

    /// Adds the program and its arguments to a command that runs it, or is it.
    pub(super) fn arguments(self, command: &mut Command) {
        command.args(["--runtime", self.peer.runtime, "--mode", self.mode]);
        command.args(["--workers", &self.workers.to_string()]);
        if let Some(dispatcher) = self.peer.dispatcher {
            command.args(["--dispatcher", dispatcher]);
        }
        if self.drivers > 1 {
            command.args(["--drivers", &self.drivers.to_string()]);
        }
        if self.batch > 0 {
            command.args(["--batch", &self.batch.to_string()]);
        }
    }

    /// Starts it by this command, and says where it listens.
    pub(super) fn start(self, mut command: Command) -> Result<(Program, SocketAddr), Failure> {
        self.arguments(&mut command);
        let mut server = Program::start(command)?;
        let line = server.line()?;
        let address = line["address"].as_str().and_then(|address| address.parse().ok());
        let address = address.ok_or_else(|| Failure(format!("a server's first line is {line}")))?;
        Ok((server, address))
    }
}

/// A load for a server there.
pub(super) fn load(place: Place, address: SocketAddr, protocol: &str, connections: usize) -> Command {
    let mut command = place.command(program("load"));
    command.args(["--addr", &address.to_string(), "--protocol", protocol]);
    command.args(["--connections", &connections.to_string()]);
    command
}

/// A case in one process.
pub(super) fn micro(
    mut command: Command,
    peer: Peer,
    case: &str,
    workers: usize,
    operations: u64,
) -> Command {
    command.args(["--runtime", peer.runtime, "--case", case, "--workers", &workers.to_string()]);
    command.args(["--operations", &operations.to_string()]);
    command
}
