//! The server: takes over or begins, serves, hands over or quits, drains.

use std::io::{self, BufRead, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use fend::net::{Listener, TcpListener, UnixListener};
use fend::task::CancellationToken;

use crate::arguments::{Arguments, Stop, complain};
use crate::connection;
use crate::handover::{End, Sockets, take_over};

pub(crate) struct Options {
    addr: SocketAddr,
    control: PathBuf,
    drain: usize,
}

impl Options {
    pub(crate) fn new() -> Options {
        Options { addr: SocketAddr::from(([127, 0, 0, 1], 7010)), control: "graceful.sock".into(), drain: 10 }
    }

    pub(crate) fn read(&mut self, name: &str, arguments: &mut Arguments) -> Result<(), Stop> {
        match name {
            "--addr" => self.addr = arguments.value()?,
            "--control" => self.control = arguments.value()?,
            "--drain" => self.drain = arguments.number(1..)?,
            _ => return Err(arguments.unknown()),
        }
        Ok(())
    }
}

pub(crate) async fn run(options: Options) -> io::Result<()> {
    let (sockets, predecessor) = match take_over(&options.control).await? {
        Some((sockets, predecessor)) => (sockets, Some(predecessor)),
        None => (begin(&options).await?, None),
    };
    let deadline = Duration::from_secs(options.drain as u64);
    let listener = Listener::new(sockets.listener.clone());
    let (handle, token) = (listener.handle(), listener.handle().token());
    let serving = fend::spawn(listener.serve(move |stream, peer| {
        let connection = connection::serve(stream, token.clone(), deadline / 2);
        async move {
            match connection.await {
                // A peer that is gone is everyday life and not worth a line.
                Err(error) if !is_of_peer(&error) => complain(format!("{peer}: {error}")),
                _ => {}
            }
        }
    }));
    say(&format!("listening on {}", sockets.listener.local_addr()?))?;
    if let Some(predecessor) = predecessor {
        // That it has gone meanwhile is no reason to go as well.
        predecessor.ready().await.unwrap_or_else(|error| complain(format!("the server before: {error}")));
    }

    let failed = |error: &io::Error| complain(format!("the handover failed: {error}"));
    let end = sockets.until_the_end(&quit_on_stdin(), failed).await?;
    handle.stop();
    // The successor has its own.
    drop(sockets);
    match end {
        End::HandedOver => say("handed over")?,
        End::Quit => {
            // There is nobody behind it any more.
            std::fs::remove_file(&options.control)?;
            say("quitting")?;
        }
    }
    let report = handle.drain(deadline).await;
    serving.await??;
    say(&format!("drained: {} finished, {} aborted", report.finished, report.aborted + report.stuck as u64))
}

fn is_of_peer(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
}

/// The first server opens the sockets that all those after it will use.
async fn begin(options: &Options) -> io::Result<Sockets> {
    let listener = TcpListener::bind(options.addr).await?;
    Ok(Sockets { listener, control: UnixListener::bind_replacing(&options.control).await? })
}

/// Cancelled when somebody types `quit`. Its end means nothing: a service has none.
fn quit_on_stdin() -> CancellationToken {
    let token = CancellationToken::new();
    let quit = token.clone();
    // A thread of its own: one of the blocking pool would keep the program from ending until there is another line.
    std::thread::spawn(move || {
        if io::stdin().lock().lines().any(|line| line.is_ok_and(|line| line.trim() == "quit")) {
            quit.cancel();
        }
    });
    token
}

fn say(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}
