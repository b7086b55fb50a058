//! [`TcpListener`]: a socket that takes connections.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::task::{Context, Poll};

use fend_reactor::io::{AsyncFd, Readiness};
use socket2::Socket;

use super::TcpStream;
use super::accept_error::PREPARE;
use crate::accept::{self, BACKLOG, Incoming, IntoIncoming, MAX_DEAD};
use crate::addrs::IntoAddrs;
use crate::error::SocketError;
use crate::socket::{Registered, ip_address, open_stream};

/// A TCP socket that takes connections.
///
/// Cloning is cheap: all clones share one socket, which is closed when the last one is dropped. Several tasks may
/// accept at once; each connection goes to one of them.
///
/// # Examples
///
/// ```
/// use fend::net::{TcpListener, TcpStream};
///
/// fend::block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let client = TcpStream::connect(listener.local_addr()?).await?;
///     let (server, peer) = listener.accept().await?;
///     assert_eq!(peer, client.local_addr()?);
///
///     server.send_all(b"hello").await?;
///     let mut buf = [0; 5];
///     client.recv_exact(&mut buf).await?;
///     assert_eq!(&buf, b"hello");
///     std::io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
#[derive(Clone)]
pub struct TcpListener {
    fd: Registered,
}

impl TcpListener {
    /// Listens on an address. Port 0 lets the kernel choose one, to be had from [`local_addr`](Self::local_addr).
    ///
    /// Of several addresses the first that works is taken. As with std, `SO_REUSEADDR` is set, so that a server can be
    /// started again while connections of the last run are still in `TIME_WAIT`; two listeners cannot share an
    /// address by that. The backlog is 1024 connections.
    ///
    /// # Errors
    ///
    /// What socket(2), bind(2) and listen(2) say of the last address, with operation and address in the message:
    /// "bind 127.0.0.1:80: Permission denied (os error 13)". [`InvalidInput`](io::ErrorKind::InvalidInput) for a
    /// host name, and when there is no address.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it never waits.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::net::Ipv6Addr;
    ///
    /// use fend::net::TcpListener;
    ///
    /// # fend::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// assert_ne!(listener.local_addr()?.port(), 0);
    ///
    /// // On IPv6 where there is one, else on IPv4.
    /// let listener = TcpListener::bind(&[(Ipv6Addr::LOCALHOST, 0).into(), ([127, 0, 0, 1], 0).into()]).await?;
    /// assert!(listener.local_addr()?.ip().is_loopback());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn bind(addrs: impl IntoAddrs) -> io::Result<TcpListener> {
        let mut failure = None;
        for address in addrs.into_addrs()? {
            match bind_one(address) {
                Ok(socket) => return Ok(TcpListener::of(socket)),
                Err(error) => failure = Some(SocketError::wrap("bind", address, error)),
            }
        }
        Err(failure.unwrap_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "bind: no address given")))
    }

    /// A listener of a socket that is non-blocking and listens already.
    pub(super) fn of(socket: Socket) -> TcpListener {
        // The first accept waits for an event: a fresh listener has nothing to give, and one try would be wasted.
        TcpListener { fd: Arc::new(AsyncFd::with_assumed(socket, Readiness::NONE)) }
    }

    /// Takes the next connection: the stream and the peer's address.
    ///
    /// A connection that died while it was queued, or that the network has refused, is passed over.
    ///
    /// # Errors
    ///
    /// What accept(2) says, and when the runtime has shut down. [`AcceptErrorKind`](super::AcceptErrorKind) tells what to do
    /// about it, and [`Listener`](crate::Listener) does it. When the process or the system has no file descriptors left, the
    /// message names the limit; the connection stays queued, and a later `accept` gets it, but an `accept` at once would fail at
    /// once.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a connection is either returned or still queued.
    ///
    /// # Examples
    ///
    /// A server. Its loop ends with the first error: [`Listener`](crate::Listener) makes one that goes on for as long as that can
    /// work, with a limit on connections and an orderly end.
    ///
    /// ```
    /// use std::io;
    ///
    /// use fend::net::{TcpListener, TcpStream};
    ///
    /// async fn serve(listener: TcpListener) -> io::Result<()> {
    ///     loop {
    ///         let (stream, _peer) = listener.accept().await?;
    ///         fend::spawn(async move { stream.send_all(b"hello").await });
    ///     }
    /// }
    /// # fend::block_on(async {
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let address = listener.local_addr()?;
    /// # let server = fend::spawn(serve(listener));
    /// # let client = TcpStream::connect(address).await?;
    /// # client.recv_exact(&mut [0; 5]).await?;
    /// # server.abort();
    /// # io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        accept::accept(self).await
    }

    /// [`accept`](Self::accept) that first has `prepare` set the options of the connection: nothing is received from it or sent
    /// before.
    ///
    /// What a connection inherits from its listener on Linux (`TCP_NODELAY`, keepalive, buffer sizes, TTL, linger and more) can be set
    /// on the listener instead, once for all, and then costs no system call for each connection.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept), and what `prepare` gives, with the peer's address in the message: "prepare the connection of
    /// 127.0.0.1:40000: Protocol not available (os error 92)". The connection is closed then. Such an error concerns this one
    /// connection and is never fatal: [`AcceptErrorKind::of`](super::AcceptErrorKind::of) it is
    /// [`Retry`](super::AcceptErrorKind::Retry), or [`BackOff`](super::AcceptErrorKind::BackOff) when it is for want of descriptors or
    /// memory. When the connection has died meanwhile, that is the reason, and it is passed over like any other dead one.
    ///
    /// # Panics
    ///
    /// When `prepare` does. The connection is closed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a connection is either returned or still queued.
    ///
    /// # Examples
    ///
    /// ```
    /// use fend::net::{TcpListener, TcpStream};
    ///
    /// # fend::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (stream, _peer) = listener.accept_with(|stream| stream.set_nodelay(true)).await?;
    /// assert!(stream.nodelay()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn accept_with(
        &self,
        mut prepare: impl FnMut(&TcpStream) -> io::Result<()>,
    ) -> io::Result<(TcpStream, SocketAddr)> {
        let mut dead = 0;
        loop {
            let (stream, peer) = self.accept().await?;
            match prepare(&stream) {
                Ok(()) => return Ok((stream, peer)),
                Err(_) if stream.peer_addr().is_err() && dead < MAX_DEAD => dead += 1,
                Err(error) => return Err(SocketError::wrap(PREPARE, peer, error)),
            }
        }
    }

    /// [`accept`](Self::accept), polled. A call that says `Pending` leaves its waker, which is woken when a connection is
    /// there. Up to 32 different ones are kept; one more wakes the oldest and forgets it, so that its task polls again.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept).
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        accept::poll_accept(self, cx)
    }

    /// The connections, as a stream that never ends. It gives the streams without their peers' addresses, which
    /// [`TcpStream::peer_addr`] knows.
    ///
    /// # Examples
    ///
    /// ```
    /// use fend::net::{TcpListener, TcpStream};
    /// use futures_lite::StreamExt;
    ///
    /// fend::block_on(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let client = TcpStream::connect(listener.local_addr()?).await?;
    ///     let mut incoming = listener.incoming();
    ///     let server = incoming.next().await.expect("incoming never ends")?;
    ///     assert_eq!(server.peer_addr()?, client.local_addr()?);
    ///     std::io::Result::Ok(())
    /// })
    /// # .unwrap();
    /// ```
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming::of(self)
    }

    /// [`incoming`](Self::incoming) that owns the listener, so that it can move into a task.
    pub fn into_incoming(self) -> IntoIncoming {
        IntoIncoming::of(self)
    }

    /// The address it listens on.
    ///
    /// # Errors
    ///
    /// What getsockname(2) says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        ip_address(&self.socket().local_addr()?)
    }

    pub(super) fn from_registered(fd: Registered) -> TcpListener {
        TcpListener { fd }
    }

    pub(super) fn into_registered(self) -> Registered {
        self.fd
    }

    pub(crate) fn registered(&self) -> &Registered {
        &self.fd
    }

    pub(super) fn socket(&self) -> &Socket {
        self.fd.get_ref()
    }
}

/// Also the number of the fd, for comparison with `strace` and `ss -p`.
impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("TcpListener");
        if let Ok(address) = self.local_addr() {
            out.field("addr", &address);
        }
        out.field("fd", &self.socket().as_raw_fd()).finish()
    }
}

fn bind_one(address: SocketAddr) -> io::Result<Socket> {
    let socket = open_stream(address)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}
