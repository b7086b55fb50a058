//! How a server hands its sockets to the next one, over a Unix socket.
//!
//! ```text
//!  new                                   old
//!   | connect ------------------------->  |  (both run as the same user)
//!   | <------- "sockets", and two of them |  the TCP socket and the control socket: neither is ever closed
//!   | serves                              |  both accept now: a connection is given to one of them
//!   | "ready" ------------------------->  |
//!   |                                     |  accepts nothing more, finishes what it has begun, ends
//! ```
//!
//! If the new one fails before it is ready, the old one goes on as if nothing had happened.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use fend::net::{TcpListener, UnixListener, UnixStream};
use fend::task::CancellationToken;
use fend::time::timeout;

const SOCKETS: &[u8] = b"sockets";
const READY: &[u8] = b"ready";

/// How long the other one may take for its part. It has nothing to wait for.
const PATIENCE: Duration = Duration::from_secs(10);

/// The sockets of a server.
pub(crate) struct Sockets {
    pub(crate) listener: TcpListener,
    pub(crate) control: UnixListener,
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

/// Asks the server behind `path` for its sockets. `None`: there is none.
pub(crate) async fn take_over(path: &Path) -> io::Result<Option<(Sockets, Predecessor)>> {
    let stream = match UnixStream::connect(path).await {
        Ok(stream) => stream,
        Err(error) if is_nobody(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut word = [0; SOCKETS.len()];
    let (len, fds) = timeout(PATIENCE, stream.recv_with_fds(&mut word, 2)).await??;
    let (SOCKETS, Ok([listener, control])) = (&word[..len], <[OwnedFd; 2]>::try_from(fds)) else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{path:?} is no server's control socket"),
        ));
    };
    let sockets =
        Sockets { listener: TcpListener::try_from(listener)?, control: UnixListener::try_from(control)? };
    Ok(Some((sockets, Predecessor { stream })))
}

/// No file, or one that a server has left behind.
fn is_nobody(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

impl Predecessor {
    /// Tells it that it may go.
    pub(crate) async fn ready(self) -> io::Result<()> {
        self.stream.send_all(READY).await
    }
}

impl Sockets {
    /// Waits for a new server that takes over and is ready, or for `quit`. One that has asked for the sockets comes before `quit`: it
    /// has them, and will serve. `complain` is told of those that fail.
    pub(crate) async fn until_the_end(
        &self,
        quit: &CancellationToken,
        complain: impl Fn(&io::Error),
    ) -> io::Result<End> {
        while let Some(accepted) = quit.run_until_cancelled(self.control.accept()).await {
            match timeout(PATIENCE, self.hand_over_to(&accepted?.0)).await {
                Ok(Ok(())) => return Ok(End::HandedOver),
                Ok(Err(error)) => complain(&error),
                Err(elapsed) => complain(&elapsed.into()),
            }
        }
        Ok(End::Quit)
    }

    async fn hand_over_to(&self, stream: &UnixStream) -> io::Result<()> {
        if stream.peer_cred()?.uid != own_user()? {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "another user asked for the sockets",
            ));
        }
        // So few bytes are sent whole or not at all.
        stream.send_with_fds(SOCKETS, &[self.listener.as_fd(), self.control.as_fd()]).await?;
        let mut word = [0; READY.len()];
        stream.recv_exact(&mut word).await?;
        if word == READY { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
    }
}

fn own_user() -> io::Result<u32> {
    fs::metadata("/proc/self").map(|process| process.uid())
}
