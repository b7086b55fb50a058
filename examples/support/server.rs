//! What the servers here share: their options, and how they serve.

use std::future::Future;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use fend::net::{DrainReport, Listener, ListenerHandle, TcpStream};

use crate::arguments::{Arguments, Stop, complain};
use crate::runtime::{RUNTIME_HELP, RuntimeOptions};
use crate::termination::Termination;

/// How long open connections have, once the server was told to end.
const DRAIN: Duration = Duration::from_secs(10);

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

    /// Listens, prints the address on a line of its own, and gives each connection to a task that runs `answer`: see [`serve_all`].
    pub(crate) fn serve<F>(self, answer: fn(TcpStream) -> F) -> io::Result<()>
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        self.runtime.build()?.block_on(async { serve_all(listen(self.addr).await?, answer).await })
    }
}

/// What listens, and hears when it is to end.
pub(crate) struct Listening {
    listener: Listener,
    termination: Termination,
}

/// Listens, and prints the address on a line of its own. From then on somebody may want the end.
pub(crate) async fn listen(addr: SocketAddr) -> io::Result<Listening> {
    let listener = Listener::bind(addr).await?.on_error(|failure| {
        // Once for each lack, and not with every try.
        if failure.begins_back_off() {
            complain(failure.error());
        }
    });
    let termination = Termination::new()?;
    writeln!(io::stdout(), "listening on {}", listener.local_addr()?)?;
    Ok(Listening { listener, termination })
}

/// Gives each connection to a task that runs `answer`, until the listener is of no more use, or SIGTERM or ^C comes: then the connections
/// have 10 s to come to their end. A second signal ends the process at once.
pub(crate) async fn serve_all<F>(
    listening: Listening,
    answer: impl Fn(TcpStream) -> F + Send + Sync + 'static,
) -> io::Result<()>
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    until_told(listening, move |stream, peer| serve_one(answer(stream), peer)).await
}

/// The same with a `serve_one` that says itself what has failed.
pub(crate) async fn until_told<F>(
    listening: Listening,
    serve_one: impl Fn(TcpStream, SocketAddr) -> F + Send + Sync + 'static,
) -> io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    serve_by(listening, |listener| listener.serve(serve_one)).await
}

/// The same with whatever serves all connections of a listener until that is drained.
pub(crate) async fn serve_by<F>(
    Listening { listener, termination }: Listening,
    serve: impl FnOnce(Listener) -> F,
) -> io::Result<()>
where
    F: Future<Output = io::Result<DrainReport>>,
{
    let drained = fend::spawn(drain_when_told(listener.handle(), termination));
    serve(listener).await?;
    drained.await?
}

async fn drain_when_told(listener: ListenerHandle, termination: Termination) -> io::Result<()> {
    let told = termination.told().await?;
    let report = listener.drain(DRAIN).await;
    let aborted = report.aborted + report.stuck as u64;
    writeln!(io::stdout(), "{told}: {} connections finished, {aborted} aborted", report.finished)
}

async fn serve_one(answer: impl Future<Output = io::Result<()>>, peer: SocketAddr) {
    let Err(error) = answer.await else { return };
    // A peer that is gone is everyday life and not worth a line.
    if !matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) {
        complain(format!("{peer}: {error}"));
    }
}
