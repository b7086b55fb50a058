//! [`UnixListener`]: a socket that takes connections.

use std::fmt;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use fend_reactor::io::{AsyncFd, Readiness};
use socket2::{Socket, Type};

use super::addr::{failed, from_kernel, given};
use super::socket::open;
use super::{IntoUnixAddr, SocketAddr, UnixStream};
use crate::accept::BACKLOG;
use crate::accept::methods::accept_methods;
use crate::socket::Registered;

/// A Unix stream socket that takes connections.
///
/// Cloning is cheap: all clones share one socket, which is closed when the last one is dropped. Several tasks may
/// accept at once; each connection goes to one of them.
///
/// # Examples
///
/// ```
/// use fend::net::{UnixListener, UnixStream};
///
/// # let directory = std::env::temp_dir().join(format!("fend-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&directory)?;
/// # let path = directory.join("listener.sock");
/// fend::block_on(async {
///     let listener = UnixListener::bind(&path).await?;
///     let client = UnixStream::connect(&path).await?;
///     let (server, _peer) = listener.accept().await?;
///     assert_eq!(server.peer_cred()?.pid, std::process::id() as i32);
///
///     server.send_all(b"hello").await?;
///     let mut buf = [0; 5];
///     client.recv_exact(&mut buf).await?;
///     assert_eq!(&buf, b"hello");
///     std::io::Result::Ok(())
/// })?;
/// # std::fs::remove_dir_all(&directory)?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone)]
pub struct UnixListener {
    fd: Registered,
}

impl UnixListener {
    /// Listens on a path or an abstract name. The backlog is 1024 connections.
    ///
    /// A path must not exist: the socket's file is made here, with the permissions that the process's umask leaves, and who may write
    /// to it may connect. **The file stays** when the listener is dropped, and then the next `bind` fails with
    /// [`AddrInUse`](io::ErrorKind::AddrInUse). Remove it when the program ends, or before it binds, or use
    /// [`bind_replacing`](Self::bind_replacing). An abstract name leaves nothing behind, but has no permissions: whoever is in the same
    /// network namespace may connect.
    ///
    /// An unnamed address lets the kernel choose an abstract name, to be had from [`local_addr`](Self::local_addr).
    ///
    /// # Errors
    ///
    /// What socket(2), bind(2) and listen(2) say, with operation and address in the message: "bind /run/x.sock: Address already
    /// in use (os error 98)". [`InvalidInput`](io::ErrorKind::InvalidInput) for a path that cannot be one: see [`IntoUnixAddr`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it never waits.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::os::linux::net::SocketAddrExt;
    ///
    /// use fend::net::unix::{SocketAddr, UnixListener};
    ///
    /// # fend::block_on(async {
    /// # let name = format!("fend-doc-{}", std::process::id());
    /// let listener = UnixListener::bind(SocketAddr::from_abstract_name(&name)?).await?;
    /// assert_eq!(listener.local_addr()?.as_abstract_name(), Some(name.as_bytes()));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn bind(addr: impl IntoUnixAddr) -> io::Result<UnixListener> {
        let (address, for_kernel) = given("bind", addr)?;
        let listen = || {
            let socket = open(Type::STREAM)?;
            socket.bind(&for_kernel)?;
            socket.listen(BACKLOG)?;
            Ok(UnixListener::of(socket))
        };
        listen().map_err(|error| failed("bind", &address, error))
    }

    /// [`bind`](Self::bind), and when the path is taken by the file of a socket that no process has open any more, in place of it.
    ///
    /// It tries to connect to find that out, so that a listener which is alive sees a connection that ends at once. A file that
    /// is no socket is never removed. Two programs that do this at the same moment can take the path away from each other: a service that may
    /// be started twice needs a lock beside it.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind); [`AddrInUse`](io::ErrorKind::AddrInUse) when a socket is alive there, or the file is none.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it never waits.
    pub async fn bind_replacing(addr: impl IntoUnixAddr) -> io::Result<UnixListener> {
        let socket = super::UnixSocket::new_stream()?;
        socket.bind_replacing(addr)?;
        socket.listen(BACKLOG as u32)
    }

    /// A listener of a socket that is non-blocking and listens already.
    pub(super) fn of(socket: Socket) -> UnixListener {
        // The first accept waits for an event: a fresh listener has nothing to give, and one try would be wasted.
        UnixListener { fd: Arc::new(AsyncFd::with_assumed(socket, Readiness::NONE)) }
    }

    accept_methods!(
        UnixListener,
        UnixStream,
        SocketAddr,
        "It is unnamed for nearly every client. Who the peer is tells [`UnixStream::peer_cred`]."
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

    pub(super) fn from_registered(fd: Registered) -> UnixListener {
        UnixListener { fd }
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

/// What failed, with the listener's address.
/// Also the number of the fd, for comparison with `strace` and `ss -p`.
impl fmt::Debug for UnixListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("UnixListener");
        if let Ok(address) = self.local_addr() {
            out.field("addr", &address);
        }
        out.field("fd", &self.socket().as_raw_fd()).finish()
    }
}
