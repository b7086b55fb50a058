//! [`UnixSeqpacketListener`]: a socket that takes connections which keep the borders of records.

use std::fmt;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use fend_reactor::io::{AsyncFd, Readiness};
use socket2::Socket;

use super::addr::from_kernel;
use super::{IntoUnixAddr, SocketAddr, UnixSeqpacket, UnixSocket};
use crate::accept::BACKLOG;
use crate::accept::methods::accept_methods;
use crate::socket::Registered;

/// A Unix seqpacket socket that takes connections: [`UnixListener`](super::UnixListener) for [`UnixSeqpacket`].
///
/// Cloning is cheap: all clones share one socket, which is closed when the last one is dropped.
///
/// # Examples
///
/// ```
/// use fend::net::{UnixSeqpacket, UnixSeqpacketListener};
///
/// # let path = std::env::temp_dir().join(format!("fend-doc-seqpacket-{}", std::process::id()));
/// fend::block_on(async {
///     let listener = UnixSeqpacketListener::bind(&path).await?;
///     let client = UnixSeqpacket::connect(&path).await?;
///     let (server, _peer) = listener.accept().await?;
///
///     client.send(b"one").await?;
///     client.send(b"two").await?;
///     let mut buf = [0; 16];
///     assert_eq!(server.recv(&mut buf).await?, 3);
///     assert_eq!(&buf[..3], b"one");
///     std::io::Result::Ok(())
/// })?;
/// # std::fs::remove_file(&path)?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone)]
pub struct UnixSeqpacketListener {
    fd: Registered,
}

impl UnixSeqpacketListener {
    /// Listens on a path or an abstract name, as [`UnixListener::bind`](super::UnixListener::bind) does. The backlog is 1024
    /// connections.
    ///
    /// # Errors
    ///
    /// What socket(2), bind(2) and listen(2) say, with operation and address in the message.
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a path that cannot be one: see [`IntoUnixAddr`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it never waits.
    pub async fn bind(addr: impl IntoUnixAddr) -> io::Result<UnixSeqpacketListener> {
        let socket = UnixSocket::new_seqpacket()?;
        socket.bind(addr)?;
        socket.listen_seqpacket(BACKLOG as u32)
    }

    /// [`bind`](Self::bind), in place of the file of a dead socket if there is one: see
    /// [`UnixListener::bind_replacing`](super::UnixListener::bind_replacing).
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind); [`AddrInUse`](io::ErrorKind::AddrInUse) when a socket is alive there, or the file is none.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it never waits.
    pub async fn bind_replacing(addr: impl IntoUnixAddr) -> io::Result<UnixSeqpacketListener> {
        let socket = UnixSocket::new_seqpacket()?;
        socket.bind_replacing(addr)?;
        socket.listen_seqpacket(BACKLOG as u32)
    }

    /// A listener of a socket that is non-blocking and listens already.
    pub(super) fn of(socket: Socket) -> UnixSeqpacketListener {
        // The first accept waits for an event, as that of `UnixListener`.
        UnixSeqpacketListener { fd: Arc::new(AsyncFd::with_assumed(socket, Readiness::NONE)) }
    }

    accept_methods!(
        UnixSeqpacketListener,
        UnixSeqpacket,
        SocketAddr,
        "It is unnamed for nearly every client. Who the peer is tells [`UnixSeqpacket::peer_cred`]."
    );

    /// The address it listens on.
    ///
    /// # Errors
    ///
    /// What getsockname(2) says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        from_kernel(&self.socket().local_addr()?)
    }

    super::credentials::receive_credentials_methods!("Connections that are accepted start with it.");

    pub(super) fn from_registered(fd: Registered) -> UnixSeqpacketListener {
        UnixSeqpacketListener { fd }
    }

    pub(super) fn into_registered(self) -> Registered {
        self.fd
    }

    pub(crate) fn registered(&self) -> &Registered {
        &self.fd
    }

    pub(crate) fn socket(&self) -> &Socket {
        self.fd.get_ref()
    }
}

/// Also the number of the fd, for comparison with `strace` and `ss -p`.
impl fmt::Debug for UnixSeqpacketListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("UnixSeqpacketListener");
        if let Ok(address) = self.local_addr() {
            out.field("addr", &address);
        }
        out.field("fd", &self.socket().as_raw_fd()).finish()
    }
}
