//! Giving an fd out of the runtime again.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use socket2::Socket;

use crate::socket::Registered;

/// A socket that could not be taken out of the runtime, together with the reason.
///
/// The usual reason is that clones of it, or the other half of a split stream, are still alive
/// ([`ErrorKind::ResourceBusy`](io::ErrorKind::ResourceBusy)). The socket works as before.
pub struct ReleaseError<T> {
    socket: T,
    error: io::Error,
}

impl<T> ReleaseError<T> {
    /// The socket, unharmed.
    pub fn into_inner(self) -> T {
        self.socket
    }

    /// Why it could not be taken out.
    pub fn error(&self) -> &io::Error {
        &self.error
    }
}

impl<T> fmt::Debug for ReleaseError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReleaseError").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for ReleaseError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<T> Error for ReleaseError<T> {}

impl<T> From<ReleaseError<T>> for io::Error {
    fn from(error: ReleaseError<T>) -> io::Error {
        error.error
    }
}

/// The bare socket, deregistered, when `fd` is the last to hold it. `as_it_was` puts the shared fd back into its
/// owner for the error.
pub(crate) fn release<T>(
    fd: Registered,
    as_it_was: impl FnOnce(Registered) -> T,
) -> Result<Socket, ReleaseError<T>> {
    match Arc::try_unwrap(fd) {
        Ok(fd) => Ok(fd.into_inner()),
        Err(fd) => {
            let error = io::Error::new(io::ErrorKind::ResourceBusy, "the socket has other clones or halves");
            Err(ReleaseError { socket: as_it_was(fd), error })
        }
    }
}

/// [`release`], and blocking again, as the types of std are.
pub(crate) fn release_blocking<T>(
    fd: Registered,
    as_it_was: impl FnOnce(Registered) -> T,
) -> Result<Socket, ReleaseError<T>> {
    let socket = release(fd, as_it_was)?;
    // On a socket that is open this cannot fail: the kernel refuses no change of O_NONBLOCK.
    let _ = socket.set_nonblocking(false);
    Ok(socket)
}
