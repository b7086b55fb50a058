//! [`UdpSocket`]: datagrams, one at a time.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use fend_reactor::io::{AsyncFd, Direction, Interest, Readiness};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::error_queue::ErrorQueue;
use super::message::of_send;
use super::operation;
use super::segments::GsoState;
use crate::addrs::IntoAddrs;
use crate::error::{Place, SocketError};
use crate::ready::{ready, ready_any};
use crate::socket::{self, Registered, ip_address};

/// A UDP socket.
///
/// Everything takes `&self`. Cloning is cheap: all clones share one socket, which is closed when the last one is dropped.
/// Several tasks may send and receive at once; each datagram goes to one of them.
///
/// Bound, it exchanges datagrams with anybody: [`send_to`](Self::send_to), [`recv_from`](Self::recv_from). Connected to a
/// peer, it sends to that and receives from that alone: [`send`](Self::send), [`recv`](Self::recv).
/// [`recv_msg`](Self::recv_msg) and [`send_msg`](Self::send_msg) know more of each datagram (addresses, interface, ECN, time), and
/// [`recv_many`](Self::recv_many) and [`send_many`](Self::send_many) move up to 64 with one system call.
///
/// A datagram without bytes is one like any other: a receive of 0 is no end. One that does not fit the buffer is cut, and
/// every receive says so.
///
/// An ICMP message that a datagram could not be delivered makes the next operation on a *connected* socket fail, once
/// ([`ConnectionRefused`](io::ErrorKind::ConnectionRefused) for a port that nobody has). The socket works on.
///
/// # Examples
///
/// ```
/// use fend::net::UdpSocket;
///
/// # fend::block_on(async {
/// let server = UdpSocket::bind("127.0.0.1:0").await?;
/// let client = UdpSocket::bind("127.0.0.1:0").await?;
/// client.connect(server.local_addr()?).await?;
///
/// client.send(b"ping").await?;
/// let mut buf = [0; 1500];
/// let (n, peer) = server.recv_from(&mut buf).await?;
/// server.send_to(&buf[..n], peer).await?;
/// assert_eq!(client.recv(&mut buf).await?, 4);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct UdpSocket {
    fd: Registered,
    state: Arc<State>,
}

/// What is known of a socket besides its fd.
#[derive(Debug)]
pub(super) struct State {
    pub(super) errors: ErrorQueue,
    pub(super) gso: GsoState,
}

impl UdpSocket {
    /// Opens a socket and binds it to an address. Port 0 lets the kernel choose one, to be had from
    /// [`local_addr`](Self::local_addr). Of several addresses the first that works is taken.
    ///
    /// # Errors
    ///
    /// What socket(2) and bind(2) say of the last address, with the address in the message: "bind 127.0.0.1:53: Permission denied (os error 13)".
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a host name, and when there is no address.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it never waits.
    pub async fn bind(addrs: impl IntoAddrs) -> io::Result<UdpSocket> {
        let bind = |address| Ok(UdpSocket::with_errors(bind_one(address)?, ErrorQueue::default()));
        first_that_works("bind", addrs, bind)
    }

    /// A socket for IPv4 that is not bound yet, so that options which must be set before can be. The first send binds it to a port of
    /// the kernel's choice.
    ///
    /// # Errors
    ///
    /// What socket(2) says.
    ///
    /// # Examples
    ///
    /// ```
    /// use fend::net::UdpSocket;
    ///
    /// let first = UdpSocket::new_v4()?;
    /// first.set_reuse_port(true)?;
    /// first.bind_to("127.0.0.1:0")?;
    ///
    /// let second = UdpSocket::new_v4()?;
    /// second.set_reuse_port(true)?;
    /// second.bind_to(first.local_addr()?)?; // The kernel shares datagrams out between the two.
    /// # std::io::Result::Ok(())
    /// ```
    pub fn new_v4() -> io::Result<UdpSocket> {
        UdpSocket::new(Domain::IPV4)
    }

