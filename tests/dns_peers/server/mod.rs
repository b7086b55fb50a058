//! Name servers that are programs: knot, which has the zones; unbound, which asks it and keeps what it says; dnsmasq, which has
//! records of its own and forwards the rest.
//!
//! Each runs in the foreground on a free port of the loopback addresses, with its files in a directory of the test's own. It has
//! started when it answers a question.

pub(crate) mod dnsmasq;
pub(crate) mod knot;
pub(crate) mod unbound;

use std::collections::HashSet;
use std::env;
use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::place::Place;

/// What it takes to run the tests, and the package of Debian that has it.
const PROGRAMS: [(&str, &str); 4] =
    [("knotd", "knot"), ("unbound", "unbound"), ("dnsmasq", "dnsmasq-base"), ("dig", "bind9-dnsutils")];

/// Far more than a server takes to start.
const STARTED: Duration = Duration::from_secs(10);

/// Whether every program is there. Where changes are checked none may be missing.
pub(crate) fn are_installed() -> bool {
    let missing = PROGRAMS.iter().find(|(program, _)| !is_installed(program));
    let Some((program, package)) = missing else { return true };
    assert!(env::var_os("CI").is_none(), "{program} is not installed: apt-get install {package}");
    eprintln!("skipped: {program} is not installed (apt-get install {package})");
    false
}

fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let administration = ["/usr/sbin".into(), "/sbin".into()];
    env::split_paths(&path).chain(administration).any(|directory| directory.join(program).is_file())
}

/// A running server. Dropping it kills the process and waits for its end.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    child: Child,
    place: Place,
}

/// What a server needs to know of the place where it will run.
pub(crate) struct Site<'a> {
    pub(crate) place: &'a Place,
    pub(crate) port: u16,
}

impl Server {
    /// Starts the server that `command` describes. None of them can be told to let the kernel choose the port, and another
    /// program may be quicker, so that several are tried.
    fn start(name: &'static str, port: Option<u16>, command: impl Fn(&Site) -> Command) -> Server {
        for _ in 0..20 {
            let port = port.unwrap_or_else(free_port);
            let place = Place::new();
            let mut command = command(&Site { place: &place, port });
            let output = File::create(place.file("output")).expect("a file");
            let errors = output.try_clone().expect("the same file");
            command.stdin(Stdio::null()).stdout(output).stderr(errors).current_dir(place.path());
            let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            let mut server = Server { name, address, child, place };
            if server.is_up().expect("a question") {
                return server;
            }
            eprintln!("{name} on port {port} has ended:\n{}", server.output());
        }
        panic!("{name} does not start");
    }

    /// Asks until there is an answer without an error. `false` when it has ended.
    fn is_up(&mut self) -> io::Result<bool> {
        let start = Instant::now();
        while self.child.try_wait()?.is_none() {
            if answers_without_error(self.address)? && answers_without_error(self.address_v6())? {
                return Ok(true);
            }
            assert!(start.elapsed() < STARTED, "{} does not answer", self.name);
            thread::sleep(Duration::from_millis(2));
        }
        Ok(false)
    }

    pub(crate) fn address_v6(&self) -> SocketAddr {
        (Ipv6Addr::LOCALHOST, self.address.port()).into()
    }

    /// All that it has printed so far.
    pub(crate) fn output(&self) -> String {
        let bytes = fs::read(self.place.file("output")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.place.file(name)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let output = self.output();
            let shown = output.len().saturating_sub(1_500);
            let tail = output.get(shown..).unwrap_or(&output);
            eprintln!("=== {} on {} said:\n{tail}\n===", self.name, self.address);
        }
    }
}

/// A port that is free on both loopback addresses, by UDP and by TCP, and was given to nobody else here: another test's server may be about to
/// bind it, and knot and unbound share ports (SO_REUSEPORT).
fn free_port() -> u16 {
    static GIVEN: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);
    loop {
        let probe = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = probe.local_addr().expect("its address").port();
        let is_free = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
            && TcpListener::bind((Ipv6Addr::LOCALHOST, port)).is_ok()
            && UdpSocket::bind((Ipv6Addr::LOCALHOST, port)).is_ok();
        if is_free && GIVEN.lock().unwrap_or_else(PoisonError::into_inner).insert(port) {
            return port;
        }
    }
}

/// Whether the server knows the first zone's SOA record.
fn answers_without_error(server: SocketAddr) -> io::Result<bool> {
    // The header (recursion desired, one question), "fend.test.", SOA, IN.
    let question = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x04fend\x04test\0\0\x06\0\x01";
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::LOCALHOST, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::LOCALHOST, 0).into(),
    };
    let socket = UdpSocket::bind(any)?;
    socket.set_read_timeout(Some(Duration::from_millis(500)))?;
    let mut answer = [0; 512];
    let received =
        socket.connect(server).and_then(|()| socket.send(question)).and_then(|_| socket.recv(&mut answer));
    // Nobody listens yet, or says nothing.
    let Ok(length) = received else { return Ok(false) };
    // The lower half of the fourth byte is the response code; the seventh and eighth count the answers.
    Ok(length > 12 && answer[3] & 15 == 0 && answer[7] > 0)
}
