//! The demonstration: a client asks while servers come and go.

use std::env;
use std::error::Error;
use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use fend::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use fend::task::CancellationToken;
use fend::time::{sleep, timeout};
use futures_lite::StreamExt;
use futures_lite::io::{AsyncBufReadExt, BufReader, Lines};

use crate::arguments::{Arguments, Stop};
use crate::client::{Latest, load};

/// How long each server has the clients to itself.
const TENURE: Duration = Duration::from_millis(100);

/// How often is looked whether it has answered somebody, and for how long.
const LOOK: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Options {
    restarts: usize,
    connections: usize,
}

impl Options {
    pub(crate) fn new() -> Options {
        Options { restarts: 20, connections: 16 }
    }

    pub(crate) fn read(&mut self, name: &str, arguments: &mut Arguments) -> Result<(), Stop> {
        match name {
            "--restarts" => self.restarts = arguments.number(1..)?,
            "--connections" => self.connections = arguments.number(1..)?,
            _ => return Err(arguments.unknown()),
        }
        Ok(())
    }
}

pub(crate) async fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let control = Control::new()?;
    let mut server = Server::start(&control.path).await?;
    let (addr, stop, latest) = (server.addr, CancellationToken::new(), Latest::default());
    let clients = fend::spawn({
        let (stop, latest) = (stop.clone(), latest.clone());
        async move { load(addr, options.connections, &stop, &latest).await }
    });

    let mut slowest = Duration::ZERO;
    for number in 1..=options.restarts {
        serves_for_a_while(&server, &latest).await?;
        let start = Instant::now();
        let next = Server::start(&control.path).await?;
        let (old, end) = (server.child.id(), server.end().await?);
        let took = start.elapsed();
        slowest = slowest.max(took);
        let new = next.child.id();
        writeln!(io::stdout(), "restart {number}: {old} -> {new} in {:.0?}; {end}", took)?;
        server = next;
    }
    serves_for_a_while(&server, &latest).await?;
    stop.cancel();
    let counts = clients.await?;
    let end = server.quit().await?;
    writeln!(
        io::stdout(),
        "the last one quits; {end}\n{} restarts, the slowest in {slowest:.0?}",
        options.restarts
    )?;
    counts.print()?;
    counts.check()?;
    if counts.servers.len() != options.restarts + 1 {
        return Err("not every server has answered".into());
    }
    Ok(())
}

/// On a busy machine that takes longer.
async fn serves_for_a_while(server: &Server, latest: &Latest) -> io::Result<()> {
    sleep(TENURE).await;
    let answers = async {
        while latest.load(Ordering::Relaxed) != server.child.id() {
            sleep(LOOK).await;
        }
    };
    Ok(timeout(PATIENCE, answers).await?)
}

/// The path of the control socket, in a directory of our own.
struct Control {
    directory: PathBuf,
    path: PathBuf,
}

impl Control {
    /// What is there already is somebody else's, and an error.
    fn new() -> io::Result<Control> {
        let directory = env::temp_dir().join(format!("fend-graceful-{}", process::id()));
        DirBuilder::new().mode(0o700).create(&directory).map_err(|error| {
            io::Error::new(error.kind(), format!("make the directory {directory:?}: {error}"))
        })?;
        let path = directory.join("control");
        Ok(Control { directory, path })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// A server in a process of its own. Dropping it kills it; should this process be killed, it quits because its standard input ends.
struct Server {
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    addr: SocketAddr,
}

impl Server {
    /// With the same arguments each time.
    async fn start(control: &Path) -> io::Result<Server> {
        let mut child = Command::new(env::current_exe()?)
            .args(["server", "--quit-at-eof", "--addr", "127.0.0.1:0", "--control"])
            .arg(control)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let (stdin, stdout) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        let mut lines = BufReader::new(stdout).lines();
        let line = lines.next().await.transpose()?.unwrap_or_default();
        let addr = line.strip_prefix("listening on ").and_then(|addr| addr.parse().ok());
        let addr = addr.ok_or_else(|| io::Error::other(format!("the server said {line:?}")))?;
        Ok(Server { child, stdin, lines, addr })
    }

    async fn quit(self) -> io::Result<String> {
        self.stdin.send_all(b"quit\n").await?;
        self.end().await
    }

    /// Waits for the end, and gives the last line.
    async fn end(mut self) -> io::Result<String> {
        let mut last = String::new();
        while let Some(line) = self.lines.next().await {
            last = line?;
        }
        let status = self.child.wait().await?;
        if status.success() {
            Ok(last)
        } else {
            Err(io::Error::other(format!("the server: {status}; {last}")))
        }
    }
}