    /// A socket for IPv6 that is not bound yet; and for IPv4 peers at mapped addresses unless
    /// [`set_only_v6`](Self::set_only_v6) or the system forbids it.
    ///
    /// # Errors
    ///
    /// What socket(2) says.
    pub fn new_v6() -> io::Result<UdpSocket> {
        UdpSocket::new(Domain::IPV6)
    }

    /// A socket for [`Domain::IPV4`] or [`Domain::IPV6`] that is not bound yet.
    ///
    /// # Errors
    ///
    /// What socket(2) says. [`InvalidInput`](io::ErrorKind::InvalidInput) for another domain.
    pub fn new(domain: Domain) -> io::Result<UdpSocket> {
        if domain != Domain::IPV4 && domain != Domain::IPV6 {
            let message = format!("a UDP socket of {domain:?}: not IPv4 or IPv6");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let socket = Socket::new(domain, Type::DGRAM.nonblocking(), Some(Protocol::UDP))
            .map_err(|error| SocketError::wrap("socket", Place::Unknown, error))?;
        // Nobody has set any of its options yet.
        Ok(UdpSocket::with_errors(socket, ErrorQueue::default()))
    }

    /// Gives a socket that is not bound yet its local address. Port 0 lets the kernel choose one. Of several addresses the first that
    /// works is taken.
    ///
    /// # Errors
    ///
    /// What bind(2) says of the last address, with the address in the message: `EINVAL` when the socket is bound already.
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a host name, and when there is no address.
    pub fn bind_to(&self, addrs: impl IntoAddrs) -> io::Result<()> {
        first_that_works("bind", addrs, |address| self.socket().bind(&address.into()))
    }

    /// A socket of a bare one that is non-blocking.
    pub(crate) fn of(socket: Socket) -> io::Result<UdpSocket> {
        let errors = ErrorQueue::of(&socket)?;
        Ok(UdpSocket::with_errors(socket, errors))
    }

    fn with_errors(socket: Socket, errors: ErrorQueue) -> UdpSocket {
        let state = Arc::new(State { errors, gso: GsoState::default() });
        // There is room to send, and a socket that is adopted may have datagrams already.
        let assumed = Readiness::READABLE.union(Readiness::WRITABLE);
        UdpSocket { fd: Arc::new(AsyncFd::with_assumed(socket, assumed)), state }
    }

    /// Makes the address the socket's one peer: [`send`](Self::send) goes there, datagrams of others do not come any more, and ICMP errors are
    /// reported. Those of others that have come before can still be received. It sends nothing. Another call makes another peer. Of several addresses the first that works is taken.
    ///
    /// # Errors
    ///
    /// What connect(2) says of the last address, with the address in the message.
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a host name, and when there is no address.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it never waits.
    pub async fn connect(&self, addrs: impl IntoAddrs) -> io::Result<()> {
        first_that_works("connect", addrs, |address| self.socket().connect(&address.into()))
    }

    /// Sends a datagram to the peer. How many bytes it had, which is all of them.
    ///
    /// Sent means taken by the kernel.
    ///
    /// # Errors
    ///
    /// What send(2) says, with the peer's address in the message: [`EDESTADDRREQ`](libc::EDESTADDRREQ) without a peer,
    /// `EMSGSIZE` for more than 65,507 bytes, [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) when
    /// an earlier datagram found nobody.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: when the future is dropped before it is ready, nothing was sent.
    pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
        let result = self.run(Direction::Write, |s| socket::send(s, buf)).await;
        result.map_err(|error| of_send(self.socket(), None, error))
    }

