//! The client: a closed loop on each connection, which is to say that the next request waits for the last answer.

use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fend::net::TcpStream;
use fend::task::TaskGroup;
use fend::time::{interval, timeout_at};

use crate::PORT;
use crate::arguments::{Arguments, Stop};
use crate::histogram::Histogram;
use crate::runtime::RuntimeOptions;
use crate::server;

/// How long the last answers may take when the time is over.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) struct Options {
    addr: SocketAddr,
    connections: usize,
    size: usize,
    seconds: usize,
    runtime: RuntimeOptions,
}

impl Options {
    pub(crate) fn new() -> Options {
        Options {
            addr: server::at(PORT),
            connections: 50,
            size: 64,
            seconds: 5,
            runtime: RuntimeOptions::default(),
        }
    }

    pub(crate) fn read(&mut self, name: &str, arguments: &mut Arguments) -> Result<(), Stop> {
        match name {
            "--addr" => self.addr = arguments.value()?,
            "--connections" => self.connections = arguments.number(1..=65_536)?,
            "--size" => self.size = arguments.number(1..=1 << 30)?,
            "--seconds" => self.seconds = arguments.number(1..=86_400)?,
            _ => self.runtime.read(name, arguments)?,
        }
        Ok(())
    }
}

pub(crate) fn run(options: Options) -> Result<(), Box<dyn Error>> {
    options.runtime.build()?.block_on(measure(&options))
}

async fn measure(options: &Options) -> Result<(), Box<dyn Error>> {
    let mut streams = Vec::with_capacity(options.connections);
    for _ in 0..options.connections {
        streams.push(TcpStream::connect(options.addr).await?);
    }
    let Options { addr, size, .. } = options;
    writeln!(io::stdout(), "to {addr}: connections {}, size {size} bytes", streams.len())?;

    let start = Instant::now();
    let end = start + Duration::from_secs(options.seconds as u64);
    let answers = Arc::new(AtomicU64::new(0));
    let mut clients: TaskGroup<io::Result<Histogram>> = TaskGroup::new();
    for stream in streams {
        clients.spawn(ask(stream, options.size, end, answers.clone()));
    }
    let progress = fend::spawn(print_progress(answers, end));
    let all = timeout_at(end + PATIENCE, collect(&mut clients)).await;
    let took = start.elapsed();
    progress.abort();
    print_summary(&all.map_err(|_| "the server stopped answering")??, took)?;
    Ok(())
}

/// One connection's loop.
async fn ask(stream: TcpStream, size: usize, end: Instant, answers: Arc<AtomicU64>) -> io::Result<Histogram> {
    stream.set_nodelay(true)?;
    let message: Vec<u8> = (0..size).map(|index| (index % 251) as u8).collect();
    let mut answer = vec![0; size];
    let mut latencies = Histogram::new();
    let mut asked = Instant::now();
    while asked < end {
        exchange(&stream, &message, &mut answer).await?;
        if answer != message {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the answer is not what was sent"));
        }
        let now = Instant::now();
        latencies.add(now - asked);
        answers.fetch_add(1, Ordering::Relaxed);
        asked = now;
    }
    Ok(latencies)
}

/// Sends and receives at once: a server that answers as it reads would otherwise be stuck with a message larger than the
/// socket buffers, and we with it.
async fn exchange(stream: &TcpStream, message: &[u8], answer: &mut [u8]) -> io::Result<()> {
    const FITS_ANY_BUFFER: usize = 16 * 1024;
    if message.len() <= FITS_ANY_BUFFER {
        stream.send_all(message).await?;
        return stream.recv_exact(answer).await;
    }
    futures_lite::future::try_zip(stream.send_all(message), stream.recv_exact(answer)).await.map(|_| ())
}

async fn collect(clients: &mut TaskGroup<io::Result<Histogram>>) -> io::Result<Histogram> {
    let mut all = Histogram::new();
    while let Some(one) = clients.join_next().await {
        all.merge(&one.map_err(io::Error::from)??);
    }
    Ok(all)
}

async fn print_progress(answers: Arc<AtomicU64>, end: Instant) {
    const SECOND: Duration = Duration::from_secs(1);
    let mut seconds = interval(SECOND);
    let mut before = (seconds.tick().await, 0);
    // The last second belongs to the summary.
    while before.0 + SECOND < end {
        let now = (seconds.tick().await, answers.load(Ordering::Relaxed));
        let per_second = (now.1 - before.1) as f64 / (now.0 - before.0).as_secs_f64();
        if writeln!(io::stdout(), "  {per_second:>9.0} requests/s").is_err() {
            return;
        }
        before = now;
    }
}

fn print_summary(latencies: &Histogram, took: Duration) -> io::Result<()> {
    let per_second = latencies.total() as f64 / took.as_secs_f64();
    writeln!(
        io::stdout(),
        "{} requests in {:.2} s: {per_second:.0} requests/s\nlatency p50 {:?}  p99 {:?}  max {:?}",
        latencies.total(),
        took.as_secs_f64(),
        latencies.percentile(50),
        latencies.percentile(99),
        latencies.max(),
    )
}
