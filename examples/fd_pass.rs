//! Hands an open file or a listening socket from one process to another, over a Unix socket.
//!
//! `cargo run --example fd_pass -- receive /tmp/pass.sock`, and in another terminal
//! `cargo run --example fd_pass -- send /tmp/pass.sock /etc/hostname`. What the receiver has got then works without a path, a permission or
//! a port of its own.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::process::{self, ExitCode};

use fend::net::{TcpListener, UnixSeqpacket, UnixSeqpacketListener};

#[path = "support/arguments.rs"]
mod arguments;

use arguments::{Arguments, Stop};

const HELP: &str = "\
usage: fd_pass receive SOCKET [--count N]
       fd_pass send SOCKET FILE...
       fd_pass send SOCKET --listen ADDRESS

receive: listens on the Unix socket SOCKET, takes N descriptors (default 1), and prints what they are: of a file how it begins. On a
         listening socket it accepts one connection, and greets it.
send: opens each FILE for reading, or listens on the TCP ADDRESS, and hands the descriptors to the receiver. It waits until each of
      them is taken, and fails when the receiver takes no more.

A FILE or SOCKET that begins with - is written ./-

environment: FEND_WORKER_THREADS, FEND_DISPATCHER (epoll or poll)
";

enum Command {
    Receive { socket: PathBuf, count: usize },
    Send { socket: PathBuf, files: Vec<PathBuf>, listen: Option<SocketAddr> },
}

fn main() -> ExitCode {
    arguments::main("fd_pass", HELP, read, run)
}

fn run(command: Command) -> Result<(), Box<dyn Error>> {
    fend::block_on(async {
        match command {
            Command::Receive { socket, count } => receive(socket, count).await,
            Command::Send { socket, files, listen } => send(socket, files, listen).await,
        }
    })
}

fn read(arguments: &mut Arguments) -> Result<Command, Stop> {
    let mut command = match arguments.next()?.as_deref() {
        Some("receive") => Command::Receive { socket: socket("receive", arguments)?, count: 1 },
        Some("send") => Command::Send { socket: socket("send", arguments)?, files: Vec::new(), listen: None },
        Some(_) => return Err(arguments.unknown()),
        None => return Err(Stop::mistake("receive or send is missing")),
    };
    while let Some(word) = arguments.next()? {
        match (&mut command, word.as_str()) {
            (Command::Receive { count, .. }, "--count") => *count = arguments.number(1..)?,
            (Command::Send { listen, .. }, "--listen") => *listen = Some(arguments.value()?),
            (Command::Send { files, .. }, file) if !file.starts_with('-') => files.push(file.into()),
            _ => return Err(arguments.unknown()),
        }
    }
    match &command {
        Command::Send { files, listen: None, .. } if files.is_empty() => {
            Err(Stop::mistake("send needs FILE or --listen ADDRESS"))
        }
        _ => Ok(command),
    }
}

/// The word behind the command.
fn socket(command: &str, arguments: &mut Arguments) -> Result<PathBuf, Stop> {
    match arguments.next()? {
        Some(word) if !word.starts_with('-') => Ok(word.into()),
        _ => Err(Stop::mistake(format!("{command} needs SOCKET"))),
    }
}

/// What the receiver says to each descriptor.
const TAKEN: &[u8] = b"taken";

/// Each descriptor goes with a record that says what it is.
async fn send(
    socket: PathBuf,
    files: Vec<PathBuf>,
    listen: Option<SocketAddr>,
) -> Result<(), Box<dyn Error>> {
    let receiver = UnixSeqpacket::connect(&socket).await?;
    for path in files {
        let opened = path.clone();
        let file = fend::spawn_blocking(|| File::open(opened)).await?;
        let file = file.map_err(|error| format!("open {}: {error}", path.display()))?;
        hand_over(&receiver, &format!("file {}", path.display()), file).await?;
    }
    if let Some(address) = listen {
        let listener = TcpListener::bind(address).await?;
        let what = format!("listener on {}", listener.local_addr()?);
        hand_over(&receiver, &what, listener).await?;
    }
    Ok(())
}

/// The receiver's copy stays open when ours is closed. The kernel would keep a descriptor for a receiver who never asks for it, so that
/// only an answer tells that it has been taken.
async fn hand_over(receiver: &UnixSeqpacket, what: &str, fd: impl AsFd) -> Result<(), Box<dyn Error>> {
    let mut answer = [0; TAKEN.len()];
    let exchange = async {
        receiver.send_with_fds(what.as_bytes(), &[fd]).await?;
        receiver.recv(&mut answer).await
    };
    match exchange.await {
        Ok(len) if len > 0 && answer[..len] == *TAKEN => Ok(writeln!(io::stdout(), "sent {what}")?),
        Err(error) if !is_gone(&error) => Err(error.into()),
        _ => Err(format!("the receiver has not taken {what}, and takes no more").into()),
    }
}

/// Whether it is the other side's end that made a call fail.
fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

async fn receive(socket: PathBuf, count: usize) -> Result<(), Box<dyn Error>> {
    let listener = UnixSeqpacketListener::bind_replacing(&socket).await?;
    writeln!(io::stdout(), "listening on {}", socket.display())?;
    let mut received = 0;
    while received < count {
        let (sender, _) = listener.accept().await?;
        let peer = sender.peer_cred()?;
        let mut what = [0; 4096];
        while received < count {
            let (len, mut fds) = sender.recv_with_fds(&mut what, 1).await?;
            let Some(fd) = fds.pop() else { break };
            received += 1;
            // Who sent it may be gone by now; what was sent is here.
            let _ = sender.send(TAKEN).await;
            let what = String::from_utf8_lossy(&what[..len]).into_owned();
            writeln!(io::stdout(), "received {what:?} from process {} of user {}", peer.pid, peer.uid)?;
            show(fd).await?;
        }
    }
    drop(listener);
    fs::remove_file(&socket)?;
    Ok(())
}

/// What a descriptor is, by its own account and not by the sender's.
async fn show(fd: OwnedFd) -> Result<(), Box<dyn Error>> {
    let number = fd.as_raw_fd();
    let target = fs::read_link(format!("/proc/self/fd/{number}"))?;
    writeln!(io::stdout(), "  here it is descriptor {number}, {}", target.display())?;
    if target.starts_with("/") {
        return show_beginning(File::from(fd)).await;
    }
    // Refused unless it is a TCP socket that listens.
    let listener = TcpListener::try_from(fd)?;
    writeln!(io::stdout(), "  accepting on {}", listener.local_addr()?)?;
    let (stream, peer) = listener.accept().await?;
    stream.send_all(format!("hello from process {}\n", process::id()).as_bytes()).await?;
    writeln!(io::stdout(), "  greeted {peer}")?;
    Ok(())
}

async fn show_beginning(file: File) -> Result<(), Box<dyn Error>> {
    let read = move || {
        let mut text = Vec::new();
        file.take(100).read_to_end(&mut text).map(|_| text)
    };
    let text = fend::spawn_blocking(read).await??;
    writeln!(io::stdout(), "  it begins with {:?}", String::from_utf8_lossy(&text))?;
    Ok(())
}
