//! How a server hands its sockets to the next one, over a Unix socket.
//!
//! ```text
//!  new                                   old
//!   | connect ------------------------->  |  (both run as the same user, and both look)
//!   | <------- "sockets", and two of them |  the TCP socket and the control socket: neither is ever closed
//!   | serves                              |  both accept now: a connection is given to one of them
//!   | "ready" ------------------------->  |
//!   | <-------------------------- "yours" |  accepts nothing more, finishes what it has begun, ends
//! ```
//!
//! If the new one fails before it is ready, the old one goes on as if nothing had happened. If it takes too long, the old one says
//! "never" in place of "yours" and goes on; the new one, which has the sockets already, then finishes what it has begun and ends. If the
//! old one dies, the new one has no answer at all, and stays. So one of them is left, whatever happens, and never both.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net;
use std::path::Path;
use std::time::Duration;

use fend::net::{Listener, TcpListener, UnixListener, UnixStream};
use fend::task::CancellationToken;
use fend::time::timeout;

use crate::control_file::ControlFile;

const SOCKETS: &[u8; 7] = b"sockets";
const READY: &[u8; 5] = b"ready";
const YOURS: &[u8; 5] = b"yours";
const NEVER: &[u8; 5] = b"never";

/// How many servers may go, one after the other, while they are asked for their sockets.
const TRIES: usize = 10;

/// The sockets of a server.
pub(crate) struct Sockets {
    pub(crate) listener: TcpListener,
    pub(crate) control: UnixListener,
    pub(crate) file: ControlFile,
    /// Whom they are given to. Asked before there are connections: it takes descriptors, and those may take them all.
    pub(crate) user: u32,
}

/// Why a server ends.
pub(crate) enum End {
    HandedOver,
    Quit,
}

/// The old server, while it waits for the new one to be ready.
pub(crate) struct Predecessor {
    stream: UnixStream,
}

/// What the old server does when the new one is ready.
pub(crate) enum Verdict {
    /// It goes.
    Yours,
    /// It has waited for too long, and goes on.
    Never,
    /// It has gone already, without a word.
    Gone,
}

/// Asks the server behind `path` for its sockets. `None`: there is none.
pub(crate) async fn take_over(path: &Path, patience: Duration) -> io::Result<Option<(Sockets, Predecessor)>> {
    let user = own_user()?;
    for _ in 0..TRIES {
        let (file, stream) = match find(path).await {
            Ok(found) => found,
            Err(error) if is_nobody(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        if stream.peer_cred()?.uid != user {
            return Err(denied(format!("{path:?} is another user's")));
        }
        let mut word = [0; SOCKETS.len()];
        let (len, fds) = match timeout(patience, stream.recv_with_fds(&mut word, 2)).await? {
            // It has gone before it came to us. There may be another one in its place, or nobody.
            Ok((0, _)) => continue,
            Err(error) if is_gone(&error) => continue,
            received => received?,
        };
        if &word[..len] == NEVER {
            return Err(denied(format!("the server at {path:?} does not give its sockets away")));
        }
        let (SOCKETS, Ok([listener, control])) = (&word, <[OwnedFd; 2]>::try_from(fds)) else {
            let text = String::from_utf8_lossy(&word[..len]);
            let text = format!("{path:?} is no server's control socket: it said {text:?}");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        };
        let (listener, control) = (TcpListener::try_from(listener)?, UnixListener::try_from(control)?);
        return Ok(Some((Sockets { listener, control, file, user }, Predecessor { stream })));
    }
    Err(io::Error::other(format!("{path:?}: whoever listens there hangs up")))
}

async fn find(path: &Path) -> io::Result<(ControlFile, UnixStream)> {
    Ok((ControlFile::at(path)?, UnixStream::connect(path).await?))
}

/// No file, or one that a server has left behind.
fn is_nobody(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

/// The other end was closed.
fn is_gone(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), ConnectionReset | UnexpectedEof | BrokenPipe)
}

fn denied(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, text)
}

