//! An example as a child process: found, started, watched, and ended by its own id.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, DirEntry};
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::forks::{self, FORKS};

/// Far more than any program here takes on a slow machine: only a stall reaches it.
const STALLED: Duration = Duration::from_secs(60);

/// The names of the dispatchers, as the programs take them.
pub(crate) const DISPATCHERS: [&str; 2] = ["epoll", "poll"];

/// A shell has what it runs in the background ignore SIGINT: the tests, and then whatever they start. These programs are to hear it.
#[expect(unsafe_code, reason = "only between fork and exec can a child's dispositions be set")]
fn hear_interrupts(command: &mut Command) {
    let hear = || {
        // SAFETY: no pointers; signal(2) may be called in a child of a program with threads (signal-safety(7)).
        unsafe { libc::signal(libc::SIGINT, libc::SIG_DFL) };
        Ok(())
    };
    // SAFETY: `hear` makes this one call.
    unsafe { command.pre_exec(hear) };
}

/// An address at which nobody listens. On a loopback address of its own, so that no other test's port is taken from here. This does not
/// listen either, not for a moment: a child that another test has just started may keep the socket for longer.
pub(crate) fn unused_address() -> SocketAddr {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let address = SocketAddr::from((Ipv4Addr::new(127, 66, 0, 1), 0));
    socket.bind(&address.into()).expect("a port");
    socket.local_addr().ok().and_then(|address| address.as_socket()).expect("an IP address")
}

/// A running program. Dropping it kills the process, with those that it has started, and waits for its end.
pub(crate) struct Program {
    group: Arc<Mutex<Group>>,
    stdin: Option<ChildStdin>,
    stdout: BufReader<Box<dyn Read + Send>>,
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
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        hear_interrupts(command);
        let mut child = forks::spawn(command).unwrap_or_else(|error| panic!("{command:?}: {error}"));
        // It may have been seen to end.
        let ended = child.try_wait().expect("its status").is_some();
        let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
        let stdout: Box<dyn Read + Send> = Box::new(child.stdout.take().expect("a pipe"));
        let stdout = BufReader::new(stdout);
        let group = Arc::new(Mutex::new(Group { leader: child, ended }));
        let watched = watch(group.clone());
        Program { group, stdin, stdout, stderr, _watched: watched }
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

    /// What it has printed, once there is something. Fails when it has ended.
    pub(crate) fn output_so_far(&mut self) -> String {
        let bytes = self.stdout.fill_buf().expect("the program's output");
        assert!(!bytes.is_empty(), "it has ended");
        let (text, length) = (String::from_utf8_lossy(bytes).into_owned(), bytes.len());
        self.stdout.consume(length);
        text
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
        let (mut text, mut errors) = (String::new(), String::new());
        let stderr = self.stderr.take();
        // Both at once: a pipe that nobody empties stops the program.
        thread::scope(|scope| {
            scope.spawn(|| {
                if let Some(mut stderr) = stderr {
                    stderr.read_to_string(&mut errors).expect("the program's errors");
                }
            });
            self.stdout.read_to_string(&mut text).expect("the program's output");
        });
        (self.ends_unread(), text + &errors)
    }

