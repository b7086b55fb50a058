//! [`TcpStream`]: one connection.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use fend_reactor::io::{AsyncFd, Direction, Interest, Readiness};
use socket2::Socket;

use super::connect;
use super::into_split::{OwnedReadHalf, OwnedWriteHalf};
use super::split::{ReadHalf, WriteHalf};
use crate::addrs::IntoAddrs;
use crate::ready::{ready, ready_any};
use crate::socket::{self, Registered, asked, asked_of, ip_address};

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
    /// Connects to an address. Several addresses are tried in turn until one answers.
    ///
    /// There is no time limit but the kernel's, of about two minutes for each address that does not answer at all: put
    /// `fend::time::timeout` around it.
    ///
    /// # Errors
    ///
    /// What connect(2) says of the last address, with the address in the message: "connect 127.0.0.1:1:
    /// Connection refused (os error 111)". [`InvalidInput`](io::ErrorKind::InvalidInput) for a host name, and
    /// when there is no address.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future gives the attempt up and closes its socket at once.
    pub async fn connect(addrs: impl IntoAddrs) -> io::Result<TcpStream> {
        let addrs = addrs.into_addrs()?;
        connect::connect(addrs).await.map(|fd| TcpStream { fd })
    }

    /// A stream of a non-blocking socket that has just been accepted or adopted: there is room to send, and data has often
    /// come with the connection, so that the first call of either kind is tried at once.
    pub(super) fn accepted(socket: Socket) -> TcpStream {
        let assumed = Readiness::READABLE.union(Readiness::WRITABLE);
        TcpStream { fd: Arc::new(AsyncFd::with_assumed(socket, assumed)) }
    }

    /// Receives what is there, up to the size of `buf`, and waits when there is nothing. `Ok(0)` is the end of the stream:
    /// the peer will send no more (or `buf` is empty).
    ///
    /// # Errors
    ///
    /// What recv(2) says; [`ConnectionReset`](io::ErrorKind::ConnectionReset) when the peer broke the connection.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: bytes are either returned or still in the socket.
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.fd.bytes_with(Direction::Read, asked(buf.len()), |s| socket::recv(s, buf)).await
    }

    /// Receives until `buf` is full.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv), and [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) when the stream ends before.
    ///
    /// # Cancel safety
    ///
    /// **Not** cancel safe: the bytes received so far are in `buf`, and how many they are is lost.
    pub async fn recv_exact(&self, buf: &mut [u8]) -> io::Result<()> {
        let mut filled = 0;
        while filled < buf.len() {
            match self.recv(&mut buf[filled..]).await? {
                0 => return Err(early_end(filled, buf.len())),
                n => filled += n,
            }
        }
        Ok(())
    }

    /// Receives like [`recv`](Self::recv), and leaves the bytes in the socket for the next receiver.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it takes nothing.
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        // A short peek says nothing about an empty socket: the bytes are still there.
        self.fd.with(Direction::Read, |s| socket::peek(s, buf)).await
    }

    /// Receives into several buffers, filled one after the other. At most 1024 of them are used.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: bytes are either returned or still in the socket.
    pub async fn recv_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let asked = asked_of(bufs.iter().map(|buf| buf.len()));
        if asked == 0 {
            return Ok(0);
        }
        self.fd.bytes_with(Direction::Read, asked, |s| socket::recv_vectored(s, bufs)).await
    }

    /// Receives what is there without waiting.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is nothing, else as [`recv`](Self::recv).
    pub fn try_recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        socket::recv(self.socket(), buf)
    }

    /// Receives what is there like [`try_recv`](Self::try_recv), and leaves the bytes in the socket.
    ///
    /// # Errors
    ///
    /// As [`try_recv`](Self::try_recv).
    pub fn try_peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        socket::peek(self.socket(), buf)
    }

    /// Receives what is there into several buffers without waiting. At most 1024 of them are used.
    ///
    /// # Errors
    ///
    /// As [`try_recv`](Self::try_recv).
    pub fn try_recv_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        if asked_of(bufs.iter().map(|buf| buf.len())) == 0 {
            return Ok(0);
        }
        socket::recv_vectored(self.socket(), bufs)
    }

    /// Sends some bytes of `buf`, as many as there is room for, and waits when there is none. Says how many.
    ///
    /// Sent means taken by the kernel, not received by the peer.
    ///
    /// # Errors
    ///
    /// What send(2) says; [`BrokenPipe`](io::ErrorKind::BrokenPipe) or
    /// [`ConnectionReset`](io::ErrorKind::ConnectionReset) when the connection is over. `SIGPIPE` is never raised.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: when the future is dropped before it is ready, nothing was sent.
    pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.fd.bytes_with(Direction::Write, asked(buf.len()), |s| socket::send(s, buf)).await
    }

    /// Sends all of `buf`.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); how much was sent before is then unknown.
    ///
    /// # Cancel safety
    ///
    /// **Not** cancel safe: when the future is dropped, any part of `buf` may have been sent.
    pub async fn send_all(&self, mut buf: &[u8]) -> io::Result<()> {
        while !buf.is_empty() {
            match self.send(buf).await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                n => buf = &buf[n..],
            }
        }
        Ok(())
    }

    /// Sends some bytes of several buffers, one after the other. At most 1024 of them are used.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: when the future is dropped before it is ready, nothing was sent.
    pub async fn send_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let asked = asked_of(bufs.iter().map(|buf| buf.len()));
        if asked == 0 {
            return Ok(0);
        }
        self.fd.bytes_with(Direction::Write, asked, |s| socket::send_vectored(s, bufs)).await
    }

    /// Sends what there is room for without waiting.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is no room, else as [`send`](Self::send).
    pub fn try_send(&self, buf: &[u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        socket::send(self.socket(), buf)
    }

    /// Sends what there is room for of several buffers without waiting. At most 1024 of them are used.
    ///
    /// # Errors
    ///
    /// As [`try_send`](Self::try_send).
    pub fn try_send_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        if asked_of(bufs.iter().map(|buf| buf.len())) == 0 {
            return Ok(0);
        }
        socket::send_vectored(self.socket(), bufs)
    }

    /// Waits for any direction of `interest`; returns those that are ready, and with them the end of a direction and a
    /// pending error. What it says is true when it is said, unless another task receives or sends first.
    ///
    /// # Errors
    ///
    /// As [`readable`](Self::readable).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it takes nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use fend::io::{Interest, Readiness};
    /// # use fend::net::{TcpListener, TcpStream};
    ///
    /// # fend::block_on(async {
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// # let (server, _) = listener.accept().await?;
    /// let ready = stream.ready(Interest::READABLE | Interest::WRITABLE).await?;
    /// assert_eq!(ready, Readiness::WRITABLE); // Nothing has come yet.
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn ready(&self, interest: Interest) -> io::Result<Readiness> {
        ready_any(&self.fd, interest).await
    }

    /// Waits until a receive would not block: there is data, the end of the stream, or an error. True when it is
    /// said, unless another task receives first.
    ///
    /// # Errors
    ///
    /// When the socket cannot be registered, or the runtime was shut down.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it takes nothing.
    pub async fn readable(&self) -> io::Result<()> {
        ready(&self.fd, Direction::Read).await
    }

    /// Waits until a send would not block: there is room, or an error. The kernel says so once a third of the send
    /// buffer is free.
    ///
    /// # Errors
    ///
    /// As [`readable`](Self::readable).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it takes nothing.
    pub async fn writable(&self) -> io::Result<()> {
        ready(&self.fd, Direction::Write).await
    }

    /// Waits until there is out-of-band (urgent) data.
    ///
    /// # Errors
    ///
    /// As [`readable`](Self::readable).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it takes nothing.
    pub async fn priority(&self) -> io::Result<()> {
        ready(&self.fd, Direction::Priority).await
    }

    /// Waits until the peer has closed its side or the connection is broken, without receiving what it sent before. A task
    /// that works for the peer can so be stopped when the peer is gone.
    ///
    /// # Errors
    ///
    /// As [`readable`](Self::readable).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it takes nothing.
    pub async fn peer_closed(&self) -> io::Result<()> {
        ready(&self.fd, Direction::PeerClosed).await
    }

    /// Closes one direction or both, for all clones.
    ///
    /// [`Shutdown::Write`] tells the peer that this was all; it reads to its end, and may go on sending.
    /// A direction that is closed already, by an earlier call or by a reset, is not an error.
    ///
    /// # Errors
    ///
    /// What shutdown(2) says.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        socket::shutdown(self.socket(), how)
    }

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

    /// Whether small segments are sent at once (`TCP_NODELAY`).
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.socket().tcp_nodelay()
    }

    /// Sends small segments at once (`true`), or waits for more while earlier ones are under way (`false`, the default).
    ///
    /// # Errors
    ///
    /// What setsockopt(2) says.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.socket().set_tcp_nodelay(nodelay)
    }

    /// The time to live of sent packets (`IP_TTL`, in hops).
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn ttl(&self) -> io::Result<u32> {
        self.socket().ttl_v4()
    }

    /// Sets the time to live of sent packets (`IP_TTL`, in hops).
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) outside of 1 to 255.
    pub fn set_ttl(&self, hops: u32) -> io::Result<()> {
        self.socket().set_ttl_v4(hops)
    }

    /// What closing does with data not yet sent (`SO_LINGER`).
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        self.socket().linger()
    }

    /// Sets what closing does with data not yet sent (`SO_LINGER`, whole seconds).
    ///
    /// `None`, the default, sends it in the background. `Some(Duration::ZERO)` throws it away and resets the
    /// connection. Any other time makes the **drop** of the last clone block its thread until all is sent or the
    /// time is over.
    ///
    /// # Errors
    ///
    /// What setsockopt(2) says.
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        self.socket().set_linger(linger)
    }

    /// Takes the pending error of the socket (`SO_ERROR`), if there is one.
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket().take_error()
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

fn early_end(received: usize, wanted: usize) -> io::Error {
    let message = format!("the stream ended after {received} of {wanted} bytes");
    io::Error::new(io::ErrorKind::UnexpectedEof, message)
}