    /// Receives a datagram of the peer, or of anybody when there is none. How many bytes it has.
    ///
    /// # Errors
    ///
    /// What recv(2) says: [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) when a datagram that was sent found nobody, once.
    /// [`InvalidData`](io::ErrorKind::InvalidData) with a [`TruncatedError`](super::TruncatedError) when the datagram
    /// is longer than `buf`: it is cut, and the rest is lost.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a datagram is either returned or still in the socket.
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.run(Direction::Read, |s| operation::recv(s, buf)).await
    }

    /// Receives like [`recv`](Self::recv), and leaves the datagram in the socket. What does not fit is not copied, and
    /// not lost.
    ///
    /// # Errors
    ///
    /// What recv(2) says.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it takes nothing.
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.run(Direction::Read, |s| socket::peek(s, buf)).await
    }

    /// Sends a datagram to an address: the first one, when there are several. How many bytes it had, which is all of them.
    ///
    /// # Errors
    ///
    /// What sendto(2) says, with the address in the message. [`InvalidInput`](io::ErrorKind::InvalidInput) for a host name, and
    /// when there is no address.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: when the future is dropped before it is ready, nothing was sent.
    pub async fn send_to(&self, buf: &[u8], addrs: impl IntoAddrs) -> io::Result<usize> {
        let to = first("send to", addrs)?;
        let address = SockAddr::from(to);
        let result = self.run(Direction::Write, |s| operation::send_to(s, buf, &address)).await;
        result.map_err(|error| of_send(self.socket(), Some(to), error))
    }

    /// Receives a datagram: how many bytes it has, and whom it is from.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a datagram is either returned or still in the socket.
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.run(Direction::Read, |s| operation::recv_from(s, buf)).await
    }

    /// Receives like [`recv_from`](Self::recv_from), and leaves the datagram in the socket. What does not fit is not copied, and
    /// not lost.
    ///
    /// # Errors
    ///
    /// What recv(2) says.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it takes nothing.
    pub async fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.run(Direction::Read, |s| operation::peek_from(s, buf)).await
    }

    /// The address that the next datagram is from, which stays in the socket.
    ///
    /// Of several tasks that receive, another may take that datagram before this one does.
    ///
    /// # Errors
    ///
    /// What recvfrom(2) says.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it takes nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use fend::net::UdpSocket;
    ///
    /// # fend::block_on(async {
    /// let socket = UdpSocket::bind("127.0.0.1:0").await?;
    /// # let peer = UdpSocket::bind("127.0.0.1:0").await?;
    /// # peer.send_to(b"hello", socket.local_addr()?).await?;
    /// let sender = socket.peek_sender().await?;
    /// let mut buf = [0; 1500];
    /// assert_eq!(socket.recv_from(&mut buf).await?, (5, sender));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn peek_sender(&self) -> io::Result<SocketAddr> {
        self.run(Direction::Read, operation::peek_sender).await
    }

    /// [`send`](Self::send) without waiting.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is no room, else as [`send`](Self::send).
    pub fn try_send(&self, buf: &[u8]) -> io::Result<usize> {
        self.run_now(Direction::Write, |s| socket::send(s, buf))
            .map_err(|error| of_send(self.socket(), None, error))
    }

    /// [`recv`](Self::recv) without waiting.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is none, else as [`recv`](Self::recv).
    pub fn try_recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.run_now(Direction::Read, |s| operation::recv(s, buf))
    }

    /// [`peek`](Self::peek) without waiting.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is none, else as [`peek`](Self::peek).
    pub fn try_peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.run_now(Direction::Read, |s| socket::peek(s, buf))
    }

    /// [`send_to`](Self::send_to) without waiting.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is no room, else as [`send_to`](Self::send_to).
    pub fn try_send_to(&self, buf: &[u8], to: SocketAddr) -> io::Result<usize> {
        self.run_now(Direction::Write, |s| operation::send_to(s, buf, &to.into()))
            .map_err(|error| of_send(self.socket(), Some(to), error))
    }

    /// [`recv_from`](Self::recv_from) without waiting.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is none, else as [`recv_from`](Self::recv_from).
    pub fn try_recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.run_now(Direction::Read, |s| operation::recv_from(s, buf))
    }

    /// [`peek_from`](Self::peek_from) without waiting.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is none, else as [`peek_from`](Self::peek_from).
    pub fn try_peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.run_now(Direction::Read, |s| operation::peek_from(s, buf))
    }

    /// [`peek_sender`](Self::peek_sender) without waiting.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is none, else as [`peek_sender`](Self::peek_sender).
    pub fn try_peek_sender(&self) -> io::Result<SocketAddr> {
        self.run_now(Direction::Read, operation::peek_sender)
    }

    /// Waits for any direction of `interest`; returns those that are ready, and a pending error with them. What it says is true when it is
    /// said, unless another task receives or sends first.
    ///
    /// # Errors
    ///
    /// As [`readable`](Self::readable).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it takes nothing.
    pub async fn ready(&self, interest: Interest) -> io::Result<Readiness> {
        ready_any(&self.fd, interest).await
    }

    /// Waits until a receive would not block: there is a datagram, or an error. True when it is said, unless another
    /// task receives first.
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

    /// Waits until a send would not block: there is room, or an error.
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

    /// The address of this end. Of a socket that is bound to no address in particular, its IP address is unspecified.
    ///
    /// # Errors
    ///
    /// What getsockname(2) says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        ip_address(&self.socket().local_addr()?)
    }

    /// The address of the peer.
    ///
    /// # Errors
    ///
    /// What getpeername(2) says; [`NotConnected`](io::ErrorKind::NotConnected) when there is none.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        ip_address(&self.socket().peer_addr()?)
    }

    /// Waits for `direction`, and runs `call` until it does not say `WouldBlock`.
    pub(crate) async fn run<R>(
        &self,
        direction: Direction,
        mut call: impl FnMut(&Socket) -> io::Result<R>,
    ) -> io::Result<R> {
        self.fd.with(direction, |socket| self.attempt(socket, &mut call)).await
    }

    /// `call` once.
    pub(crate) fn run_now<R>(
        &self,
        direction: Direction,
        mut call: impl FnMut(&Socket) -> io::Result<R>,
    ) -> io::Result<R> {
        self.fd.try_with(direction, |socket| self.attempt(socket, &mut call))
    }

    /// `call` once. When it would block, no entry of the error queue is left to look like news.
    pub(super) fn attempt<R>(
        &self,
        socket: &Socket,
        call: &mut impl FnMut(&Socket) -> io::Result<R>,
    ) -> io::Result<R> {
        call(socket).inspect_err(|error| {
            if error.kind() == io::ErrorKind::WouldBlock {
                self.errors().set_aside(socket);
            }
        })
    }

    pub(super) fn from_parts(fd: Registered, state: Arc<State>) -> UdpSocket {
        UdpSocket { fd, state }
    }

    pub(super) fn into_parts(self) -> (Registered, Arc<State>) {
        (self.fd, self.state)
    }

    pub(super) fn registered(&self) -> &Registered {
        &self.fd
    }

    pub(super) fn errors(&self) -> &ErrorQueue {
        &self.state.errors
    }

    pub(super) fn gso(&self) -> &GsoState {
        &self.state.gso
    }

    pub(crate) fn socket(&self) -> &Socket {
        self.fd.get_ref()
    }
}

/// Also the number of the fd, for comparison with `strace` and `ss -p`.
impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("UdpSocket");
        if let Ok(address) = self.local_addr() {
            out.field("addr", &address);
        }
        if let Ok(peer) = self.peer_addr() {
            out.field("peer", &peer);
        }
        out.field("fd", &self.socket().as_raw_fd()).finish()
    }
}

fn bind_one(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM.nonblocking(), Some(Protocol::UDP))?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// Tries the addresses in turn. The error is that of the last one.
fn first_that_works<R>(
    operation: &'static str,
    addrs: impl IntoAddrs,
    mut attempt: impl FnMut(SocketAddr) -> io::Result<R>,
) -> io::Result<R> {
    let mut failure = None;
    for address in addrs.into_addrs()? {
        match attempt(address) {
            Ok(done) => return Ok(done),
            Err(error) => failure = Some(SocketError::wrap(operation, address, error)),
        }
    }
    Err(failure.unwrap_or_else(|| no_address(operation)))
}

fn first(operation: &'static str, addrs: impl IntoAddrs) -> io::Result<SocketAddr> {
    addrs.into_addrs()?.next().ok_or_else(|| no_address(operation))
}

fn no_address(operation: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{operation}: no address given"))
}