impl Predecessor {
    /// Tells it that it may go. It has promised an answer, and the kernel tells when it dies: there is no time limit, because one
    /// that has been stopped for a while still has to decide.
    pub(crate) async fn ready(self) -> io::Result<Verdict> {
        // When it does not listen any more, its answer is there to be read.
        let _ = self.stream.send_all(READY).await;
        let mut word = [0; YOURS.len()];
        match (self.stream.recv_exact(&mut word).await, &word) {
            (Ok(()), YOURS) => Ok(Verdict::Yours),
            (Ok(()), NEVER) => Ok(Verdict::Never),
            (Ok(()), _) => Err(invalid(&word)),
            (Err(error), _) if is_gone(&error) => Ok(Verdict::Gone),
            (Err(error), _) => Err(error),
        }
    }
}

impl Sockets {
    /// Waits for a new server that takes over and is ready, or for `quit`. One that has asked for the sockets comes before `quit`, and
    /// is waited for. `complain` is told of those that fail, and of connections that cannot be taken for a while.
    ///
    /// # Errors
    ///
    /// When the control socket is of no more use.
    pub(crate) async fn until_the_end(
        &self,
        quit: &CancellationToken,
        patience: Duration,
        complain: fn(&io::Error),
    ) -> io::Result<End> {
        let control = Listener::new(self.control.clone()).on_error(move |failure| {
            if failure.begins_back_off() {
                complain(failure.error());
            }
        });
        loop {
            let asked = match quit.run_until_cancelled(control.accept()).await {
                Some(accepted) => accepted?.map(|(connection, _)| connection.into_parts().0),
                None => None,
            };
            let Some(stream) = asked.or_else(|| self.queued(complain)) else { return Ok(End::Quit) };
            match self.hand_over_to(&stream, patience).await {
                Ok(()) => return Ok(End::HandedOver),
                Err(error) => complain(&error),
            }
        }
    }

    /// One that has asked and was not heard yet. The kernel is asked itself, because the runtime may not know yet.
    fn queued(&self, complain: fn(&io::Error)) -> Option<UnixStream> {
        let accept = || {
            let control = net::UnixListener::from(self.control.as_fd().try_clone_to_owned()?);
            UnixStream::try_from(control.accept()?.0)
        };
        match accept() {
            Ok(stream) => Some(stream),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            Err(error) => {
                complain(&error);
                None
            }
        }
    }

    async fn hand_over_to(&self, stream: &UnixStream, patience: Duration) -> io::Result<()> {
        let failed = match timeout(patience, self.offer_to(stream)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error,
            Err(elapsed) => elapsed.into(),
        };
        // It may have the sockets, and must not go on with them. When it has gone it need not know.
        let _ = stream.send_all(NEVER).await;
        Err(failed)
    }

    /// `Ok` when it has been told that it is the server now.
    async fn offer_to(&self, stream: &UnixStream) -> io::Result<()> {
        if stream.peer_cred()?.uid != self.user {
            return Err(denied("another user asked for the sockets".to_owned()));
        }
        // So few bytes are sent whole or not at all, here and below.
        stream.send_with_fds(SOCKETS, &[self.listener.as_fd(), self.control.as_fd()]).await?;
        let mut word = [0; READY.len()];
        stream.recv_exact(&mut word).await?;
        if &word != READY {
            return Err(invalid(&word));
        }
        stream.send_all(YOURS).await
    }
}

fn invalid(word: &[u8]) -> io::Error {
    let text = format!("the other one said {:?}", String::from_utf8_lossy(word));
    io::Error::new(io::ErrorKind::InvalidData, text)
}

/// The user that the kernel shows to the other end of this process's sockets.
pub(crate) fn own_user() -> io::Result<u32> {
    let (one, _other) = UnixStream::pair()?;
    Ok(one.peer_cred()?.uid)
}
