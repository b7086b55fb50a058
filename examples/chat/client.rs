//! Joins a room: lines from here go there, and what comes is printed.

use std::cell::Cell;
use std::env;
use std::future::{Future, pending};
use std::io::{self, BufRead, Write};
use std::thread;

use fend::net::{TcpStream, UnixStream};
use futures::channel::mpsc::{Receiver, channel};
use futures::{SinkExt, StreamExt};
use futures_lite::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use crate::address::Address;
use crate::lines::{Line, Lines};

/// A line of the server holds a user's name and his line, in which each byte may have become three.
const MAX_LINE: usize = 4096;

/// Returns when the input has ended and the server has closed the connection. That it has closed it earlier is an error.
pub(crate) async fn join(addr: Address, name: Option<String>) -> io::Result<()> {
    let name = name.or_else(|| env::var("USER").ok()).unwrap_or_else(|| "somebody".to_owned());
    match (&addr, addr.unix()?) {
        (_, Some(address)) => converse(UnixStream::connect(address).await?, &name).await,
        (Address::Tcp(address), None) => converse(TcpStream::connect(address).await?, &name).await,
        (_, None) => unreachable!("an address is of TCP or of a Unix socket"),
    }
}

async fn converse<S>(stream: S, name: &str) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Clone + Unpin,
{
    let mut writer = stream.clone();
    let said_all = Cell::new(false);
    let speak = async {
        let mut typed = typed_lines();
        writer.write_all(format!("{name}\n").as_bytes()).await?;
        while let Some(line) = typed.next().await {
            writer.write_all(format!("{line}\n").as_bytes()).await?;
        }
        // The rest of what the others say is still printed.
        writer.close().await?;
        said_all.set(true);
        Ok(())
    };
    let listen = async {
        let mut lines = Lines::of(stream.clone(), MAX_LINE);
        while let Some(line) = lines.next().await? {
            match line {
                Line::Text(line) => writeln!(io::stdout(), "{line}")?,
                Line::TooLong => writeln!(io::stdout(), "* line too long")?,
            }
        }
        Ok(())
    };
    match both(speak, listen).await {
        Ok(()) if said_all.get() => Ok(()),
        // Whoever reads our output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) if error.kind() != io::ErrorKind::ConnectionReset => Err(error),
        _ => Err(io::Error::other("the server has gone")),
    }
}

/// Both, but no longer than `listen` takes: the end of the server's lines is the end, and a line that could not be sent shows there too.
async fn both(
    speak: impl Future<Output = io::Result<()>>,
    listen: impl Future<Output = io::Result<()>>,
) -> io::Result<()> {
    let speak = async {
        let _ = speak.await;
        pending().await
    };
    futures_lite::future::or(listen, speak).await
}

/// The lines of the standard input, read on a thread of its own: a file or a terminal makes no promise not to block.
fn typed_lines() -> Receiver<String> {
    let (mut sender, lines) = channel(0);
    thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if fend::block_on(sender.send(line)).is_err() {
                return;
            }
        }
    });
    lines
}
