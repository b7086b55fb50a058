//! What TLS costs in processor time and in memory, beside a blocking thread of OpenSSL and beside tokio-openssl, in the same run.
//!
//! Each server is a process of its own, whose time the kernel counts; the client is the same for all, and blocks.
//! `cargo test --release -p fend --test tls_cost -- --nocapture --test-threads=1` prints the tables.

mod client;
mod measure;
mod server;

use measure::{Costs, Load, Server};
use server::Kind;

/// Not a test: the process of a server, which has its listener as standard input and goes on until it is ended.
#[test]
fn serve() {
    if let Some(kind) = Kind::of_this_process() {
        kind.serve().expect("the server");
    }
}

/// As much in a debug build as is needed to see that it works.
const FULL: bool = !cfg!(debug_assertions);

/// In each the servers take turns; the best of each counts.
const ROUNDS: usize = 3;

/// To look into something: measures only the loads whose name has this text in it, in as many rounds as are named behind a `*`
/// (`FEND_TEST_TLS_LOAD='Send*20'`), and asserts nothing.
const LOAD: &str = "FEND_TEST_TLS_LOAD";

/// The loads to measure, in how many rounds, and whether they are to be judged.
fn chosen(loads: &[(Load, u64)]) -> (Vec<(Load, u64)>, usize, bool) {
    let Ok(wanted) = std::env::var(LOAD) else { return (loads.to_vec(), ROUNDS, FULL) };
    let (name, rounds) = wanted.split_once('*').unwrap_or((&wanted, ""));
    let chosen = loads.iter().filter(|(load, _)| format!("{load:?}").contains(name)).copied().collect();
    (chosen, rounds.parse().unwrap_or(ROUNDS), false)
}

/// What another implementation may be better by before it is more than the noise of this measurement.
const NOISE: f64 = 1.15;

#[test]
fn bytes_cost_no_more_than_in_openssl_itself() {
    let bytes: u64 = if FULL { 1 << 28 } else { 8 << 20 };
    let loads = [
        Load::Receive { bytes, piece: 16 << 10 },
        Load::Receive { bytes, piece: 64 << 10 },
        Load::Send { bytes, piece: 16 << 10 },
        Load::Send { bytes, piece: 64 << 10 },
        Load::Send { bytes, piece: 256 << 10 },
    ];
    let mut failed = Vec::new();
    let (loads, rounds, judged) = chosen(&loads.map(|load| (load, bytes)));
    for (load, bytes) in loads {
        let mut costs = Costs::measure(load, rounds);
        measure::print("CPU s per GiB", &costs, (1_u64 << 30) as f64 / bytes as f64);
        if judged {
            failed.extend(costs.behind_for_good(NOISE / 0.95, NOISE));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn handshakes_and_requests_cost_no_more_than_in_openssl_itself() {
    let (handshakes, requests) = if FULL { (800, 32_000) } else { (30, 320) };
    let loads = [
        (Load::Handshakes { count: handshakes, resumed: false, tls12: false }, handshakes),
        (Load::Handshakes { count: handshakes, resumed: true, tls12: false }, handshakes),
        (Load::Handshakes { count: handshakes, resumed: false, tls12: true }, handshakes),
        (Load::Requests { count: requests, size: 64, connections: 1 }, requests),
        (Load::Requests { count: requests, size: 64, connections: 32 }, requests),
        (Load::Requests { count: requests, size: 8 << 10, connections: 32 }, requests),
    ];
    let mut failed = Vec::new();
    let (loads, rounds, judged) = chosen(&loads);
    for (load, count) in loads {
        let mut costs = Costs::measure(load, rounds);
        measure::print("CPU us each", &costs, 1e6 / count as f64);
        // A thread that blocks needs no call to wait: it is no measure of what a server of many connections costs.
        if judged {
            failed.extend(costs.behind_for_good(f64::INFINITY, NOISE));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn an_idle_connection_takes_less_memory_than_in_tokio_openssl() {
    let connections = if FULL { 2_000 } else { 50 };
    let mut sizes = Vec::new();
    for kind in [Kind::Fend, Kind::FendPoll, Kind::Tokio] {
        let mut server = Server::start(kind, 0);
        let size = server.memory_for_each(connections);
        eprintln!(
            "{:<28} {:>8.1} KiB for each of {connections} idle connections",
            kind.name(),
            size / 1024.0
        );
        sizes.push(size);
    }
    assert!(!FULL || (sizes[0] < sizes[2] && sizes[1] < sizes[2]), "{sizes:?}");
}
