//! [`UnixSocket`]: a socket before it is connected, listens or is bound.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net;
use std::panic::{RefUnwindSafe, UnwindSafe};

use socket2::{Domain, Socket, Type};

use super::addr::{failed, from_kernel, given};
use super::connect;
use super::replace;
use super::{
    IntoUnixAddr, SocketAddr, UnixDatagram, UnixListener, UnixSeqpacket, UnixSeqpacketListener, UnixStream,
};
use crate::error::{Place, SocketError};
use crate::socket::{Family, adopt, checked_backlog, must_not_be_connected};

/// A Unix socket that is not connected and does not listen yet, so that options can be set and a name can be given to it first.
///
/// There is one of each and no clone: what it becomes takes its place.
///
/// # Examples
///
/// A client with a name of its own:
///
/// ```
/// use std::os::linux::net::SocketAddrExt;
///
/// use fend::net::unix::{SocketAddr, UnixListener, UnixSocket};
///
/// # fend::block_on(async {
/// # let id = std::process::id();
/// let server = SocketAddr::from_abstract_name(format!("fend-doc-server-{id}"))?;
/// let client = SocketAddr::from_abstract_name(format!("fend-doc-client-{id}"))?;
/// let listener = UnixListener::bind(&server).await?;
///
/// let socket = UnixSocket::new_stream()?;
/// socket.bind(&client)?;
/// let _stream = socket.connect(&server).await?;
///
/// let (_, peer) = listener.accept().await?;
/// assert_eq!(peer.as_abstract_name(), client.as_abstract_name());
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub struct UnixSocket {
    socket: Socket,
}

/// A new Unix socket, non-blocking and close-on-exec from birth.
pub(super) fn open(kind: Type) -> io::Result<Socket> {
    Socket::new(Domain::UNIX, kind.nonblocking(), None)
}

impl UnixSocket {
    /// The connections that [`UnixListener::bind`] lets the kernel keep ready for `accept`.
    pub const DEFAULT_BACKLOG: u32 = crate::accept::BACKLOG as u32;

    /// For [`UnixStream`] and [`UnixListener`].
    ///
    /// # Errors
    ///
    /// What socket(2) says.
    pub fn new_stream() -> io::Result<UnixSocket> {
        UnixSocket::new(Type::STREAM)
    }

    /// For [`UnixDatagram`].
    ///
    /// # Errors
    ///
    /// What socket(2) says.
    pub fn new_datagram() -> io::Result<UnixSocket> {
        UnixSocket::new(Type::DGRAM)
    }

    /// For [`UnixSeqpacket`] and [`UnixSeqpacketListener`].
    ///
    /// # Errors
    ///
    /// What socket(2) says.
    pub fn new_seqpacket() -> io::Result<UnixSocket> {
        UnixSocket::new(Type::SEQPACKET)
    }

    fn new(kind: Type) -> io::Result<UnixSocket> {
        match open(kind) {
            Ok(socket) => Ok(UnixSocket { socket }),
            Err(error) => Err(SocketError::wrap("socket", Place::Unknown, error)),
        }
    }

    /// Binds the socket to a path or an abstract name. See [`UnixListener::bind`] for what a path means.
    ///
    /// # Errors
    ///
    /// What bind(2) says, with the address; [`InvalidInput`](io::ErrorKind::InvalidInput) for a path that cannot be one.
    pub fn bind(&self, addr: impl IntoUnixAddr) -> io::Result<()> {
        let (address, for_kernel) = given("bind", addr)?;
        self.socket.bind(&for_kernel).map_err(|error| failed("bind", &address, error))
    }

