//! What a relay between two connections costs in processor time, beside the same relay of tokio in the same run.
//!
//! Each relay is a process of its own, whose time the kernel counts. `cargo test --release --test relay_cost -- spliced --nocapture`
//! prints the table.

use std::env;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use fend::runtime::{Builder, Dispatcher};

#[expect(dead_code, reason = "the part for other suites")]
#[path = "support/process.rs"]
mod process;

use process::cpu_time_of;

/// Names the relay that a process is for, and the address that it relays to.
const RELAY: &str = "FEND_TEST_RELAY";
const TO: &str = "FEND_TEST_RELAY_TO";

/// The kinds of relay; the last number is the size of the buffer, or 0 for the default one.
const RELAYS: [(&str, Kind, usize); 6] = [
    ("fend, splice, epoll", Kind::Fend(Dispatcher::Epoll, false), 0),
    ("fend, splice, poll", Kind::Fend(Dispatcher::Poll, false), 0),
    ("fend, no_splice, epoll", Kind::Fend(Dispatcher::Epoll, true), 0),
    ("fend, no_splice, poll", Kind::Fend(Dispatcher::Poll, true), 0),
    ("tokio, default", Kind::Tokio, 0),
    ("tokio, 64 KiB", Kind::Tokio, 64 << 10),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Fend(Dispatcher, bool),
    Tokio,
}

/// Not a test: the process of a relay, which has its listener as standard input and goes on until it is ended.
#[test]
fn relay() {
    let Ok(name) = env::var(RELAY) else { return };
    let (_, kind, buffer) = RELAYS.into_iter().find(|relay| relay.0 == name).expect("a relay's name");
    let to = env::var(TO).expect("an address");
    let listener = io::stdin().as_fd().try_clone_to_owned().map(TcpListener::from).expect("a listener");
    let ended = match kind {
        Kind::Fend(dispatcher, no_splice) => {
            let builder = Builder::new().dispatcher(dispatcher).worker_threads(1);
            builder.build().expect("a runtime").block_on(of_fend(listener, &to, no_splice))
        }
        Kind::Tokio => {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            builder.enable_all().build().expect("a runtime").block_on(of_tokio(listener, &to, buffer))
        }
    };
    ended.expect("the relay");
}

/// One connection after another, so that each row of the table is of one.
async fn of_fend(listener: TcpListener, to: &str, no_splice: bool) -> io::Result<()> {
    let listener = fend::net::TcpListener::try_from(listener)?;
    loop {
        let (client, _) = listener.accept().await?;
        let server = fend::net::TcpStream::connect(to).await?;
        fend::spawn(fend::io::copy_bidirectional(client, server).no_splice(no_splice)).await??;
    }
}

async fn of_tokio(listener: TcpListener, to: &str, buffer: usize) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (mut client, _) = listener.accept().await?;
        let mut server = tokio::net::TcpStream::connect(to).await?;
        let copying = async move {
            match buffer {
                0 => tokio::io::copy_bidirectional(&mut client, &mut server).await,
                n => tokio::io::copy_bidirectional_with_sizes(&mut client, &mut server, n, n).await,
            }
        };
        tokio::spawn(copying).await??;
    }
}

/// Ends the process whatever becomes of the test.
struct Relay(Child);

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a relay has used for a load, and how long that took.
struct Cost {
    used: Duration,
    took: Duration,
}

/// Starts a relay, and sends `bytes` through it.
fn measure(name: &str, bytes: usize) -> io::Result<Cost> {
    let (front, back) = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?);
    let address = front.local_addr()?;
    let child = Command::new(env::current_exe()?)
        .args(["--exact", "relay"])
        .env(RELAY, name)
        .env(TO, back.local_addr()?.to_string())
        .stdin(OwnedFd::from(front))
        .stdout(Stdio::null())
        .spawn()?;
    let relay = Relay(child);
    // What is done once is done by then.
    send_through(TcpStream::connect(address)?, &back, 1 << 20)?;
    let (before, start) = (cpu_time_of(relay.0.id()), Instant::now());
    send_through(TcpStream::connect(address)?, &back, bytes)?;
    Ok(Cost { took: start.elapsed(), used: cpu_time_of(relay.0.id()) - before })
}

/// Sends `bytes` in large pieces to whoever connects to `back`, and an answer of one byte the other way.
fn send_through(mut client: TcpStream, back: &TcpListener, bytes: usize) -> io::Result<()> {
    thread::scope(|scope| {
        let receiver = scope.spawn(|| {
            let (mut server, _) = back.accept()?;
            let (mut buf, mut received) = (vec![0; 256 << 10], 0);
            loop {
                match server.read(&mut buf)? {
                    0 => break,
                    n => received += n,
                }
            }
            server.write_all(b".").map(|()| received)
        });
        let piece = vec![7; 256 << 10];
        for _ in 0..bytes / piece.len() {
            client.write_all(&piece)?;
        }
        client.shutdown(Shutdown::Write)?;
        let mut answer = Vec::new();
        client.read_to_end(&mut answer)?;
        assert_eq!((receiver.join().expect("no panic")?, answer.len()), (bytes, 1));
        Ok(())
    })
}

#[test]
fn a_spliced_relay_costs_no_more_than_one_of_tokio() {
    let bytes: usize = if cfg!(debug_assertions) { 64 << 20 } else { 1 << 30 };
    let gib = bytes as f64 / f64::from(1 << 30);
    eprintln!("{:<24} {:>16} {:>10}", format!("{gib} GiB through"), "CPU s per GiB", "GiB/s");
    let mut costs = Vec::new();
    for (name, kind, buffer) in RELAYS {
        let cost = measure(name, bytes).expect("the sockets");
        let (used, took) = (cost.used.as_secs_f64() / gib, cost.took.as_secs_f64());
        eprintln!("{name:<24} {used:>16.3} {:>10.2}", gib / took);
        costs.push((name, kind, buffer, used));
    }
    // In a debug build the little that a relay itself does is not what it costs.
    if cfg!(debug_assertions) {
        return;
    }
    let (.., tokio) =
        costs.iter().find(|(_, kind, buffer, _)| *kind == Kind::Tokio && *buffer == 0).expect("it");
    for (name, kind, _, used) in &costs {
        if matches!(kind, Kind::Fend(_, false)) {
            assert!(used <= tokio, "{name}: {used:.3} s of processor time per GiB, tokio's {tokio:.3}");
        }
    }
}
