//! Starts servers, puts a load on them, and asks the kernel what that cost.

use std::env;
use std::fs;
use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fend::tls::Identity;

use crate::FULL;
use crate::client::{self, Client};
use crate::server::{IDENTITY, KINDS, Kind, SERVER, SHIFT};

/// What a server is to do.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Load {
    Receive { bytes: u64, piece: usize },
    Send { bytes: u64, piece: usize },
    Requests { count: u64, size: usize, connections: usize },
    Handshakes { count: u64, resumed: bool, tls12: bool },
}

/// A server's process, which ends whatever becomes of the test.
pub(crate) struct Server {
    process: Child,
    address: SocketAddr,
    identity: PathBuf,
}

impl Server {
    pub(crate) fn start(kind: Kind, round: usize) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let address = listener.local_addr().expect("an address");
        on_one_processor();
        let identity = Identity::self_signed(["localhost"]).expect("an identity");
        let path =
            env::temp_dir().join(format!("fend-tls-cost-{}-{}.pem", std::process::id(), address.port()));
        let pem = [identity.certificate().to_pem(), identity.key().to_pem()].concat();
        fs::write(&path, pem).expect("a file");
        let mut process = Command::new(env::current_exe().expect("this test"));
        process
            .args(["--exact", "serve"])
            .env(SERVER, kind.name())
            .env(IDENTITY, &path)
            .env(SHIFT, (16 * round).to_string())
            .stdin(OwnedFd::from(listener))
            .stdout(Stdio::null());
        give_way(false);
        let process = process.spawn().expect("this program starts again");
        give_way(true);
        Server { process, address, identity: path }
    }

    /// Puts `load` on it, and gives the processor time that it took.
    fn cost(&mut self, load: Load) -> Duration {
        let client = Client::new(matches!(load, Load::Handshakes { tls12: true, .. }));
        // What is done once is done by then.
        let mut stream = client.connect(self.address, false).expect("a session");
        client::send(&mut stream, 1 << 20, 64 << 10).expect("the server receives");
        let mut streams: Vec<_> = match load {
            Load::Requests { connections, .. } => {
                (0..connections).map(|_| client.connect(self.address, false).expect("a session")).collect()
            }
            _ => Vec::new(),
        };
        // A server of threads makes one for each: those are not what a request costs.
        if !streams.is_empty() {
            let warm_up = 10 * streams.len() as u64;
            client::echo(&mut streams, warm_up, 64).expect("an echo");
        }
        let before = cpu_time_of(self.process.id());
        let result = match load {
            Load::Receive { bytes, piece } => client::send(&mut stream, bytes, piece),
            Load::Send { bytes, piece } => client::receive(&mut stream, bytes, piece),
            Load::Requests { count, size, .. } => client::echo(&mut streams, count, size),
            Load::Handshakes { count, resumed, .. } => {
                drop(stream);
                self.handshakes(&client, count, resumed)
            }
        };
        result.expect("the server does as it is told");
        cpu_time_of(self.process.id()) - before
    }

    fn handshakes(&self, client: &Client, count: u64, resumed: bool) -> std::io::Result<()> {
        for number in 0..count {
            let mut stream = client.connect(self.address, resumed)?;
            client::command(&mut stream, b'i', 1, 0)?;
            client::done(&mut stream)?;
            assert_eq!(stream.ssl().session_reused(), resumed && number > 0, "connection {number}");
            client::command(&mut stream, b'q', 1, 0)?;
            // To its end, so that nothing is cut short.
            stream.read_to_end(&mut Vec::new())?;
            // OpenSSL gives up a session that was not closed in order.
            stream.shutdown().map_err(std::io::Error::other)?;
        }
        Ok(())
    }

    /// Bytes of memory for each of many connections that have been used and are idle.
    pub(crate) fn memory_for_each(&mut self, connections: usize) -> f64 {
        let client = Client::new(false);
        let mut idle = Vec::new();
        let mut before = 0;
        // The first ones make what is made once.
        let first = connections / 10;
        for number in 0..first + connections {
            if number == first {
                before = self.resident();
            }
            let mut stream = client.connect(self.address, false).expect("a session");
            client::echo(std::slice::from_mut(&mut stream), 2, 4096).expect("an echo");
            client::command(&mut stream, b'i', 1, 0).expect("a command");
            client::done(&mut stream).expect("an answer");
            idle.push(stream);
        }
        // The kernel may have taken pages away meanwhile.
        (self.resident() as f64 - before as f64) / connections as f64
    }

    fn resident(&self) -> usize {
        let path = format!("/proc/{}/statm", self.process.id());
        let pages = fs::read_to_string(path).expect("the process runs");
        pages.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).expect("a number") * 4096
    }
}

