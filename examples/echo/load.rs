//! The load on an echo server: a closed loop on each connection, which is to say that the next request waits for the last answer.
//!
//! It knows no sockets: a program says of its own what they can do, as [`Stream`].

use std::error::Error;
use std::future::Future;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fend::task::TaskGroup;
use fend::time::{interval, timeout_at};
use futures_lite::future;

use crate::arguments::{Arguments, Stop};
use crate::histogram::Histogram;

/// How long the last answers may take when the time is over.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// The options that [`Load::read`] knows, for the help text.
pub(crate) const HELP: &str = "  --connections N      how many connections to keep busy (default 50)
  --size N             bytes in a message (default 64)
  --seconds N          how long (default 5)
";

/// What is asked: it can be sent to and received from at once.
pub(crate) trait Stream: Send + Sync + 'static {
    fn send_all(&self, bytes: &[u8]) -> impl Future<Output = io::Result<()>> + Send;
    fn recv_exact(&self, bytes: &mut [u8]) -> impl Future<Output = io::Result<()>> + Send;
}

/// How much of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) connections: usize,
    pub(crate) size: usize,
    pub(crate) seconds: usize,
}

impl Load {
    pub(crate) fn new() -> Load {
        Load { connections: 50, size: 64, seconds: 5 }
    }

    /// Takes the value of the option `name`; false when it is none of [`HELP`].
    pub(crate) fn read(&mut self, name: &str, arguments: &mut Arguments) -> Result<bool, Stop> {
        match name {
            "--connections" => self.connections = arguments.number(1..=65_536)?,
            "--size" => self.size = arguments.number(1..=1 << 30)?,
            "--seconds" => self.seconds = arguments.number(1..=86_400)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// When it ends if it starts now.
    pub(crate) fn end(&self) -> Instant {
        Instant::now() + Duration::from_secs(self.seconds as u64)
    }
}

/// Keeps all streams busy, and prints how it goes and how it went.
pub(crate) async fn measure<S: Stream>(streams: Vec<S>, load: Load) -> Result<(), Box<dyn Error>> {
    let (start, end) = (Instant::now(), load.end());
    let answers = Arc::new(AtomicU64::new(0));
    let mut clients: TaskGroup<io::Result<Histogram>> = TaskGroup::new();
    for stream in streams {
        clients.spawn(ask(stream, load.size, end, answers.clone()));
    }
    let progress = fend::spawn(print_progress("requests", answers, end));
    let all = timeout_at(end + PATIENCE, collect(&mut clients)).await;
    let took = start.elapsed();
    progress.abort();
    print_summary("requests", &all.map_err(|_| "the server stopped answering")??, took)?;
    Ok(())
}

/// One connection's loop.
async fn ask(
    stream: impl Stream,
    size: usize,
    end: Instant,
    answers: Arc<AtomicU64>,
) -> io::Result<Histogram> {
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
pub(crate) async fn exchange(stream: &impl Stream, message: &[u8], answer: &mut [u8]) -> io::Result<()> {
    const FITS_ANY_BUFFER: usize = 16 * 1024;
    if message.len() <= FITS_ANY_BUFFER {
        stream.send_all(message).await?;
        return stream.recv_exact(answer).await;
    }
    future::try_zip(stream.send_all(message), stream.recv_exact(answer)).await.map(|_| ())
}

pub(crate) async fn collect(clients: &mut TaskGroup<io::Result<Histogram>>) -> io::Result<Histogram> {
    let mut all = Histogram::new();
    while let Some(one) = clients.join_next().await {
        all.merge(&one.map_err(io::Error::from)??);
    }
    Ok(all)
}

pub(crate) async fn print_progress(what: &str, done: Arc<AtomicU64>, end: Instant) {
    const SECOND: Duration = Duration::from_secs(1);
    let mut seconds = interval(SECOND);
    let mut before = (seconds.tick().await, 0);
    // The last second belongs to the summary.
    while before.0 + SECOND < end {
        let now = (seconds.tick().await, done.load(Ordering::Relaxed));
        let per_second = (now.1 - before.1) as f64 / (now.0 - before.0).as_secs_f64();
        if writeln!(io::stdout(), "  {per_second:>9.0} {what}/s").is_err() {
            return;
        }
        before = now;
    }
}

pub(crate) fn print_summary(what: &str, latencies: &Histogram, took: Duration) -> io::Result<()> {
    let per_second = latencies.total() as f64 / took.as_secs_f64();
    writeln!(
        io::stdout(),
        "{} {what} in {:.2} s: {per_second:.0} {what}/s\nlatency p50 {:?}  p99 {:?}  max {:?}",
        latencies.total(),
        took.as_secs_f64(),
        latencies.percentile(50),
        latencies.percentile(99),
        latencies.max(),
    )
}
