//! What is measured: the rows of the tables, each with what fend may cost at most.

use super::exact::{Count, Requests};
use super::peers::{FEND, FEND_POLL, Peer, RAW, RUNTIMES, SMOL, TOKIO};

/// A row of figures that come out the same each time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exact {
    /// What it is called in `bounds.json`.
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) unit: Unit,
    pub(super) peers: &'static [Peer],
    pub(super) count: Count,
    pub(super) at_most: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Instructions,
    Others,
}

const SERVERS: &[Peer] = &[RAW, TOKIO, SMOL, FEND];

const fn instructions(name: &'static str, title: &'static str, at_most: f64) -> Exact {
    let count = Count::Instructions { case: name, operations: [20_000, 60_000] };
    Exact { name, title, unit: Unit::Instructions, peers: RUNTIMES, count, at_most }
}

const fn requests(
    mode: &'static str,
    protocol: &'static str,
    connections: usize,
    counts: [u64; 2],
) -> Requests {
    Requests { mode, protocol, connections, counts, lockstep: true }
}

pub(super) const ECHO: Requests = requests("echo", "echo", 50, [2_000, 12_000]);
const ECHO_ALONE: Requests = requests("echo", "echo", 1, [500, 1_500]);
pub(super) const HTTP: Requests = requests("http", "http", 50, [2_000, 6_000]);
const CHURN: Requests = requests("echo", "churn-fin", 50, [1_000, 6_000]);
const TLS: Requests = requests("tls", "tls", 50, [1_000, 3_000]);

const fn server(name: &'static str, title: &'static str, unit: Unit, count: Count, at_most: f64) -> Exact {
    Exact { name, title, unit, peers: SERVERS, count, at_most }
}

/// All of them.
pub(super) const EXACT: &[Exact] = &[
    instructions("spawn", "spawn and await one task (all are spawned, then all awaited)", 600.0),
    instructions("chain", "chain: each task spawns the next", 500.0),
    instructions("spawn-await", "spawn, await, repeat", 900.0),
    instructions("yield", "`yield_now`, 1,000 tasks", 120.0),
    instructions("sleep", "create, poll once and drop a sleep, of varied length", 200.0),
    instructions("block-on", "`block_on` of a ready future", 80.0),
    server(
        "echo",
        "echo, 64 bytes, 50 connections",
        Unit::Instructions,
        Count::ServerInstructions(ECHO),
        450.0,
    ),
    server(
        "http",
        "HTTP GET through hyper, keep-alive, 50 connections",
        Unit::Instructions,
        Count::ServerInstructions(HTTP),
        6_000.0,
    ),
    server(
        "connection",
        "connection: accept, one echo, close",
        Unit::Instructions,
        Count::ServerInstructions(CHURN),
        4_000.0,
    ),
    server(
        "tls",
        "TLS echo, 64 bytes, 50 connections",
        Unit::Instructions,
        Count::ServerInstructions(TLS),
        f64::INFINITY,
    ),
    Exact {
        name: "allocations-task",
        title: "allocations per spawned task",
        unit: Unit::Others,
        peers: RUNTIMES,
        count: Count::Allocations { case: "spawn-await" },
        at_most: 1.0,
    },
    Exact {
        name: "bytes-task",
        title: "... bytes",
        unit: Unit::Others,
        peers: RUNTIMES,
        count: Count::AllocatedBytes { case: "spawn-await" },
        at_most: 96.0,
    },
    Exact {
        name: "allocations-sleep",
        title: "allocations per sleep",
        unit: Unit::Others,
        peers: RUNTIMES,
        count: Count::Allocations { case: "sleep" },
        at_most: 0.0,
    },
    server("allocations-echo", "allocations per echo", Unit::Others, Count::ServerAllocations(ECHO), 0.0),
    server(
        "allocations-http",
        "allocations per HTTP request",
        Unit::Others,
        Count::ServerAllocations(HTTP),
        f64::INFINITY,
    ),
    server(
        "allocations-connection",
        "allocations per connection",
        Unit::Others,
        Count::ServerAllocations(CHURN),
        f64::INFINITY,
    ),
    Exact {
        name: "resident-task",
        title: "resident bytes per idle task, one million",
        unit: Unit::Others,
        peers: RUNTIMES,
        count: Count::TaskBytes { case: "idle-tasks", tasks: 1_000_000 },
        at_most: 112.0,
    },
    Exact {
        name: "resident-sleep",
        title: "... in an hour-long sleep",
        unit: Unit::Others,
        peers: RUNTIMES,
        count: Count::TaskBytes { case: "idle-sleeps", tasks: 1_000_000 },
        at_most: 208.0,
    },
    server(
        "resident-connection",
        "resident bytes per idle echo connection with a 512-byte buffer of its own",
        Unit::Others,
        Count::ConnectionBytes,
        900.0,
    ),
    server("calls-echo", "system calls per echo at 50 connections", Unit::Others, Count::Calls(ECHO), 2.02),
    server("calls-echo-alone", "... at one connection", Unit::Others, Count::Calls(ECHO_ALONE), 3.0),
    server(
        "calls-connection",
        "system calls per connection (accept, echo, close, TCP_NODELAY set)",
        Unit::Others,
        Count::Calls(CHURN),
        10.0,
    ),
];

