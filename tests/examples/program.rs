//! An example as a child process: found, started, watched, and ended by its own id.

use std::env;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Far more than any program here takes on a slow machine: only a stall reaches it.
const STALLED: Duration = Duration::from_secs(60);

/// The names of the dispatchers, as the programs take them.
pub(crate) const DISPATCHERS: [&str; 2] = ["epoll", "poll"];

/// A running program. Dropping it kills the process and waits for its end.
pub(crate) struct Program {
    child: Arc<Mutex<Child>>,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    stderr: Option<ChildStderr>,
    /// Its end tells the watchdog that all is well.
    _watched: Sender<()>,
}

impl Program {
    /// Starts an example with its standard streams in pipes.
    pub(crate) fn start(name: &str, arguments: &[&str]) -> Program {
        Program::of(Command::new(example(name)).args(arguments))
    }

    pub(crate) fn of(command: &mut Command) -> Program {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let child = Arc::new(Mutex::new(child));
        let watched = watch(child.clone());
        Program { child, stdin, stdout, stderr, _watched: watched }
    }

    /// The address that a server prints first.
    pub(crate) fn address(&mut self) -> SocketAddr {
        let line = self.line();
        let address = line.strip_prefix("listening on ").unwrap_or_else(|| panic!("printed {line:?}"));
        address.parse().unwrap_or_else(|error| panic!("{address:?}: {error}"))
    }

    /// The next line of the output, without its end. Empty when there is none.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("the program's output");
        line.trim_end().to_owned()
    }

    /// The writing end of its standard input; dropped, the program reads the end of it.
    pub(crate) fn stdin(&mut self) -> ChildStdin {
        self.stdin.take().expect("taken once")
    }

    /// The reading end of its standard error.
    pub(crate) fn stderr(&mut self) -> BufReader<ChildStderr> {
        BufReader::new(self.stderr.take().expect("taken once"))
    }

    /// Waits for the end: the status, and what it printed since the last [`line`](Program::line) on either stream.
    pub(crate) fn finish(&mut self) -> (ExitStatus, String) {
        let mut text = String::new();
        self.stdout.read_to_string(&mut text).expect("the program's output");
        if let Some(mut stderr) = self.stderr.take() {
            stderr.read_to_string(&mut text).expect("the program's errors");
        }
        loop {
            // The lock is for the watchdog to have in between.
            if let Some(status) = self.child.lock().unwrap().try_wait().expect("its status") {
                return (status, text);
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Kills a child that is still there when the time is over: whoever waits for its output then sees it end, and fails.
fn watch(child: Arc<Mutex<Child>>) -> Sender<()> {
    let (watched, end) = mpsc::channel();
    thread::spawn(move || {
        if end.recv_timeout(STALLED) == Err(RecvTimeoutError::Timeout) {
            let _ = child.lock().unwrap().kill();
        }
    });
    watched
}

/// Runs an example to its end with nothing on its standard input.
pub(crate) fn run(name: &str, arguments: &[&str], variables: &[(&str, &str)]) -> (ExitStatus, String) {
    let mut program =
        Program::of(Command::new(example(name)).args(arguments).envs(variables.iter().copied()));
    drop(program.stdin());
    program.finish()
}

/// Runs an example that refuses its command line, and gives what it says on standard error.
#[track_caller]
pub(crate) fn refused(name: &str, arguments: &[&str]) -> String {
    let mut program = Program::start(name, arguments);
    let mut said = String::new();
    program.stderr().read_to_string(&mut said).expect("the program's errors");
    let (status, output) = program.finish();
    assert_eq!((status.code(), output.as_str()), (Some(2), ""), "{arguments:?}: {said}");
    said
}

/// Runs a client to its end and gives its output; `None` when it is not installed.
pub(crate) fn run_client(client: &str, arguments: &[&str], input: &[u8]) -> Option<(ExitStatus, String)> {
    if !is_installed(client) {
        eprintln!("skipped: {client} is not installed");
        return None;
    }
    let mut program = Program::of(Command::new(client).args(arguments));
    std::io::Write::write_all(&mut program.stdin(), input).expect("the client's input");
    Some(program.finish())
}

/// A client of std, that would rather fail than wait for ever.
pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(STALLED)).expect("a timeout");
    stream.set_write_timeout(Some(STALLED)).expect("a timeout");
    stream.set_nodelay(true).expect("nodelay");
    stream
}

/// Where cargo has put an example. `cargo test` builds them all; what it was asked for less, this builds.
pub(crate) fn example(name: &str) -> PathBuf {
    let test = env::current_exe().expect("the path of this test");
    let profile = test.parent().and_then(Path::parent).expect("target/debug/deps");
    let path = profile.join("examples").join(name);
    if !path.exists() {
        build(profile);
    }
    path
}

fn build(profile: &Path) {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--examples"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    command.arg("--target-dir").arg(profile.parent().expect("target"));
    if profile.file_name() == Some(OsStr::new("release")) {
        command.arg("--release");
    }
    let status = command.status().expect("cargo");
    assert!(status.success(), "{command:?}: {status}");
}

fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|directory| directory.join(program).is_file())
}
