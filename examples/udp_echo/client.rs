//! The client: a closed loop on each socket, which is to say that the next round waits for the last one's answers.

use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use fend::net::UdpSocket;
use fend::net::udp::{RecvBatch, SendBatch};
use fend::task::TaskGroup;
use fend::time::timeout;

use crate::PORT;
use crate::arguments::{Arguments, Stop};
use crate::histogram::Histogram;
use crate::runtime::RuntimeOptions;
use crate::server;

/// An answer that takes longer is lost.
const PATIENCE: Duration = Duration::from_millis(500);

/// Each datagram begins with the number of its round.
const NUMBER: usize = size_of::<u64>();

/// The most that a datagram over IPv4 can carry.
const LARGEST: usize = 65_507;

pub(crate) struct Options {
    addr: SocketAddr,
    sockets: usize,
    size: usize,
    batch: usize,
    seconds: usize,
    runtime: RuntimeOptions,
}

impl Options {
    pub(crate) fn new() -> Options {
        Options {
            addr: server::at(PORT),
            sockets: 4,
            size: 64,
            batch: 1,
            seconds: 5,
            runtime: RuntimeOptions::default(),
        }
    }

    pub(crate) fn read(&mut self, name: &str, arguments: &mut Arguments) -> Result<(), Stop> {
        match name {
            "--addr" => self.addr = arguments.value()?,
            "--sockets" => self.sockets = arguments.number(1..=65_536)?,
            "--size" => self.size = arguments.number(NUMBER..=LARGEST)?,
            "--batch" => self.batch = arguments.number(1..=RecvBatch::MAX)?,
            "--seconds" => self.seconds = arguments.number(1..=86_400)?,
            _ => self.runtime.read(name, arguments)?,
        }
        Ok(())
    }
}

pub(crate) fn run(options: Options) -> Result<(), Box<dyn Error>> {
    options.runtime.build()?.block_on(measure(&options))
}

/// What has become of the datagrams of one socket, or of all.
struct Outcome {
    latencies: Histogram,
    lost: u64,
}

async fn measure(options: &Options) -> Result<(), Box<dyn Error>> {
    let Options { addr, sockets, size, batch, .. } = *options;
    writeln!(io::stdout(), "to {addr}: sockets {sockets}, batch {batch}, size {size} bytes")?;
    let start = Instant::now();
    let end = start + Duration::from_secs(options.seconds as u64);
    let mut clients: TaskGroup<io::Result<Outcome>> = TaskGroup::new();
    for _ in 0..sockets {
        clients.spawn(ask(addr, size, batch, end));
    }
    let mut all = Outcome { latencies: Histogram::new(), lost: 0 };
    while let Some(one) = clients.join_next().await {
        let one = one.map_err(io::Error::from)?.map_err(|error| format!("{addr}: {error}"))?;
        all.latencies.merge(&one.latencies);
        all.lost += one.lost;
    }
    print_summary(&all, start.elapsed())?;
    match all.latencies.total() {
        0 => Err(format!("{addr}: no answer").into()),
        _ => Ok(()),
    }
}

/// One socket's loop.
async fn ask(addr: SocketAddr, size: usize, batch: usize, end: Instant) -> io::Result<Outcome> {
    let unspecified: SocketAddr = match addr {
        SocketAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
        SocketAddr::V6(_) => ([0_u16; 8], 0).into(),
    };
    let socket = UdpSocket::bind(unspecified).await?;
    socket.connect(addr).await?;
    let mut datagram: Vec<u8> = (0..size).map(|index| (index % 251) as u8).collect();
    let (mut questions, mut answers) = (SendBatch::new(), RecvBatch::new(batch, size));
    let mut outcome = Outcome { latencies: Histogram::new(), lost: 0 };
    for round in 0_u64.. {
        let asked = Instant::now();
        if asked >= end {
            break;
        }
        datagram[..NUMBER].copy_from_slice(&round.to_be_bytes());
        (0..batch).for_each(|_| questions.push(&datagram));
        socket.send_many(&mut questions).await?;
        let mut missing = batch;
        while missing > 0 {
            let Ok(received) = timeout(PATIENCE, socket.recv_many(&mut answers)).await else { break };
            received?;
            let latency = asked.elapsed();
            // Late answers of other rounds were counted as lost.
            for _ in answers.iter().filter(|answer| answer.data() == datagram) {
                outcome.latencies.add(latency);
                missing = missing.saturating_sub(1);
            }
        }
        outcome.lost += missing as u64;
    }
    Ok(outcome)
}

fn print_summary(all: &Outcome, took: Duration) -> io::Result<()> {
    let Outcome { latencies, lost } = all;
    let per_second = latencies.total() as f64 / took.as_secs_f64();
    writeln!(
        io::stdout(),
        "{} datagrams in {:.2} s: {per_second:.0} datagrams/s, {lost} lost\nlatency p50 {:?}  p99 {:?}  max {:?}",
        latencies.total(),
        took.as_secs_f64(),
        latencies.percentile(50),
        latencies.percentile(99),
        latencies.max(),
    )
}
