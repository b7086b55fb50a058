//! [`TcpSocket`]: a socket before it listens or connects.

use std::fmt;
use std::io;
use std::net::{self, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use socket2::{Domain, Protocol, Socket, Type};

use super::connect::connect_socket;
use super::{TcpListener, TcpStream};
use crate::addrs::IntoAddrs;
use crate::error::{Place, SocketError};
use crate::socket::{adopt_stream, checked_backlog, ip_address, must_not_be_connected};

/// A TCP socket that neither listens nor is connected yet: for options that have to be set before, and to choose the local
/// address of a connection.
///
/// [`listen`](Self::listen) makes it a [`TcpListener`], [`connect`](Self::connect) a [`TcpStream`]. Unlike
/// [`TcpListener::bind`], nothing is set that was not asked for: a server that is to be started again wants
/// [`set_reuse_address`](Self::set_reuse_address).
///
/// There is one of each and no clone: a socket listens or connects once, so both take the value, and give what it has become.
///
/// # Examples
///
/// ```
/// use fend::net::TcpSocket;
///
/// # fend::block_on(async {
/// let socket = TcpSocket::new_v4()?;
/// socket.set_reuse_address(true)?;
/// socket.set_nodelay(true)?;
/// socket.bind("127.0.0.1:0")?;
/// let listener = socket.listen(TcpSocket::DEFAULT_BACKLOG)?;
///
/// let socket = TcpSocket::new_v4()?;
/// socket.bind("127.0.0.2:0")?;
/// let client = socket.connect(listener.local_addr()?).await?;
/// let (server, peer) = listener.accept().await?;
/// assert_eq!(peer.ip().to_string(), "127.0.0.2");
/// assert!(server.nodelay()?, "as the listener");
/// # drop(client);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub struct TcpSocket {
    socket: Socket,
}

impl TcpSocket {
    /// The connections that [`TcpListener::bind`] lets the kernel keep ready for `accept`.
    pub const DEFAULT_BACKLOG: u32 = crate::accept::BACKLOG as u32;

    /// A socket for IPv4.
    ///
    /// # Errors
    ///
    /// What socket(2) says.
    pub fn new_v4() -> io::Result<TcpSocket> {
        TcpSocket::new(Domain::IPV4)
    }

    /// A socket for IPv6, and for IPv4 peers at mapped addresses unless [`set_only_v6`](Self::set_only_v6) or the system
    /// forbids it.
    ///
    /// # Errors
    ///
    /// What socket(2) says.
    pub fn new_v6() -> io::Result<TcpSocket> {
        TcpSocket::new(Domain::IPV6)
    }

