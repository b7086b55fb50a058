//! dnsmasq, with records of its own, on a free port of the loopback addresses.

use std::collections::BTreeSet;
use std::env;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How many records the answer has that no datagram holds.
pub(super) const LONG: usize = 40;

/// Far more than it takes to start.
const STARTED: Duration = Duration::from_secs(20);

/// A running one. Dropping it kills the process and waits for its end.
#[derive(Debug)]
pub(super) struct Dnsmasq {
    port: u16,
    child: Child,
}

impl Dnsmasq {
    /// `None` when it is not installed; where changes are checked it must be.
    pub(super) async fn start() -> Option<Dnsmasq> {
        let Some(program) = program() else {
            assert!(env::var_os("CI").is_none(), "dnsmasq is not installed: apt-get install dnsmasq-base");
            eprintln!("skipped: dnsmasq is not installed (apt-get install dnsmasq-base)");
            return None;
        };
        Some(fend::spawn_blocking(move || start(&program)).await.expect("dnsmasq starts"))
    }

    pub(super) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Waits until there is an answer. `false` when it has ended: another program was quicker to take the port.
    fn is_up(&mut self) -> bool {
        let start = Instant::now();
        while self.child.try_wait().expect("our child").is_none() {
            if answers(self.address()) {
                return true;
            }
            assert!(start.elapsed() < STARTED, "dnsmasq does not answer");
            thread::sleep(Duration::from_millis(2));
        }
        false
    }
}

impl Drop for Dnsmasq {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let places = env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    places.map(|place| place.join("dnsmasq")).find(|program| program.is_file())
}

fn start(program: &PathBuf) -> Dnsmasq {
    for _ in 0..20 {
        let port = free_port();
        let mut server = Dnsmasq { port, child: command(program, port).spawn().expect("dnsmasq") };
        if server.is_up() {
            return server;
        }
    }
    panic!("dnsmasq does not start: {:?}", command(program, free_port()).stderr(Stdio::inherit()).status());
}

fn command(program: &PathBuf, port: u16) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.args(["--keep-in-foreground", "--bind-interfaces", "--listen-address=127.0.0.1", "--user="]);
    command.args(["--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--pid-file=", "--local-ttl=120"]);
    command.args(["--local=/test/", "--host-record=host.masq.test,192.0.2.1,2001:db8::1"]);
    command.args(["--cname=alias.masq.test,host.masq.test", "--mx-host=masq.test,host.masq.test,7"]);
    for number in 0..LONG {
        command.arg(format!("--txt-record=long.masq.test,{number:0>200}"));
    }
    command.arg(format!("--port={port}"));
    command
}

/// It cannot be told to let the kernel choose. A port is given once: another test's server may be about to bind it.
fn free_port() -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        let probe = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = probe.local_addr().expect("its address").port();
        let is_free = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        if is_free && GIVEN.lock().unwrap_or_else(PoisonError::into_inner).insert(port) {
            return port;
        }
    }
}

/// Whether it knows its host's address.
fn answers(server: SocketAddr) -> bool {
    // The header (recursion desired, one question), "host.masq.test.", A, IN.
    let question = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x04host\x04masq\x04test\0\0\x01\0\x01";
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    socket.set_read_timeout(Some(Duration::from_millis(500))).expect("an option");
    let mut answer = [0; 512];
    // An error: nobody listens yet, or says nothing.
    let received =
        socket.connect(server).and_then(|()| socket.send(question)).and_then(|_| socket.recv(&mut answer));
    // The seventh and eighth byte count the answers.
    received.is_ok_and(|length| length > 12 && answer[7] > 0)
}