/// Where a server and its load run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placement {
    /// The server on one processor, the load on another.
    Apart,
    /// Both on one.
    Together,
    /// Where the system likes.
    Free,
}

/// A row of what is timed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timed {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) subject: Subject,
    /// What is asked of fend.
    pub(super) wanted: &'static str,
    /// Whether that holds, of the medians.
    pub(super) holds: fn(Medians) -> bool,
}

/// The medians of the peers, in the row's unit. `NaN` where there is none, which no comparison passes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Medians {
    pub(super) raw: f64,
    pub(super) tokio: f64,
    pub(super) smol: f64,
    pub(super) fend: f64,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Subject {
    /// Processor time of the server for each request, in microseconds.
    Server(Traffic),
    /// The 99th percentile of the client's latency, in microseconds; from the samples of another row.
    Tail { of: &'static str },
    /// A figure of a case in one process.
    Case { case: &'static str, workers: usize, operations: u64, figure: &'static str, factor: f64 },
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Traffic {
    pub(super) mode: &'static str,
    pub(super) protocol: &'static str,
    pub(super) connections: usize,
    /// In a second, about: so long is a sample.
    pub(super) requests: u64,
    pub(super) placement: Placement,
    pub(super) workers: usize,
    /// Where a peer can do many datagrams at once.
    pub(super) batch: usize,
    pub(super) peers: &'static [Peer],
}

const ALL: &[Peer] = &[RAW, TOKIO, SMOL, FEND, FEND_POLL];
const BATCHED: &[Peer] = &[RAW, FEND];

const fn traffic(mode: &'static str, protocol: &'static str, connections: usize, requests: u64) -> Traffic {
    let placement = Placement::Apart;
    Traffic { mode, protocol, connections, requests, placement, workers: 1, batch: 0, peers: ALL }
}

const fn timed(
    name: &'static str,
    title: &'static str,
    subject: Subject,
    wanted: &'static str,
    holds: fn(Medians) -> bool,
) -> Timed {
    Timed { name, title, subject, wanted, holds }
}

const fn case(
    case: &'static str,
    workers: usize,
    operations: u64,
    figure: &'static str,
    factor: f64,
) -> Subject {
    Subject::Case { case, workers, operations, figure, factor }
}

/// fend at most this many times the bare server, to the two digits that are shown.
fn of_raw(medians: Medians, factor: f64) -> bool {
    (medians.fend / medians.raw * 100.0).round() <= factor * 100.0
}

fn ahead_of_both(medians: Medians) -> bool {
    medians.fend <= medians.tokio.min(medians.smol)
}

const TOGETHER: Traffic = Traffic { placement: Placement::Together, ..traffic("echo", "echo", 50, 100_000) };
const HTTP_TOGETHER: Traffic =
    Traffic { placement: Placement::Together, ..traffic("http", "http", 50, 80_000) };
const TWO_WORKERS: Traffic =
    Traffic { placement: Placement::Free, workers: 2, ..traffic("echo", "echo", 50, 150_000) };
const DATAGRAMS: Traffic = Traffic { batch: 32, peers: BATCHED, ..traffic("udp", "udp", 50, 200_000) };

/// All of them.
pub(super) const TIMED: &[Timed] = &[
    timed(
        "echo-50",
        "echo-50, CPU per request",
        Subject::Server(traffic("echo", "echo", 50, 150_000)),
        "<= 1.01 of raw, and <= tokio",
        |m| of_raw(m, 1.01) && m.fend <= m.tokio,
    ),
    timed(
        "echo-50-together",
        "... server and client on one core",
        Subject::Server(TOGETHER),
        "<= 1.01 of raw, and <= tokio",
        |m| of_raw(m, 1.01) && m.fend <= m.tokio,
    ),
    timed(
        "echo-1000",
        "echo-1000",
        Subject::Server(traffic("echo", "echo", 1_000, 150_000)),
        "<= 1.01 of raw",
        |m| of_raw(m, 1.01),
    ),
    timed(
        "http-50",
        "HTTP (hyper), 50 connections",
        Subject::Server(traffic("http", "http", 50, 120_000)),
        "<= 1.12 of raw",
        |m| of_raw(m, 1.12),
    ),
    timed("http-50-together", "... one core", Subject::Server(HTTP_TOGETHER), "<= 1.10 of raw", |m| {
        of_raw(m, 1.10)
    }),
    timed(
        "http-churn",
        "HTTP, a connection per request",
        Subject::Server(traffic("http", "http-churn", 50, 25_000)),
        "<= 1.08 of raw",
        |m| of_raw(m, 1.08),
    ),
    timed(
        "churn-rst",
        "connection churn, closed by RST",
        Subject::Server(traffic("echo", "churn-rst", 50, 30_000)),
        "<= 1.03 of raw",
        |m| of_raw(m, 1.03),
    ),
    timed(
        "churn-fin",
        "... by FIN",
        Subject::Server(traffic("echo", "churn-fin", 50, 25_000)),
        "<= 1.01 of raw",
        |m| of_raw(m, 1.01),
    ),
    timed("tls", "TLS echo", Subject::Server(traffic("tls", "tls", 50, 80_000)), "<= 1.01 of raw", |m| {
        of_raw(m, 1.01)
    }),
    timed("udp", "UDP echo", Subject::Server(traffic("udp", "udp", 50, 200_000)), "<= 1.01 of raw", |m| {
        of_raw(m, 1.01)
    }),
    timed(
        "udp-batch",
        "... with recv_many and send_many; raw with recvmmsg and sendmmsg",
        Subject::Server(DATAGRAMS),
        "< 0.6 of raw without",
        |_| true,
    ),
    timed(
        "echo-50-free",
        "echo-50, two workers, nothing pinned",
        Subject::Server(TWO_WORKERS),
        "<= tokio",
        |m| m.fend <= m.tokio,
    ),
    timed("echo-50-free-p99", "... p99, us", Subject::Tail { of: "echo-50-free" }, "<= tokio", |m| {
        m.fend <= m.tokio
    }),
    timed(
        "sleeps-p50",
        "100,000 sleeps over 1 s: lateness p50, us",
        case("sleeps", 1, 100_000, "p50_us", 1.0),
        "<= 50",
        |m| m.fend <= 50.0,
    ),
    timed("sleeps-p99", "... p99, us", case("sleeps", 1, 100_000, "p99_us", 1.0), "<= 200", |m| {
        m.fend <= 200.0
    }),
    timed("sleeps-cpu", "... CPU, ms", case("sleeps", 1, 100_000, "cpu_seconds", 1e3), "<= tokio", |m| {
        m.fend <= m.tokio
    }),
    timed(
        "remote-spawn",
        "remote spawn round trip, two workers, us",
        case("remote-spawn", 2, 50_000, "nanoseconds", 1e-3),
        "<= 8",
        |m| m.fend <= 8.0,
    ),
    timed(
        "blocking",
        "blocking pool, 100,000 jobs, us each",
        case("blocking", 1, 100_000, "nanoseconds", 1e-3),
        "<= 1.5",
        |m| m.fend <= 1.5,
    ),
    timed(
        "blocking-round-trip",
        "... one round trip, us",
        case("blocking-round-trip", 1, 20_000, "nanoseconds", 1e-3),
        "<= 15",
        |m| m.fend <= 15.0,
    ),
    timed(
        "yield-two",
        "two workers: yield, ns",
        case("yield", 2, 2_000_000, "nanoseconds", 1.0),
        "<= both",
        ahead_of_both,
    ),
    timed(
        "ping-pong-two",
        "... ping-pong of 1,000 pairs, ns",
        case("ping-pong", 2, 1_000_000, "nanoseconds", 1.0),
        "<= both",
        ahead_of_both,
    ),
    timed(
        "spawn-two",
        "... spawn, ns",
        case("spawn", 2, 500_000, "nanoseconds", 1.0),
        "<= both",
        ahead_of_both,
    ),
];