    /// [`bind`](Self::bind), and when the path is taken by the file of a socket that no process has open any more, in place of it. See
    /// [`UnixListener::bind_replacing`].
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind); [`AddrInUse`](io::ErrorKind::AddrInUse) when a socket is alive there, or the file is none.
    pub fn bind_replacing(&self, addr: impl IntoUnixAddr) -> io::Result<()> {
        let (address, for_kernel) = given("bind", addr)?;
        replace::bind_replacing(&self.socket, address.as_pathname(), &for_kernel)
            .map_err(|error| failed("bind", &address, error))
    }

    /// Listens. The kernel keeps up to `backlog` + 1 connections ready for `accept`, and lowers the number to `net.core.somaxconn`.
    /// [`DEFAULT_BACKLOG`](Self::DEFAULT_BACKLOG) is a good number.
    ///
    /// # Errors
    ///
    /// What listen(2) says, with the address; [`InvalidInput`](io::ErrorKind::InvalidInput) when it is no stream socket, and for a
    /// backlog above 2^31 - 1.
    pub fn listen(self, backlog: u32) -> io::Result<UnixListener> {
        self.listening("listen", Type::STREAM, backlog).map(UnixListener::of)
    }

    /// [`listen`](Self::listen), for a seqpacket socket.
    ///
    /// # Errors
    ///
    /// As [`listen`](Self::listen); [`InvalidInput`](io::ErrorKind::InvalidInput) when it is no seqpacket socket.
    pub fn listen_seqpacket(self, backlog: u32) -> io::Result<UnixSeqpacketListener> {
        self.listening("listen", Type::SEQPACKET, backlog).map(UnixSeqpacketListener::of)
    }

    fn listening(self, operation: &'static str, kind: Type, backlog: u32) -> io::Result<Socket> {
        self.expect(operation, kind)?;
        match checked_backlog(backlog).and_then(|backlog| self.socket.listen(backlog)) {
            Ok(()) => Ok(self.socket),
            Err(error) => Err(match self.local_addr() {
                Ok(address) => failed(operation, &address, error),
                Err(_) => SocketError::wrap(operation, Place::Unknown, error),
            }),
        }
    }

    /// Connects. See [`UnixStream::connect`].
    ///
    /// # Errors
    ///
    /// What connect(2) says, with the address; [`InvalidInput`](io::ErrorKind::InvalidInput) for a path that cannot be one, and when it
    /// is no stream socket.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future closes the socket at once, and no connection is made.
    pub async fn connect(self, addr: impl IntoUnixAddr) -> io::Result<UnixStream> {
        self.connecting(Type::STREAM, addr).await.map(UnixStream::of)
    }

    /// [`connect`](Self::connect), for a seqpacket socket.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect); [`InvalidInput`](io::ErrorKind::InvalidInput) when it is no seqpacket socket.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future closes the socket at once, and no connection is made.
    pub async fn connect_seqpacket(self, addr: impl IntoUnixAddr) -> io::Result<UnixSeqpacket> {
        self.connecting(Type::SEQPACKET, addr).await.map(UnixSeqpacket::of)
    }

    async fn connecting(self, kind: Type, addr: impl IntoUnixAddr) -> io::Result<Socket> {
        let (address, for_kernel) = given("connect", addr)?;
        self.expect("connect", kind)?;
        match connect::connect(&self.socket, &for_kernel).await {
            Ok(()) => Ok(self.socket),
            Err(error) => Err(failed("connect", &address, error)),
        }
    }

    /// The datagram socket, ready for use.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) when it is no datagram socket.
    pub fn datagram(self) -> io::Result<UnixDatagram> {
        self.expect("datagram", Type::DGRAM)?;
        Ok(UnixDatagram::of(self.socket))
    }

    fn expect(&self, operation: &'static str, kind: Type) -> io::Result<()> {
        let is = self.socket.r#type().map_err(|error| SocketError::wrap(operation, Place::Unknown, error))?;
        if is == kind {
            return Ok(());
        }
        let message = format!("{operation}: this is {}, not {}", name(is), name(kind));
        Err(io::Error::new(io::ErrorKind::InvalidInput, message))
    }

    /// The address it is bound to; unnamed before.
    ///
    /// # Errors
    ///
    /// What getsockname(2) says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        from_kernel(&self.socket.local_addr()?)
    }

    super::credentials::receive_credentials_methods!(
        "A socket without a name gets an abstract one from the kernel when it then connects."
    );

    pub(crate) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// A socket of somebody else's, checked and non-blocking.
    fn adopt(socket: Socket) -> io::Result<UnixSocket> {
        let socket = adopt(socket, Family::Unix, None, false)?;
        let connected = match socket.r#type()? {
            Type::STREAM => "UnixStream",
            Type::DGRAM => "UnixDatagram",
            _ => "UnixSeqpacket",
        };
        must_not_be_connected(&socket, connected)?;
        Ok(UnixSocket { socket })
    }
}

fn name(kind: Type) -> &'static str {
    match kind {
        Type::STREAM => "a stream socket",
        Type::DGRAM => "a datagram socket",
        _ => "a seqpacket socket",
    }
}

/// Also the number of the fd, for comparison with `strace` and `ss -p`.
impl fmt::Debug for UnixSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("UnixSocket");
        if let Ok(address) = self.local_addr() {
            out.field("addr", &address);
        }
        out.field("fd", &self.socket().as_raw_fd()).finish()
    }
}

impl AsFd for UnixSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for UnixSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

/// The fd stays non-blocking.
impl From<UnixSocket> for OwnedFd {
    fn from(socket: UnixSocket) -> OwnedFd {
        socket.socket.into()
    }
}

/// Checks that the fd is a Unix socket that neither listens nor is connected, and makes it non-blocking.
impl TryFrom<OwnedFd> for UnixSocket {
    type Error = io::Error;

    fn try_from(fd: OwnedFd) -> io::Result<UnixSocket> {
        UnixSocket::adopt(Socket::from(fd))
    }
}

/// For a socket that other code has made and not yet connected, in the only type that std has for it. Makes it
/// non-blocking.
impl TryFrom<net::UnixStream> for UnixSocket {
    type Error = io::Error;

    fn try_from(stream: net::UnixStream) -> io::Result<UnixSocket> {
        UnixSocket::try_from(OwnedFd::from(stream))
    }
}

/// Checks that the socket is not connected, and makes it non-blocking.
impl TryFrom<net::UnixDatagram> for UnixSocket {
    type Error = io::Error;

    fn try_from(socket: net::UnixDatagram) -> io::Result<UnixSocket> {
        UnixSocket::try_from(OwnedFd::from(socket))
    }
}

// As the others: see `tcp/unwind.rs`.
impl UnwindSafe for UnixSocket {}
impl RefUnwindSafe for UnixSocket {}