/// Has this thread, and the processes that it starts, run on one processor. On two, the kernel's work of receiving is done now by the sender
/// and now by the receiver, and is counted as its time: by a quarter more or less, whatever it is that is compared.
#[expect(unsafe_code, reason = "std chooses no processors")]
fn on_one_processor() {
    // SAFETY: a set of processors is numbers, for which zeros are a value.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    let size = std::mem::size_of::<libc::cpu_set_t>();
    // SAFETY: `set` is valid for writes, and as large as is said.
    let got = unsafe { libc::sched_getaffinity(0, size, &raw mut set) };
    assert_eq!(got, 0, "{}", std::io::Error::last_os_error());
    // SAFETY: the numbers are below the size of the set.
    let last = (0..1024).rev().find(|&cpu| unsafe { libc::CPU_ISSET(cpu, &set) }).expect("a processor");
    // SAFETY: as above.
    unsafe {
        libc::CPU_ZERO(&mut set);
        libc::CPU_SET(last, &mut set);
    }
    // SAFETY: `set` is valid for reads, and as large as is said.
    let result = unsafe { libc::sched_setaffinity(0, size, &raw const set) };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
}

/// Whether this thread, and the processes that it starts, leave the processor to whoever has it when they are woken. The client does: one on
/// another machine does not stop a server in the middle of a request either. It would have its next request there before the server looks for
/// it, and spare that a wait, now and then.
#[expect(unsafe_code, reason = "std knows no policies")]
fn give_way(yes: bool) {
    let policy = if yes { libc::SCHED_BATCH } else { libc::SCHED_OTHER };
    let parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: `parameters` is valid for reads.
    let result = unsafe { libc::sched_setscheduler(0, policy, &raw const parameters) };
    assert!(result == 0 || !FULL, "{}", std::io::Error::last_os_error());
}

/// The processor time that a process has used, to the nanosecond, with its threads that have ended. (`/proc/PID/stat` counts hundredths of a
/// second.)
#[expect(unsafe_code, reason = "std asks no clocks of other processes")]
fn cpu_time_of(pid: u32) -> Duration {
    let mut clock: libc::clockid_t = 0;
    // SAFETY: `clock` is valid for writes.
    let found =
        unsafe { libc::clock_getcpuclockid(libc::pid_t::try_from(pid).expect("an id"), &raw mut clock) };
    assert_eq!(found, 0, "the process runs");
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid for writes.
    let result = unsafe { libc::clock_gettime(clock, &raw mut time) };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).expect("less than a second"))
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_file(&self.identity);
    }
}

/// What each kind of server took for one load, in seconds, in each of several rounds, in which the kinds take turns. The least counts.
pub(crate) struct Costs {
    load: Load,
    /// Each kind's, in order.
    seconds: [(Kind, Vec<f64>); KINDS.len()],
}

impl Costs {
    pub(crate) fn measure(load: Load, rounds: usize) -> Costs {
        let mut costs = Costs { load, seconds: KINDS.map(|kind| (kind, Vec::new())) };
        for _ in 0..if cfg!(debug_assertions) { 1 } else { rounds } {
            costs.measure_again();
        }
        costs
    }

    fn measure_again(&mut self) {
        let round = self.rounds();
        // None always comes first, nor always after the same one.
        for turn in round..round + KINDS.len() {
            let (kind, seconds) = &mut self.seconds[turn % KINDS.len()];
            seconds.push(Server::start(*kind, round).cost(self.load).as_secs_f64());
        }
        for (_, seconds) in &mut self.seconds {
            seconds.sort_by(f64::total_cmp);
        }
    }

    fn rounds(&self) -> usize {
        self.seconds[0].1.len()
    }

    /// Whoever is [`behind`](Costs::behind) after twice the rounds. The machine may have had a bad moment in all rounds of the one and in none
    /// of the other; what costs more in truth stays behind.
    pub(crate) fn behind_for_good(&mut self, of_openssl: f64, of_tokio: f64) -> Vec<String> {
        for _ in 0..self.rounds() {
            if self.behind(of_openssl, of_tokio).is_empty() {
                break;
            }
            self.measure_again();
        }
        self.behind(of_openssl, of_tokio)
    }

    /// Where fend takes more than `of_openssl` times what blocking OpenSSL takes, or more than `of_tokio` times what tokio-openssl takes.
    fn behind(&self, of_openssl: f64, of_tokio: f64) -> Vec<String> {
        let of = |wanted| {
            let (_, seconds) =
                self.seconds.iter().find(|(kind, _)| *kind == wanted).expect("it was measured");
            seconds[0]
        };
        let mut failed = Vec::new();
        for (other, factor) in [(Kind::OpenSsl, of_openssl), (Kind::Tokio, of_tokio)] {
            for ours in [Kind::Fend, Kind::FendPoll] {
                if of(ours) > of(other) * factor {
                    let (ours_s, other_s) = (of(ours), of(other));
                    let names = (ours.name(), other.name());
                    failed.push(format!(
                        "{:?}: {} {ours_s:.3} s, {} {other_s:.3} s",
                        self.load, names.0, names.1
                    ));
                }
            }
        }
        failed
    }
}

pub(crate) fn print(unit: &str, costs: &Costs, factor: f64) {
    eprintln!("{:?}", costs.load);
    for (kind, seconds) in &costs.seconds {
        // Half of the rounds took less.
        let (least, median) = (seconds[0] * factor, seconds[seconds.len() / 2] * factor);
        eprintln!("  {:<28} {least:>10.3} {unit} (median {median:.3})", kind.name());
    }
}
