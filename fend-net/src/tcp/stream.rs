//! [`TcpStream`]: one connection.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use fend_reactor::io::{AsyncFd, Readiness};
use socket2::Socket;

use super::connect::{self, Patience};
use crate::addrs::IntoAddrs;
use crate::socket::{Registered, ip_address};
use crate::stream::methods::{connection_methods, peer_closed_methods, receive_methods, send_methods};
use crate::stream::{ByteStream, Inside, OwnedReadHalf, OwnedWriteHalf, ReadHalf, Sealed, WriteHalf};

/// A TCP connection.
///
/// Everything takes `&self`. Cloning is cheap: all clones share one socket, which is closed when the last one is dropped.
/// One task may receive while another sends; several may do the same thing at once, and each byte then goes to one
/// of them.
///
/// The methods here are plain operations on the socket. For `read_to_end`, `copy`, `BufReader` and the like there are the
/// [`futures_io`] traits, which `TcpStream` and `&TcpStream` implement, with `futures_lite::io` or `futures_util::io`.
///
/// Dropping the last clone closes the connection in the background: what was sent is still delivered, unless
/// there is data that nobody has received, in which case the peer gets a reset. To say "that was all" and
/// still receive, use [`shutdown`](Self::shutdown).
///
/// # Examples
///
/// ```
/// use fend::net::{TcpListener, TcpStream};
///
/// # fend::block_on(async {
/// # let listener = TcpListener::bind("127.0.0.1:0").await?;
/// # let address = listener.local_addr()?;
/// let stream = TcpStream::connect(address).await?;
/// # let (server, _) = listener.accept().await?;
/// # server.send_all(b"pong").await?;
/// stream.send_all(b"ping").await?;
/// let mut buf = [0; 1024];
/// let n = stream.recv(&mut buf).await?;
/// assert_eq!(&buf[..n], b"pong");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct TcpStream {
    fd: Registered,
}

impl TcpStream {
    /// Connects to an address. Of several, to the first that answers.
    ///
    /// Several addresses are tried as RFC 8305 ("Happy Eyeballs") says: IPv6 and IPv4 by turns, the family of the first address
    /// first. When an attempt fails, the next starts at once; when one has had no answer for 250 ms, the next starts beside it.
    /// The first connection made is taken, and the sockets of the other attempts are closed.
    /// [`TcpConnector`](super::TcpConnector) has other times.
    ///
    /// There is no time limit but the kernel's, of about two minutes for each address that does not answer at all:
    /// [`connect_timeout`](Self::connect_timeout) has one.
    ///
    /// # Errors
    ///
    /// What connect(2) says, with the address in the message: "connect 127.0.0.1:1: Connection refused (os error 111)". When
    /// several addresses were tried, a [`ConnectError`](super::ConnectError), which names each.
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a host name, and when there is no address.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future gives the attempts up and closes their sockets at once.
    pub async fn connect(addrs: impl IntoAddrs) -> io::Result<TcpStream> {
        TcpStream::connect_with(addrs, Patience::default()).await
    }

    /// [`connect`](Self::connect) that takes no longer than `timeout`, for all addresses together.
    ///
    /// With a `timeout` of zero the attempt at the first address is begun, and what the kernel knows at once is taken. The next address is
    /// tried only when that is an error.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect), and [`TimedOut`](io::ErrorKind::TimedOut) with the addresses and the time: "connect
    /// 192.0.2.1:80: no answer within 2s".
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future gives the attempts up and closes their sockets at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use fend::net::{TcpListener, TcpStream};
    ///
    /// # fend::block_on(async {
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let address = listener.local_addr()?;
    /// let stream = TcpStream::connect_timeout(address, Duration::from_secs(2)).await?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn connect_timeout(addrs: impl IntoAddrs, timeout: Duration) -> io::Result<TcpStream> {
        TcpStream::connect_with(addrs, Patience { timeout: Some(timeout), ..Patience::default() }).await
    }

    pub(super) async fn connect_with(addrs: impl IntoAddrs, patience: Patience) -> io::Result<TcpStream> {
        let addrs = addrs.into_addrs()?;
        connect::connect(addrs, patience).await.map(|fd| TcpStream { fd })
    }

    /// A stream of a non-blocking socket that has just been accepted or adopted: there is room to send, and data has often
    /// come with the connection, so that the first call of either kind is tried at once.
    pub(crate) fn accepted(socket: Socket) -> TcpStream {
        let assumed = Readiness::READABLE.union(Readiness::WRITABLE);
        TcpStream { fd: Arc::new(AsyncFd::with_assumed(socket, assumed)) }
    }

    receive_methods!();
    send_methods!();
    peer_closed_methods!();
    connection_methods!();

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// What getpeername(2) says; [`NotConnected`](io::ErrorKind::NotConnected) once the connection was reset.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        ip_address(&self.socket().peer_addr()?)
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// What getsockname(2) says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        ip_address(&self.socket().local_addr()?)
    }

    /// Both directions as values of their own, borrowed from the stream. Costs nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend::net::{TcpListener, TcpStream};
    /// # fend::block_on(async {
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let client = TcpStream::connect(listener.local_addr()?).await?;
    /// # let (mut server, _) = listener.accept().await?;
    /// # client.send_all(b"echo").await?;
    /// # client.shutdown(fend::net::Shutdown::Write)?;
    /// let (reader, mut writer) = server.split();
    /// futures_lite::io::copy(reader, &mut writer).await?;
    /// # let mut buf = [0; 4];
    /// # client.recv_exact(&mut buf).await?;
    /// # assert_eq!(&buf, b"echo");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn split(&mut self) -> (ReadHalf<'_>, WriteHalf<'_>) {
        (ReadHalf::of(self), WriteHalf::of(self))
    }

    /// Both directions as values of their own that can move into different tasks. Dropping the write half closes
    /// the write direction. [`OwnedReadHalf::reunite`] makes them one stream again.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend::net::{TcpListener, TcpStream};
    /// # fend::block_on(async {
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let client = TcpStream::connect(listener.local_addr()?).await?;
    /// # let (server, _) = listener.accept().await?;
    /// let (reader, writer) = client.into_split();
    /// let sender = fend::spawn(async move {
    ///     writer.send_all(b"a long message").await
    ///     // The write half is dropped here: the peer reads to the end.
    /// });
    /// # server.send_all(b"answer").await?;
    /// let mut answer = [0; 6];
    /// reader.recv_exact(&mut answer).await?;
    /// sender.await??;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        (OwnedReadHalf::of(self.clone()), OwnedWriteHalf::of(self))
    }

    pub(super) fn from_registered(fd: Registered) -> TcpStream {
        TcpStream { fd }
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
impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("TcpStream");
        if let Ok(address) = self.local_addr() {
            out.field("addr", &address);
        }
        if let Ok(peer) = self.peer_addr() {
            out.field("peer", &peer);
        }
        out.field("fd", &self.socket().as_raw_fd()).finish()
    }
}

impl Sealed for TcpStream {
    /// tcp_recvmsg goes on until its queue is empty, and stops before only at urgent data, which the driver knows of.
    fn short_receive_empties(_: Inside) -> bool {
        true
    }

    fn registered(&self, _: Inside) -> &Registered {
        &self.fd
    }
}

impl ByteStream for TcpStream {
    type Addr = SocketAddr;

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        TcpStream::peer_addr(self)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        TcpStream::local_addr(self)
    }
}
