//! The client: asks and asks, and counts what fails.

use std::collections::BTreeSet;
use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fend::net::TcpStream;
use fend::task::{CancellationToken, TaskGroup};
use fend::time::{sleep, timeout};

use crate::arguments::{Arguments, Stop};

/// Far more than an answer takes, even of a server that is busy.
const PATIENCE: Duration = Duration::from_secs(10);

/// Before the next try, when one has failed.
const PAUSE: Duration = Duration::from_millis(100);

/// One in so many opens a connection for each request.
const FRESH: usize = 4;

pub(crate) struct Options {
    addr: SocketAddr,
    connections: usize,
    seconds: usize,
}

impl Options {
    pub(crate) fn new() -> Options {
        Options { addr: SocketAddr::from(([127, 0, 0, 1], 7010)), connections: 16, seconds: 10 }
    }

    pub(crate) fn read(&mut self, name: &str, arguments: &mut Arguments) -> Result<(), Stop> {
        match name {
            "--addr" => self.addr = arguments.value()?,
            "--connections" => self.connections = arguments.number(1..)?,
            "--seconds" => self.seconds = arguments.number(1..)?,
            _ => return Err(arguments.unknown()),
        }
        Ok(())
    }
}

pub(crate) async fn run(options: Options) -> Result<(), Box<dyn Error>> {
    // Where there is no server there is nothing to count.
    drop(TcpStream::connect(options.addr).await?);
    let stop = CancellationToken::new();
    let end = stop.clone();
    fend::spawn(async move {
        sleep(Duration::from_secs(options.seconds as u64)).await;
        end.cancel();
    });
    let counts = load(options.addr, options.connections, &stop, &Arc::default()).await;
    counts.print()?;
    counts.check()
}

/// What clients have seen.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) requests: u64,
    pub(crate) failures: u64,
    first_failure: Option<String>,
    connections: u64,
    /// The ids of the processes that have answered.
    pub(crate) servers: BTreeSet<u32>,
}

impl Counts {
    pub(crate) fn print(&self) -> io::Result<()> {
        let Counts { requests, failures, connections, servers, .. } = self;
        let processes = servers.len();
        writeln!(
            io::stdout(),
            "{requests} requests on {connections} connections, {failures} failures, answered by {processes} processes"
        )
    }

    /// An error when there was a failure.
    pub(crate) fn check(&self) -> Result<(), Box<dyn Error>> {
        match &self.first_failure {
            None if self.requests == 0 => Err("no request was answered".into()),
            None => Ok(()),
            Some(failure) => Err(format!("the first failure: {failure}").into()),
        }
    }

    fn add(&mut self, mut other: Counts) {
        self.requests += other.requests;
        self.failures += other.failures;
        self.connections += other.connections;
        self.first_failure = self.first_failure.take().or(other.first_failure);
        self.servers.append(&mut other.servers);
    }
}

/// The id of the process that has answered last.
pub(crate) type Latest = Arc<AtomicU32>;

/// Asks on `connections` connections until `stop` is cancelled.
pub(crate) async fn load(
    addr: SocketAddr,
    connections: usize,
    stop: &CancellationToken,
    latest: &Latest,
) -> Counts {
    let mut clients = TaskGroup::new();
    for number in 0..connections {
        let fresh = number % FRESH == FRESH - 1;
        clients.spawn(ask_on_and_on(addr, fresh, stop.clone(), latest.clone()));
    }
    let mut all = Counts::default();
    while let Some(counts) = clients.join_next().await {
        all.add(counts.expect("a client does not panic"));
    }
    all
}

async fn ask_on_and_on(addr: SocketAddr, fresh: bool, stop: CancellationToken, latest: Latest) -> Counts {
    let mut counts = Counts::default();
    let mut connection = None;
    while !stop.is_cancelled() {
        match timeout(PATIENCE, ask(addr, &mut connection, fresh, &mut counts.connections)).await {
            Ok(Ok(server)) => {
                counts.requests += 1;
                counts.servers.insert(server);
                latest.store(server, Ordering::Relaxed);
            }
            failure => {
                let text = match failure {
                    Ok(Err(error)) => error.to_string(),
                    _ => format!("no answer in {PATIENCE:?}"),
                };
                connection = None;
                counts.failures += 1;
                counts.first_failure.get_or_insert(text);
                // A server that is gone refuses in no time.
                sleep(PAUSE).await;
            }
        }
    }
    counts
}

/// One request, on the connection that is there or a new one.
async fn ask(
    addr: SocketAddr,
    kept: &mut Option<TcpStream>,
    fresh: bool,
    opened: &mut u64,
) -> io::Result<u32> {
    let stream = match kept.take() {
        Some(stream) => stream,
        None => {
            let stream = TcpStream::connect(addr).await?;
            stream.set_nodelay(true)?;
            *opened += 1;
            stream
        }
    };
    let close = if fresh { "Connection: close\r\n" } else { "" };
    stream.send_all(format!("GET / HTTP/1.1\r\nHost: {addr}\r\n{close}\r\n").as_bytes()).await?;
    let answer = Answer::receive(&stream).await?;
    if !answer.close {
        *kept = Some(stream);
    }
    Ok(answer.server)
}

struct Answer {
    server: u32,
    close: bool,
}

impl Answer {
    /// The head, and as much as it says.
    async fn receive(stream: &TcpStream) -> io::Result<Answer> {
        let (mut text, mut buf) = (String::new(), [0; 1024]);
        loop {
            match stream.recv(&mut buf).await? {
                0 => return Err(invalid("the connection ended within an answer", &text)),
                count => text.push_str(&String::from_utf8_lossy(&buf[..count])),
            }
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let field = |name| head.lines().find_map(|line| line.strip_prefix(name));
            let len = field("Content-Length: ").and_then(|len| len.parse::<usize>().ok());
            let len = len.ok_or_else(|| invalid("an answer without a length", &text))?;
            if body.len() < len {
                continue;
            }
            let server = body
                .trim_end()
                .parse()
                .ok()
                .filter(|_| head.starts_with("HTTP/1.1 200 ") && body.len() == len);
            let server = server.ok_or_else(|| invalid("a wrong answer", &text))?;
            return Ok(Answer { server, close: field("Connection: ") == Some("close") });
        }
    }
}

fn invalid(what: &str, text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{what}: {text:?}"))
}
