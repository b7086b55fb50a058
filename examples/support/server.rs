//! What the servers here share: their options, and how they serve.

use std::future::Future;
use std::io::{self, Write};
use std::net::SocketAddr;

use fend::net::{Listener, TcpStream};
use fend::runtime::{Builder, Dispatcher, Runtime};

use crate::arguments::{Arguments, Mistake};

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
    pub(crate) fn serve<F>(self, answer: fn(TcpStream) -> F) -> io::Result<()>
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        self.runtime.build()?.block_on(async {
            let listener = Listener::bind(self.addr).await?.on_error(|failure| {
                // Once for each lack, and not with every try.
                if failure.begins_back_off() {
                    complain(&failure.error().to_string());
                }
            });
            writeln!(io::stdout(), "listening on {}", listener.local_addr()?)?;
            listener.serve(move |stream, peer| serve_one(stream, peer, answer)).await.map(drop)
        })
    }
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

async fn serve_one<F>(stream: TcpStream, peer: SocketAddr, answer: fn(TcpStream) -> F)
where
    F: Future<Output = io::Result<()>>,
{
    let Err(error) = answer(stream).await else { return };
    // A peer that is gone is everyday life and not worth a line.
    if !matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) {
        complain(&format!("{peer}: {error}"));
    }
}

/// Says it on standard error. When that is closed nobody wants to hear it.
fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "{message}");
}