    /// A socket for [`Domain::IPV4`] or [`Domain::IPV6`], as [`Domain::for_address`] tells of an address.
    ///
    /// # Errors
    ///
    /// What socket(2) says. [`InvalidInput`](io::ErrorKind::InvalidInput) for another domain.
    pub fn new(domain: Domain) -> io::Result<TcpSocket> {
        if domain != Domain::IPV4 && domain != Domain::IPV6 {
            let message = format!("a TCP socket of {domain:?}: not IPv4 or IPv6");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        Socket::new(domain, Type::STREAM.nonblocking(), Some(Protocol::TCP))
            .map(|socket| TcpSocket { socket })
            .map_err(|error| SocketError::wrap("socket", Place::Unknown, error))
    }

    /// Gives the socket its local address. Port 0 lets the kernel choose one, to be had from
    /// [`local_addr`](Self::local_addr).
    ///
    /// # Errors
    ///
    /// What bind(2) says, with the address in the message. [`InvalidInput`](io::ErrorKind::InvalidInput) for a host
    /// name, and for anything but one address.
    pub fn bind(&self, address: impl IntoAddrs) -> io::Result<()> {
        let address = only("bind", address)?;
        self.socket.bind(&address.into()).map_err(|error| SocketError::wrap("bind", address, error))
    }

    /// Listens, with up to `backlog` connections that the kernel keeps ready for `accept`; it lowers that to
    /// `net.core.somaxconn`. [`DEFAULT_BACKLOG`](Self::DEFAULT_BACKLOG) is a good number. A socket that was not bound gets a
    /// port of the kernel's choice.
    ///
    /// # Errors
    ///
    /// What listen(2) says, with the local address in the message. [`InvalidInput`](io::ErrorKind::InvalidInput) for a
    /// backlog above 2^31 - 1.
    pub fn listen(self, backlog: u32) -> io::Result<TcpListener> {
        let failed = |error| SocketError::wrap("listen on", self.local_addr().ok(), error);
        let backlog = checked_backlog(backlog).map_err(failed)?;
        self.socket.listen(backlog).map_err(failed)?;
        Ok(TcpListener::of(self.socket))
    }

    /// Connects to an address.
    ///
    /// There is no time limit but the kernel's, of about two minutes: put `fend::time::timeout` around it, or see
    /// [`set_syn_count`](Self::set_syn_count).
    ///
    /// # Errors
    ///
    /// What connect(2) says, with the address in the message. [`InvalidInput`](io::ErrorKind::InvalidInput) for a host
    /// name, and for anything but one address: a socket is good for one attempt.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future gives the attempt up and closes the socket at once.
    pub async fn connect(self, address: impl IntoAddrs) -> io::Result<TcpStream> {
        let address = only("connect", address)?;
        match connect_socket(self.socket, address).await {
            Ok(fd) => Ok(TcpStream::from_registered(fd)),
            Err(error) => Err(SocketError::wrap("connect", address, error)),
        }
    }

    /// The address that the socket is bound to; the unspecified address and port 0 before.
    ///
    /// # Errors
    ///
    /// What getsockname(2) says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        ip_address(&self.socket.local_addr()?)
    }

    pub(super) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// A socket of somebody else's, checked and non-blocking.
    fn adopt(socket: Socket) -> io::Result<TcpSocket> {
        must_not_be_connected(&socket, "TcpStream")?;
        adopt_stream(socket, false).map(|socket| TcpSocket { socket })
    }
}

/// The address, when it is one: a socket is bound and connected once.
fn only(operation: &'static str, addrs: impl IntoAddrs) -> io::Result<SocketAddr> {
    let mut addrs = addrs.into_addrs()?;
    match (addrs.next(), addrs.next()) {
        (Some(address), None) => Ok(address),
        (first, _) => {
            let count = if first.is_none() { "no address" } else { "several addresses" };
            let message = format!("{operation}: {count} given for one socket, which takes one");
            Err(io::Error::new(io::ErrorKind::InvalidInput, message))
        }
    }
}

/// Also the number of the fd, for comparison with `strace` and `ss -p`.
impl fmt::Debug for TcpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("TcpSocket");
        if let Ok(address) = self.local_addr() {
            out.field("addr", &address);
        }
        out.field("fd", &self.socket.as_raw_fd()).finish()
    }
}

/// For a socket that other code has made and not yet connected, in the only type that std has for it. Makes it
/// non-blocking.
impl TryFrom<net::TcpStream> for TcpSocket {
    type Error = io::Error;

    fn try_from(stream: net::TcpStream) -> io::Result<Self> {
        TcpSocket::adopt(Socket::from(stream))
    }
}

/// Checks that the fd is an IP stream socket that neither listens nor is connected, and makes it non-blocking.
impl TryFrom<OwnedFd> for TcpSocket {
    type Error = io::Error;

    fn try_from(fd: OwnedFd) -> io::Result<Self> {
        TcpSocket::adopt(Socket::from(fd))
    }
}

/// The fd stays non-blocking.
impl From<TcpSocket> for OwnedFd {
    fn from(socket: TcpSocket) -> OwnedFd {
        socket.socket.into()
    }
}

impl AsFd for TcpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for TcpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}
