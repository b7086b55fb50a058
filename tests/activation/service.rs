//! The service: this binary, started again with one test, under a manager of several kinds.

use std::env;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use fend::net::activation::{Activator, ListenFds};

use crate::shape::Shape;

/// As in `alone.rs`, which starts no program through a manager.
const ALONE: &str = "FEND_TEST_ALONE";

/// This binary's path and arguments as the service of `shape`.
fn words(shape: Shape) -> [String; 4] {
    let program = env::current_exe().expect("this program").into_os_string().into_string().expect("text");
    [program, "--exact".to_owned(), shape.harness_name().to_owned(), "--nocapture".to_owned()]
}

/// The service, to be started by the [`Activator`].
pub(crate) fn activator(shape: Shape) -> Activator {
    let [program, arguments @ ..] = words(shape);
    Activator::new(program)
        .args(arguments)
        .env(ALONE, shape.harness_name())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
}

/// The service, to be started by a shell that runs `prelude` in front of it: it may set variables and move descriptors.
pub(crate) fn by_shell(shape: Shape, prelude: &str, redirections: &str) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{prelude} exec \"$0\" \"$@\" {redirections}")).args(words(shape));
    command.env(ALONE, shape.harness_name()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The service, to be started by `manager`, whose options come first.
pub(crate) fn by_manager(shape: Shape, manager: &str, options: &[String]) -> Command {
    let mut command = Command::new(manager);
    command.args(options).arg(format!("--setenv={ALONE}={}", shape.harness_name())).args(words(shape));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Waits for the end of the service, whose test must have passed.
pub(crate) fn finish(child: Child) {
    let Output { status, stdout, stderr } = child.wait_with_output().expect("its end");
    let (printed, complaints) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success() && printed.contains("1 passed"), "{status}\n{printed}\n{complaints}");
}

/// A listener on a free port.
pub(crate) fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    (listener, address)
}

/// Asks the service for the name of the socket at `address`. It may be about to start: the kernel takes the connection.
pub(crate) fn ask_name(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).expect("the socket listens");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
    let mut name = String::new();
    stream.read_to_string(&mut name).expect("the service answers");
    name
}

/// What the service does: it tells a client at each socket the name of it, once. Gives the names in order.
pub(crate) fn tell_names(shape: Shape) -> Vec<String> {
    let passed = ListenFds::take().expect("what was passed");
    let names: Vec<String> = passed.names().map(str::to_owned).collect();
    assert_eq!(passed.len(), names.len());
    assert!(ListenFds::take().expect("an answer").is_empty(), "each is taken once");
    shape
        .block_on(async {
            for fd in passed {
                let name = fd.name().to_owned();
                assert!(is_close_on_exec(&fd));
                let listener: fend::net::TcpListener = fd.convert()?;
                let (client, _) = listener.accept().await?;
                client.send_all(name.as_bytes()).await?;
            }
            io::Result::Ok(())
        })
        .expect("the sockets");
    io::stdout().flush().expect("standard output");
    names
}

/// As the kernel shows it among the descriptor's flags, in octal.
fn is_close_on_exec(fd: &impl AsFd) -> bool {
    let info =
        fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.as_fd().as_raw_fd())).expect("proc is mounted");
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).expect("flags").trim();
    i32::from_str_radix(flags, 8).expect("octal") & libc::O_CLOEXEC != 0
}
