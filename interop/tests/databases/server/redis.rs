//! Redis, which keeps nothing on disk.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use fend::tls::{Certificate, Identity};

use super::guard::Guarded;
use super::{Shared, find, free_port};
use crate::place::Place;

/// It says so when it listens on both, and names the socket.
const READY: &str = "The server is now ready to accept connections at";

/// A running server.
#[derive(Debug)]
pub(crate) struct Redis {
    pub(crate) address: SocketAddr,
    /// Where it wants TLS.
    pub(crate) tls_address: SocketAddr,
    /// For "localhost", signed by itself.
    pub(crate) certificate: Certificate,
    /// The path of its Unix socket.
    pub(crate) socket: PathBuf,
    _guarded: Guarded,
    _place: Place,
}

impl Shared for Redis {
    const PROGRAM: (&str, &str) = ("redis-server", "redis-server");

    fn shared() -> Option<&'static Redis> {
        static SERVER: OnceLock<Option<Redis>> = OnceLock::new();
        SERVER.get_or_init(|| find("redis-server").map(|program| start(&program))).as_ref()
    }
}

/// Another program may be quicker to take the port: several are tried.
fn start(program: &Path) -> Redis {
    for _ in 0..20 {
        match start_on(program, free_port(), free_port()) {
            Ok(server) => return server,
            Err(output) => eprintln!("redis-server has ended:\n{output}"),
        }
    }
    panic!("redis-server does not start");
}

fn start_on(program: &Path, port: u16, tls_port: u16) -> Result<Redis, String> {
    let place = Place::new();
    let socket = place.path().join("socket");
    let identity = Identity::self_signed(["localhost"]).expect("a certificate");
    let certificate = place.write("server.pem", identity.certificate().to_pem());
    let key = place.write("server.key", identity.key().to_pem());
    let mut command = Command::new(program);
    command
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--unixsocket"])
        .arg(&socket);
    command.arg("--dir").arg(place.path());
    command.args([
        "--tls-port",
        &tls_port.to_string(),
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
    ]);
    command.args(["--tls-auth-clients", "no"]);
    let mut guarded = Guarded::start(&command, "TERM", place.path(), None);
    if !guarded.says(READY) {
        return Err(guarded.output());
    }
    Ok(Redis {
        address: (Ipv4Addr::LOCALHOST, port).into(),
        tls_address: (Ipv4Addr::LOCALHOST, tls_port).into(),
        certificate: identity.certificate().clone(),
        socket,
        _guarded: guarded,
        _place: place,
    })
}
