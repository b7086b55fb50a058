//! Peers that are programs: OpenSSL's own client and server, driven by their standard streams.

use std::env;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use crate::pki::{Credentials, pem, pki};
use crate::place::Place;

/// A program that runs for longer is killed. Less than what a test may take.
const STALLED: Duration = Duration::from_secs(50);

/// A running program. Dropping it kills the process and waits for its end.
#[derive(Debug)]
pub(crate) struct Program {
    child: Arc<Mutex<Child>>,
    stdin: Option<ChildStdin>,
    printed: Arc<Printed>,
    /// Its end tells the watchdog that all is well.
    _watched: Sender<()>,
}

/// What it has printed on each stream, and how many of the two are open. They are kept apart: a line of the one may be cut by the other.
#[derive(Debug, Default)]
struct Printed {
    state: Mutex<([Vec<u8>; 2], usize)>,
    changed: Condvar,
}

impl Program {
    pub(crate) fn start(command: &mut Command) -> Program {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let printed = Arc::new(Printed { state: Mutex::new((Default::default(), 2)), ..Printed::default() });
        let stdin = child.stdin.take();
        collect(child.stdout.take().expect("a pipe"), printed.clone(), 0);
        collect(child.stderr.take().expect("a pipe"), printed.clone(), 1);
        let child = Arc::new(Mutex::new(child));
        let watched = watch(child.clone());
        Program { child, stdin, printed, _watched: watched }
    }

    /// Waits until the program has printed `text`, and gives all that it has printed so far.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> impl Future<Output = String> + use<> {
        let (printed, text) = (self.printed.clone(), text.to_owned());
        let waiting = fend::spawn_blocking(move || printed.wait(|all| all.contains(&text), &text));
        async { waiting.await.expect("what the program says") }
    }

    /// Waits until `text` was printed `count` times.
    pub(crate) async fn says_times(&self, text: &str, count: usize) -> String {
        let (printed, text) = (self.printed.clone(), text.to_owned());
        let waiting = move || printed.wait(|all| all.matches(&text).count() >= count, &text);
        fend::spawn_blocking(waiting).await.expect("what the program says")
    }

    /// Waits until the line that begins with `start` is complete.
    async fn says_line(&self, start: &str) -> String {
        let (printed, start) = (self.printed.clone(), start.to_owned());
        let whole = move |all: &str| {
            all.split_inclusive('\n').any(|line| line.starts_with(&start) && line.ends_with('\n'))
        };
        fend::spawn_blocking(move || printed.wait(whole, "a whole line"))
            .await
            .expect("what the program says")
    }

    /// All that it has printed so far.
    pub(crate) fn printed(&self) -> String {
        text_of(&self.printed.state.lock().unwrap().0)
    }

    /// Waits until the program has closed both of its output streams, and gives all that it has printed.
    pub(crate) async fn finish(&mut self) -> String {
        let printed = self.printed.clone();
        fend::spawn_blocking(move || printed.wait_for_end()).await.expect("what the program says")
    }

    /// The exit code, once it has ended.
    pub(crate) async fn code(&mut self) -> Option<i32> {
        self.finish().await;
        let child = self.child.clone();
        // Its streams are closed, so this does not take long.
        fend::spawn_blocking(move || child.lock().unwrap().wait())
            .await
            .expect("no panic")
            .expect("ended")
            .code()
    }

    /// Writes on its standard input. For less than a pipe holds.
    pub(crate) fn type_in(&mut self, text: &str) {
        let stdin = self.stdin.as_mut().expect("it is open");
        stdin.write_all(text.as_bytes()).and_then(|()| stdin.flush()).expect("the program reads");
    }

    pub(crate) fn close_stdin(&mut self) {
        self.stdin = None;
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.child.lock().unwrap().try_wait().expect("its status").is_some()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap();
        // Does nothing when it was waited for.
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Printed {
    fn wait(&self, is_there: impl Fn(&str) -> bool, wanted: &str) -> String {
        let mut state = self.state.lock().unwrap();
        loop {
            let text = text_of(&state.0);
            if is_there(&text) {
                return text;
            }
            assert_ne!(state.1, 0, "the program has ended without {wanted:?}:\n{text}");
            state = self.changed.wait(state).unwrap();
        }
    }

    fn wait_for_end(&self) -> String {
        let state = self.changed.wait_while(self.state.lock().unwrap(), |state| state.1 > 0).unwrap();
        text_of(&state.0)
    }
}

/// The one stream, and the other behind it.
fn text_of(printed: &[Vec<u8>; 2]) -> String {
    String::from_utf8_lossy(&printed.concat()).into_owned()
}

fn collect(mut stream: impl Read + Send + 'static, printed: Arc<Printed>, which: usize) {
    thread::spawn(move || {
        let mut buf = vec![0; 64 << 10];
        loop {
            let n = stream.read(&mut buf).expect("the program's output");
            let mut state = printed.state.lock().unwrap();
            state.0[which].extend_from_slice(&buf[..n]);
            if n == 0 {
                state.1 -= 1;
            }
            printed.changed.notify_all();
            if n == 0 {
                return;
            }
        }
    });
}

/// Kills the program when its time is over: whoever waits for its output then sees it end, and fails.
fn watch(child: Arc<Mutex<Child>>) -> Sender<()> {
    let (watched, end) = mpsc::channel();
    thread::spawn(move || {
        if end.recv_timeout(STALLED) == Err(RecvTimeoutError::Timeout) {
            let _ = child.lock().unwrap().kill();
        }
    });
    watched
}

/// `openssl s_server`, and where it listens.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) program: Program,
    pub(crate) address: SocketAddr,
    _place: Place,
}

/// Starts `openssl s_server`. It prints what it receives, and sends what it is told on its standard input.
pub(crate) async fn s_server(credentials: &Credentials, arguments: &[&str]) -> Server {
    let place = Place::new();
    let (chain, key) = credentials.files(&place, "server");
    let root = place.write("root.pem", pki().root_pem());
    let mut command = Command::new("openssl");
    command.args(["s_server", "-accept", "127.0.0.1:0", "-cert", &chain, "-key", &key]);
    command.args(["-CAfile", &root]).args(arguments).current_dir(place.path());
    if !credentials.chain.is_empty() {
        command.args(["-cert_chain", &place.write("intermediates.pem", pem(&credentials.chain))]);
    }
    let program = Program::start(&mut command);
    let printed = program.says_line("ACCEPT 127.0.0.1:").await;
    let address = printed.lines().find_map(|line| line.strip_prefix("ACCEPT ")).expect("a line");
    Server { address: address.parse().expect("an address"), program, _place: place }
}

/// `openssl s_client`, which knows the root, and the place of its files.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) program: Program,
    pub(crate) place: Place,
}

/// Starts `openssl s_client`. It sends what it is told on its standard input.
pub(crate) fn s_client(address: SocketAddr, place: Place, arguments: &[&str]) -> Client {
    let root = place.write("root.pem", pki().root_pem());
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", &address.to_string(), "-CAfile", &root]);
    command.args(["-verify_return_error", "-servername", "localhost", "-verify_hostname", "localhost"]);
    command.args(arguments).current_dir(place.path());
    Client { program: Program::start(&mut command), place }
}

pub(crate) fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|directory| directory.join(program).is_file())
}
