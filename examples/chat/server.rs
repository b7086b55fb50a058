//! Takes connections, and makes users of them.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use fend::net::{AcceptErrorKind, TcpListener, UnixListener};
use fend::time::sleep;
use futures::channel::mpsc::Receiver;
use futures_lite::future::or;
use futures_lite::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use futures_lite::{Stream, StreamExt};

use crate::address::Address;
use crate::arguments::complain;
use crate::lines::{Line, Lines};
use crate::room::Room;

/// How many bytes of a line are passed on; what has more is none.
const MAX_LINE: usize = 1000;

/// How long a user who has left may take for what was said before.
const LINGER: Duration = Duration::from_secs(5);

/// Returns only with an error.
pub(crate) async fn serve(addr: Address, history: usize) -> io::Result<()> {
    let room = Room::new(history);
    match (&addr, addr.unix()?) {
        (Address::Tcp(address), _) => {
            let listener = TcpListener::bind(address).await?;
            tell(&Address::Tcp(listener.local_addr()?))?;
            accept_all(listener.into_incoming(), room).await
        }
        (_, Some(address)) => {
            let listener = UnixListener::bind_replacing(address).await?;
            tell(&addr)?;
            accept_all(listener.into_incoming(), room).await
        }
        (_, None) => unreachable!("an address is of TCP or of a Unix socket"),
    }
}

fn tell(address: &Address) -> io::Result<()> {
    writeln!(io::stdout(), "listening on {address}")
}

async fn accept_all<S>(mut incoming: impl Stream<Item = io::Result<S>> + Unpin, room: Room) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Clone + Unpin + Send + 'static,
{
    loop {
        match incoming.next().await.expect("incoming never ends") {
            Ok(stream) => drop(fend::spawn(user(stream, room.clone()))),
            Err(error) => match AcceptErrorKind::of(&error) {
                AcceptErrorKind::Retry => {}
                AcceptErrorKind::BackOff => sleep(Duration::from_millis(100)).await,
                AcceptErrorKind::Fatal => return Err(error),
            },
        }
    }
}

/// One connection, from its first line, which is the user's name, to its end.
async fn user<S>(stream: S, room: Room)
where
    S: AsyncRead + AsyncWrite + Clone + Unpin,
{
    // A connection that breaks is a user who leaves.
    let _ = converse(stream.clone(), room).await;
    let _ = { stream }.close().await;
}

async fn converse<S>(mut stream: S, room: Room) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Clone + Unpin,
{
    stream.write_all(b"* your name?\n").await?;
    let mut lines = Lines::of(stream.clone(), MAX_LINE);
    let (seat, heard) = loop {
        let joined = match lines.next().await? {
            None => return Ok(()),
            Some(Line::Text(name)) => room.join(&name),
            Some(Line::TooLong) => Err("line too long".to_owned()),
        };
        match joined {
            Ok(joined) => break joined,
            Err(why) => stream.write_all(format!("* {why}; your name?\n").as_bytes()).await?,
        }
    };
    let out = seat.out.clone();
    let speak = async move {
        loop {
            match lines.next().await? {
                Some(Line::Text(line)) if line.is_empty() => {}
                Some(Line::Text(line)) => seat.say(&line),
                Some(Line::TooLong) => {
                    seat.tell("* line too long");
                    complain(format!("{}: a line of more than {MAX_LINE} bytes is dropped", seat.name()));
                }
                None => break,
            }
        }
        // That ends the lines for the user, too: whatever waits for him is passed on, and then there is nothing more.
        drop(seat);
        sleep(LINGER).await;
        Ok(())
    };
    let put_out = async {
        out.cancelled().await;
        Ok(())
    };
    or(put_out, or(speak, pass_on(heard, &mut stream))).await
}

async fn pass_on(mut heard: Receiver<Arc<str>>, stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    while let Some(line) = heard.next().await {
        stream.write_all(format!("{line}\n").as_bytes()).await?;
    }
    Ok(())
}
