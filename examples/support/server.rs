//! What the servers here share: their options, and a loop that accepts connections for as long as that can work.

use std::future::Future;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use fend::net::{AcceptErrorKind, TcpListener, TcpStream};
use fend::runtime::{Builder, Dispatcher, Runtime};
use fend::time::sleep;

use crate::arguments::{Arguments, Mistake};

/// How long `accept` waits when the process has run out of file descriptors; twice as long each time, until one succeeds. The
/// connection stays queued and the next `accept` would fail at once: without a pause that is a busy loop.
const SHORTEST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The options that [`Options::read`] knows, for the help text.
pub(crate) const HELP: &str =
    "  --addr ADDRESS       the address to listen on (default 127.0.0.1:7007; port 0: any free one)
  --workers N          threads that run tasks (default: FEND_WORKER_THREADS, else the number of CPUs)
  --dispatcher NAME    epoll or poll (default: FEND_DISPATCHER, else epoll)
";

/// Where a server listens, and the runtime it uses.
pub(crate) struct Options {
    pub(crate) addr: SocketAddr,
    pub(crate) runtime: RuntimeOptions,
}

impl Options {
    pub(crate) fn new() -> Options {
        Options { addr: SocketAddr::from(([127, 0, 0, 1], 7007)), runtime: RuntimeOptions::default() }
    }

    /// Takes the value of the option `name` when it is one of [`HELP`].
    pub(crate) fn read(&mut self, name: &str, arguments: &mut Arguments) -> Result<(), Mistake> {
        match name {
            "--addr" => self.addr = arguments.value()?,
            _ => self.runtime.read(name, arguments)?,
        }
        Ok(())
    }

    /// Listens, prints the address on a line of its own, and gives each connection to a task that runs `answer`. Returns only
    /// when the server cannot start, or its listener is of no more use.
    pub(crate) fn serve<F>(self, answer: impl Fn(TcpStream) -> F) -> io::Result<()>
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        self.runtime.build()?.block_on(async {
            let listener = listen(self.addr).await?;
            accept_all(&listener, answer).await
        })
    }
}

/// Listens, and prints the address on a line of its own.
pub(crate) async fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(addr).await?;
    writeln!(io::stdout(), "listening on {}", listener.local_addr()?)?;
    Ok(listener)
}

/// The runtime's part of the options.
#[derive(Default)]
pub(crate) struct RuntimeOptions {
    workers: Option<usize>,
    dispatcher: Option<Dispatcher>,
}

impl RuntimeOptions {
    /// Takes the value of the option `name` when it is about the runtime.
    pub(crate) fn read(&mut self, name: &str, arguments: &mut Arguments) -> Result<(), Mistake> {
        match name {
            "--workers" => self.workers = Some(arguments.number(1..)?),
            "--dispatcher" => self.dispatcher = Some(arguments.value()?),
            _ => return Err(arguments.unknown()),
        }
        Ok(())
    }

    pub(crate) fn build(&self) -> io::Result<Runtime> {
        let mut builder = Builder::new();
        if let Some(workers) = self.workers {
            builder = builder.worker_threads(workers);
        }
        if let Some(dispatcher) = self.dispatcher {
            builder = builder.dispatcher(dispatcher);
        }
        builder.build()
    }
}

/// Returns only with an error after which no `accept` can succeed.
pub(crate) async fn accept_all<F>(listener: &TcpListener, answer: impl Fn(TcpStream) -> F) -> io::Result<()>
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let mut pause = SHORTEST_PAUSE;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                pause = SHORTEST_PAUSE;
                fend::spawn(serve_one(answer(stream), peer));
            }
            Err(error) => match AcceptErrorKind::of(&error) {
                AcceptErrorKind::Retry => {}
                AcceptErrorKind::BackOff => {
                    // Once, and not with every try.
                    if pause == SHORTEST_PAUSE {
                        complain(&error.to_string());
                    }
                    sleep(pause).await;
                    pause = LONGEST_PAUSE.min(pause * 2);
                }
                AcceptErrorKind::Fatal => return Err(error),
            },
        }
    }
}

async fn serve_one(answer: impl Future<Output = io::Result<()>>, peer: SocketAddr) {
    let Err(error) = answer.await else { return };
    // A peer that is gone is everyday life and not worth a line.
    if !matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) {
        complain(&format!("{peer}: {error}"));
    }
}

/// Says it on standard error. When that is closed nobody wants to hear it.
fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "{message}");
}
