//! The server: takes over or begins, serves, hands over or quits, drains.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use fend::io::stdin;
use fend::net::{Listener, TcpListener, UnixListener};
use fend::task::CancellationToken;
use fend::time::sleep;
use futures_lite::io::{AsyncBufReadExt, BufReader};
use futures_lite::{StreamExt, future};

use crate::arguments::{Arguments, Stop, complain};
use crate::connection;
use crate::control_file::ControlFile;
use crate::handover::{End, Predecessor, Sockets, Verdict, own_user, take_over};
use crate::termination::Termination;

/// About as long in sum, an address may be in use.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

pub(crate) struct Options {
    addr: SocketAddr,
    control: PathBuf,
    drain: usize,
    handover: usize,
    quit_at_eof: bool,
}

impl Options {
    pub(crate) fn new() -> Options {
        Options {
            addr: SocketAddr::from(([127, 0, 0, 1], 7010)),
            control: "graceful.sock".into(),
            drain: 10,
            handover: 10,
            quit_at_eof: false,
        }
    }

    pub(crate) fn read(&mut self, name: &str, arguments: &mut Arguments) -> Result<(), Stop> {
        match name {
            "--addr" => self.addr = arguments.value()?,
            "--control" => self.control = arguments.value()?,
            "--drain" => self.drain = arguments.number(1..)?,
            "--handover" => self.handover = arguments.number(1..)?,
            "--quit-at-eof" => self.quit_at_eof = true,
            _ => return Err(arguments.unknown()),
        }
        Ok(())
    }

    fn handover(&self) -> Duration {
        Duration::from_secs(self.handover as u64)
    }
}

pub(crate) async fn run(options: Options) -> io::Result<()> {
    let (sockets, predecessor) = match take_over(&options.control, options.handover()).await? {
        Some((sockets, predecessor)) => (sockets, Some(predecessor)),
        None => (begin(&options).await?, None),
    };
    // Before anybody can know that it serves, and wants it to end.
    let quit = quit_when_told(options.quit_at_eof)?;
    // Before there is a connection: when nobody reads it, nothing is lost.
    say(&format!("listening on {}", sockets.listener.local_addr()?))?;
    let deadline = Duration::from_secs(options.drain as u64);
    let listener = Listener::new(sockets.listener.clone()).on_error(|failure| {
        if failure.begins_back_off() {
            complain(failure.error());
        }
    });
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

    // From here on an error waits until the connections have had their time.
    let end = until_the_end(&options, &sockets, predecessor, &quit).await;
    handle.stop();
    let left = leave(&end, sockets);
    let report = handle.drain(deadline).await;
    let served = serving.await.map_err(io::Error::from).and_then(|served| served.map(drop));
    let told = say(&format!(
        "drained: {} finished, {} aborted",
        report.finished,
        report.aborted + report.stuck as u64
    ));
    let mut errors = [end.map(drop), left, served, told].into_iter().filter_map(Result::err);
    let first = errors.next();
    errors.for_each(complain);
    first.map_or(Ok(()), Err)
}

/// Why no more is to be accepted.
enum Reason {
    HandedOver,
    Quit,
    /// Told to quit before the server before has decided: it may go on.
    Withdrawn,
    /// The server before goes on.
    Refused,
}

/// Waits for it. An error is a reason as well.
async fn until_the_end(
    options: &Options,
    sockets: &Sockets,
    predecessor: Option<Predecessor>,
    quit: &CancellationToken,
) -> io::Result<Reason> {
    if let Some(predecessor) = predecessor {
        let verdict = async { predecessor.ready().await.map(Some) };
        // It may be at it, and would have to go on if we went now.
        let enough = async {
            quit.cancelled().await;
            sleep(options.handover()).await;
            Ok(None)
        };
        match future::or(verdict, enough).await? {
            Some(Verdict::Yours) => {}
            // No reason to go as well.
            Some(Verdict::Gone) => complain("the server before has gone without a word"),
            Some(Verdict::Never) => return Ok(Reason::Refused),
            None => return Ok(Reason::Withdrawn),
        }
    }
    let failed = |error: &io::Error| complain(format!("the handover failed: {error}"));
    match sockets.until_the_end(quit, options.handover(), failed).await? {
        End::HandedOver => Ok(Reason::HandedOver),
        End::Quit => Ok(Reason::Quit),
    }
}

/// Lets go of the sockets, whatever the reason, and says so.
fn leave(end: &io::Result<Reason>, sockets: Sockets) -> io::Result<()> {
    let removed = match end {
        // There is nobody behind it any more.
        Ok(Reason::Quit) | Err(_) => sockets.file.remove(),
        Ok(_) => Ok(()),
    };
    drop(sockets);
    let said = match end {
        Ok(Reason::HandedOver) => say("handed over"),
        Ok(Reason::Quit | Reason::Withdrawn) => say("quitting"),
        Ok(Reason::Refused) => {
            Err(io::Error::other("the server before did not wait any longer, and goes on"))
        }
        Err(_) => Ok(()),
    };
    removed.and(said)
}

fn is_of_peer(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
}

/// The first server opens the sockets that all those after it will use.
async fn begin(options: &Options) -> io::Result<Sockets> {
    let listener = bind(options.addr).await?;
    let control = UnixListener::bind_replacing(&options.control).await?;
    Ok(Sockets { listener, control, file: ControlFile::at(&options.control)?, user: own_user()? })
}

/// A server that quits lets go of its control socket and its TCP socket one after the other: the address may be taken for a moment yet.
async fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
    let mut pause = Duration::from_millis(1);
    loop {
        match TcpListener::bind(addr).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && pause < LONGEST_PAUSE => {}
            bound => return bound,
        }
        sleep(pause).await;
        pause *= 2;
    }
}

/// Cancelled by SIGTERM and ^C, and when somebody types `quit`; a signal that comes then ends the process at once. The end of what is typed
/// means as much when `at_eof`, and else nothing: a service has none.
fn quit_when_told(at_eof: bool) -> io::Result<CancellationToken> {
    let token = CancellationToken::new();
    let (quit, signalled) = (token.clone(), Termination::new()?.told());
    fend::spawn(async move {
        future::or(async { drop(signalled.await) }, typed(at_eof)).await;
        quit.cancel();
    });
    Ok(token)
}

async fn typed(at_eof: bool) {
    if stdin().is_in_background() {
        // What is typed is for others, and the kernel would stop us for reading it (SIGTTIN).
        return future::pending().await;
    }
    let mut lines = BufReader::new(stdin()).split(b'\n');
    while let Some(Ok(line)) = lines.next().await {
        if line.trim_ascii() == b"quit" {
            return;
        }
    }
    if !at_eof {
        future::pending().await
    }
}

fn say(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}