    /// Waits for the end, and reads nothing.
    pub(crate) fn ends_unread(&mut self) -> ExitStatus {
        loop {
            // The lock is for the watchdog to have in between.
            if let Some(status) = self.group.lock().unwrap().try_wait() {
                return status;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Whether its end can be seen already.
    pub(crate) fn has_ended(&self) -> bool {
        self.group.lock().unwrap().try_wait().is_some()
    }

    /// The id of the process.
    pub(crate) fn id(&self) -> u32 {
        self.group.lock().unwrap().leader.id()
    }

    /// Kills the process alone, and not those that it has started.
    pub(crate) fn kill(&self) {
        self.signal(libc::SIGKILL);
    }

    /// Stops every thread of the process until it is [resumed](Program::resume).
    pub(crate) fn stop(&self) {
        self.signal(libc::SIGSTOP);
        let tasks = format!("/proc/{}/task", self.id());
        // Of a thread that has ended meanwhile there is nothing to read: the next look does not find it.
        let is_stopped = |task: std::io::Result<DirEntry>| {
            let stat = fs::read_to_string(task.expect("a thread").path().join("stat")).unwrap_or_default();
            stat.rsplit_once(')').is_some_and(|(_, state)| state.starts_with(" T "))
        };
        while !fs::read_dir(&tasks).expect("its threads").all(is_stopped) {
            thread::yield_now();
        }
    }

    pub(crate) fn resume(&self) {
        self.signal(libc::SIGCONT);
    }

    /// Asks the process to end, as service managers do.
    pub(crate) fn terminate(&self) {
        self.signal(libc::SIGTERM);
    }

    /// Sends a signal to the process alone.
    #[expect(unsafe_code, reason = "std sends no signals but SIGKILL")]
    pub(crate) fn signal(&self, number: i32) {
        let group = self.group.lock().unwrap();
        assert!(!group.ended, "it has ended");
        // SAFETY: there are no pointers. The process was not waited for, so that the id is its own.
        let result = unsafe { libc::kill(group.id(), number) };
        assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
    }

    /// Closes the reading end of its standard output: it cannot print any more. Nor does a child of another test have that end.
    pub(crate) fn close_stdout(&mut self) {
        let _no_children = FORKS.read().unwrap_or_else(PoisonError::into_inner);
        self.stdout = BufReader::new(Box::new(std::io::empty()));
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let mut group = self.group.lock().unwrap();
        group.kill();
        let _ = group.leader.wait();
    }
}

/// The process, and those that it has started: they hold its output open when it is gone.
struct Group {
    leader: Child,
    /// The leader's end was seen: its id, which is that of the group, may be another one's.
    ended: bool,
}

impl Group {
    fn try_wait(&mut self) -> Option<ExitStatus> {
        let status = self.leader.try_wait().expect("its status");
        self.ended |= status.is_some();
        status
    }

    #[expect(unsafe_code, reason = "std kills no groups")]
    fn kill(&mut self) {
        if self.ended {
            return;
        }
        // SAFETY: there are no pointers. The leader was not waited for, so that the id is its own.
        unsafe { libc::killpg(self.id(), libc::SIGKILL) };
    }

    fn id(&self) -> libc::pid_t {
        libc::pid_t::try_from(self.leader.id()).expect("an id")
    }
}

/// Kills what is still there when the time is over: whoever waits for its output then sees it end, and fails.
fn watch(group: Arc<Mutex<Group>>) -> Sender<()> {
    let (watched, end) = mpsc::channel();
    thread::spawn(move || {
        if end.recv_timeout(STALLED) == Err(RecvTimeoutError::Timeout) {
            group.lock().unwrap().kill();
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

/// A command in a terminal of its own, by script(1): what is typed there, its standard input. `None` when that is not installed. The shell
/// that script starts must be gone: one that waits for its command, as dash does, dies of ^C itself, and script tells its status.
pub(crate) fn in_a_terminal(command: &str) -> Option<(Program, ChildStdin)> {
    if !is_installed("script") {
        eprintln!("skipped: script is not installed");
        return None;
    }
    let command = format!("exec {command}");
    let arguments = ["-qefc", &command, "/dev/null"];
    let mut script = Program::of(Command::new("script").args(arguments).env("SHELL", "/bin/sh"));
    let keyboard = script.stdin();
    Some((script, keyboard))
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

/// Where it has to be installed it is.
pub(crate) fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).any(|directory| directory.join(program).is_file());
    assert!(found || env::var_os("CI").is_none(), "{program} is not installed");
    found
}

#[test]
fn a_program_ends_with_those_that_it_has_started() {
    let mut program = Program::of(Command::new("sh").args(["-c", "sleep 1000 & echo started; wait"]));
    assert_eq!(program.line(), "started");
    let mut stderr = program.stderr();
    drop(program);
    let start = Instant::now();
    assert_eq!(stderr.read_to_string(&mut String::new()).expect("its end"), 0);
    assert!(start.elapsed() < STALLED);
}

#[test]
fn a_program_may_print_much_on_either_stream() {
    let script = "head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero; echo done >&2";
    let (status, output) = Program::of(Command::new("sh").args(["-c", script])).finish();
    assert!(status.success() && output.len() == 600_005 && output.ends_with("done\n"), "{}", output.len());
}
