//! What the servers here share: their options, and how they serve.

use std::future::Future;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};

use fend::net::{Listener, TcpStream};

use crate::arguments::{Arguments, Stop, complain};
use crate::runtime::{RUNTIME_HELP, RuntimeOptions};

/// The options that [`Options::read`] knows, for the help text.
pub(crate) fn help(port: u16) -> String {
    format!(
        "  --addr ADDRESS       the address to listen on (default {}; port 0: any free one)\n{RUNTIME_HELP}",
        at(port)
    )
}

/// The address of an example of which only the port is said.
pub(crate) fn at(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// Where a server listens, and the runtime it uses.
pub(crate) struct Options {
    pub(crate) addr: SocketAddr,
    pub(crate) runtime: RuntimeOptions,
}

impl Options {
    pub(crate) fn new(port: u16) -> Options {
        Options { addr: at(port), runtime: RuntimeOptions::default() }
    }

    /// Takes the value of the option `name` when it is one of [`help`].
    pub(crate) fn read(&mut self, name: &str, arguments: &mut Arguments) -> Result<(), Stop> {
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
        self.runtime.build()?.block_on(async { serve_all(listen(self.addr).await?, answer).await })
    }
}

/// Listens, and prints the address on a line of its own.
pub(crate) async fn listen(addr: SocketAddr) -> io::Result<Listener> {
    let listener = Listener::bind(addr).await?.on_error(|failure| {
        // Once for each lack, and not with every try.
        if failure.begins_back_off() {
            complain(failure.error());
        }
    });
    writeln!(io::stdout(), "listening on {}", listener.local_addr()?)?;
    Ok(listener)
}

/// Gives each connection to a task that runs `answer`. Returns only when the listener is of no more use.
pub(crate) async fn serve_all<F>(
    listener: Listener,
    answer: impl Fn(TcpStream) -> F + Send + Sync + 'static,
) -> io::Result<()>
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    listener.serve(move |stream, peer| serve_one(answer(stream), peer)).await.map(drop)
}

async fn serve_one(answer: impl Future<Output = io::Result<()>>, peer: SocketAddr) {
    let Err(error) = answer.await else { return };
    // A peer that is gone is everyday life and not worth a line.
    if !matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) {
        complain(format!("{peer}: {error}"));
    }
}
