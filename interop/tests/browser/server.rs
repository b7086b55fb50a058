//! The example as a child process.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::OnceLock;

use fend::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use fend::runtime::Dispatcher;
use fend::signal::Signal;
use futures_lite::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use crate::place::profile;

/// A running server. Dropping it kills the process.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    log: BufReader<ChildStderr>,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// On any free port.
    pub(crate) async fn start(dispatcher: Dispatcher, arguments: &[&str]) -> io::Result<Server> {
        Server::start_on("127.0.0.1:0", dispatcher, arguments).await
    }

    pub(crate) async fn start_on(
        address: &str,
        dispatcher: Dispatcher,
        arguments: &[&str],
    ) -> io::Result<Server> {
        let mut command = Command::new(example());
        command.args(["--addr", address, "--dispatcher", &dispatcher.to_string()]).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let log = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut line = String::new();
        stdout.read_line(&mut line).await?;
        let address =
            line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("it printed {line:?}"));
        let address = address.parse().expect("an address");
        Ok(Server { child, stdout, log, address })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Asks it to end, as service managers do.
    pub(crate) fn terminate(&self) -> io::Result<()> {
        self.child.signal(Signal::TERM)
    }

    /// Waits for its end: the status, and what it has printed since its address.
    pub(crate) async fn finish(&mut self) -> io::Result<(ExitStatus, String)> {
        let mut printed = String::new();
        self.stdout.read_to_string(&mut printed).await?;
        Ok((self.child.wait().await?, printed))
    }

    /// Reads the log until there is a line that ends so.
    pub(crate) async fn logs(&mut self, end: &str) -> io::Result<()> {
        let mut line = String::new();
        while !line.trim_end().ends_with(end) {
            line.clear();
            assert_ne!(self.log.read_line(&mut line).await?, 0, "the log ends without {end:?}");
        }
        Ok(())
    }
}

/// Where cargo has put it. `cargo test --workspace` builds it; what was asked for less, this builds.
fn example() -> &'static PathBuf {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let path = profile().join("examples/websocket_chat");
        if !path.exists() {
            build();
        }
        path
    })
}

fn build() {
    let profile = profile();
    let mut command = std::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "-p", "fend", "--features", "hyper", "--example", "websocket_chat"]);
    command.arg("--target-dir").arg(profile.parent().expect("target"));
    if profile.ends_with("release") {
        command.arg("--release");
    }
    let status = command.current_dir(env!("CARGO_MANIFEST_DIR")).status().expect("cargo");
    assert!(status.success(), "{command:?}: {status}");
}
