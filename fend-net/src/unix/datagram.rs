//! [`UnixDatagram`]: datagrams between processes.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::task::{Context, Poll};

use fend_reactor::io::{AsyncFd, Direction, Readiness};
use fend_reactor::yield_now;
use socket2::{Domain, SockAddr, Socket, Type};

use super::addr::{failed, given};
use super::connect::{Pauses, at_once};
use super::credentials::{peer_credentials_methods, receive_credentials_methods};
use super::message::{self, handing_over};
use super::message_methods::message_methods;
use super::record;
use super::record_methods::record_methods;
use super::socket::open;
use super::{IntoUnixAddr, Record, SocketAddr, UnixMessage};
use crate::control::{ControlBuffer, ReceivedControl};
use crate::error::{Place, SocketError};
use crate::flags::MsgFlags;
use crate::ready::{is_writable_now, ready, unless_shut_down};
use crate::socket::Registered;
use crate::sys::uninterrupted;

/// A Unix datagram socket. Datagrams keep their borders and their order, and none is lost on the way: who sends faster than the
/// receiver takes has to wait.
///
/// Cloning is cheap: all clones share one socket, which is closed when the last one is dropped. Several tasks may send and receive at
/// once; each datagram goes to one of them.
///
/// # Examples
///
/// ```
/// use fend::net::UnixDatagram;
///
/// # let path = std::env::temp_dir().join(format!("fend-doc-datagram-{}", std::process::id()));
/// fend::block_on(async {
///     let receiver = UnixDatagram::bind(&path).await?;
///     let sender = UnixDatagram::unbound()?;
///     sender.send_to(b"hello", &path).await?;
///
///     let mut buf = [0; 16];
///     let (len, from) = receiver.recv_from(&mut buf).await?;
///     assert_eq!(&buf[..len], b"hello");
///     assert!(from.is_unnamed());
///     std::io::Result::Ok(())
/// })?;
/// # std::fs::remove_file(&path)?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone)]
pub struct UnixDatagram {
    fd: Registered,
}

impl UnixDatagram {
    /// A socket with a name, which others can send to. What is said of paths in [`UnixListener::bind`](super::UnixListener::bind)
    /// holds here: above all, the file stays.
    ///
    /// # Errors
    ///
    /// What socket(2) and bind(2) say, with operation and address in the message;
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a path that cannot be one.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it never waits.
    pub async fn bind(addr: impl IntoUnixAddr) -> io::Result<UnixDatagram> {
        let (address, for_kernel) = given("bind", addr)?;
        let bind = || {
            let socket = open(Type::DGRAM)?;
            socket.bind(&for_kernel)?;
            Ok(UnixDatagram::of(socket))
        };
        bind().map_err(|error| failed("bind", &address, error))
    }

    /// [`bind`](Self::bind), and when the path is taken by the file of a socket that no process has open any more, in place of it. See
    /// [`UnixListener::bind_replacing`](super::UnixListener::bind_replacing).
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind); [`AddrInUse`](io::ErrorKind::AddrInUse) when a socket is alive there, or the file is none.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it never waits.
    ///
    /// # Examples
    ///
    /// ```
    /// use fend::net::UnixDatagram;
    ///
    /// # let path = std::env::temp_dir().join(format!("fend-doc-datagram-again-{}", std::process::id()));
    /// # fend::block_on(async {
    /// drop(UnixDatagram::bind(&path).await?); // The file stays.
    /// assert!(UnixDatagram::bind(&path).await.is_err());
    /// let socket = UnixDatagram::bind_replacing(&path).await?;
    /// # drop(socket);
    /// # std::fs::remove_file(&path)
    /// # }).unwrap();
    /// ```
    pub async fn bind_replacing(addr: impl IntoUnixAddr) -> io::Result<UnixDatagram> {
        let socket = super::UnixSocket::new_datagram()?;
        socket.bind_replacing(addr)?;
        socket.datagram()
    }

    /// A socket without a name. It can send, but nobody can answer it.
    ///
    /// # Errors
    ///
    /// What socket(2) says.
    pub fn unbound() -> io::Result<UnixDatagram> {
        match open(Type::DGRAM) {
            Ok(socket) => Ok(UnixDatagram::of(socket)),
            Err(error) => Err(SocketError::wrap("socket", Place::Unknown, error)),
        }
    }

    /// Two sockets without names, connected to each other.
    ///
    /// # Errors
    ///
    /// What socketpair(2) says.
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        match Socket::pair(Domain::UNIX, Type::DGRAM.nonblocking(), None) {
            Ok((one, other)) => Ok((UnixDatagram::of(one), UnixDatagram::of(other))),
            Err(error) => Err(SocketError::wrap("socketpair", Place::Unknown, error)),
        }
    }

    pub(super) fn of(socket: Socket) -> UnixDatagram {
        let assumed = Readiness::READABLE.union(Readiness::WRITABLE);
        UnixDatagram { fd: Arc::new(AsyncFd::with_assumed(socket, assumed)) }
    }

    /// Sends to this address from now on, and receives from nobody else. May be called again for another one.
    ///
    /// # Errors
    ///
    /// What connect(2) says, with the address: [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) when nobody has the file open,
    /// [`PermissionDenied`](io::ErrorKind::PermissionDenied) when the other socket is itself connected elsewhere.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it never waits.
    pub async fn connect(&self, addr: impl IntoUnixAddr) -> io::Result<()> {
        let (address, for_kernel) = given("connect", addr)?;
        self.socket().connect(&for_kernel).map_err(|error| failed("connect", &address, error))
    }

    record_methods!(
        recv: recv,
        end: "0 is an empty datagram (or, after `shutdown` of this end's read direction, nothing more).",
        send_errors: "What send(2) says: [`NotConnected`](std::io::ErrorKind::NotConnected) without \
                      [`connect`](Self::connect), [`ConnectionRefused`](std::io::ErrorKind::ConnectionRefused) when the \
                      receiver is gone,"
    );

    /// [`recv`](Self::recv) that takes also what is longer than `buf`, and tells so.
    ///
    /// # Errors
    ///
    /// What recv(2) says.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a datagram is either returned or still in the socket.
    ///
    /// # Examples
    ///
    /// ```
    /// use fend::net::UnixDatagram;
    ///
    /// # fend::block_on(async {
    /// let (ours, theirs) = UnixDatagram::pair()?;
    /// theirs.send(b"too long").await?;
    /// let record = ours.recv_record(&mut [0; 3]).await?;
    /// assert!(record.is_truncated());
    /// assert_eq!((record.len, record.full_len), (3, 8));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn recv_record(&self, buf: &mut [u8]) -> io::Result<Record> {
        let room = buf.len();
        let receive = |socket: &Socket| unless_shut_down(socket, || record::recv_any(socket, buf), || Ok(0));
        self.fd.with(Direction::Read, receive).await.map(|full_len| Record::of(full_len, room))
    }

    /// Receives one datagram, and tells who sent it: an unnamed address when the sender is not bound.
    ///
    /// # Errors
    ///
    /// [`InvalidData`](io::ErrorKind::InvalidData) with a [`TruncatedError`](super::TruncatedError) when the datagram is longer than
    /// `buf`; what recvfrom(2) says.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a datagram is either returned or still in the socket.
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.fd.with(Direction::Read, |socket| recv_from(socket, buf, MsgFlags::TRUNC)).await
    }

    /// [`recv_from`](Self::recv_from), polled. A call that says `Pending` leaves its waker, as of [`poll_recv`](Self::poll_recv).
    ///
    /// # Errors
    ///
    /// As [`recv_from`](Self::recv_from).
    pub fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        self.fd.poll_with(cx, Direction::Read, |socket| recv_from(socket, buf, MsgFlags::TRUNC))
    }

    /// [`recv_from`](Self::recv_from) without waiting.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is nothing, else as [`recv_from`](Self::recv_from).
    pub fn try_recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.fd.try_with(Direction::Read, |socket| recv_from(socket, buf, MsgFlags::TRUNC))
    }

    /// Receives like [`recv_from`](Self::recv_from), and leaves the datagram in the socket for the next receiver. What is longer than
    /// `buf` is no error here.
    ///
    /// # Errors
    ///
    /// What recvfrom(2) says.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it takes nothing.
    pub async fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.fd.with(Direction::Read, |socket| recv_from(socket, buf, MsgFlags::PEEK)).await
    }

    /// [`peek_from`](Self::peek_from), polled. A call that says `Pending` leaves its waker, as of [`poll_recv`](Self::poll_recv).
    ///
    /// # Errors
    ///
    /// As [`peek_from`](Self::peek_from).
    pub fn poll_peek_from(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        self.fd.poll_with(cx, Direction::Read, |socket| recv_from(socket, buf, MsgFlags::PEEK))
    }

    /// [`peek_from`](Self::peek_from) without waiting.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is nothing, else as [`peek_from`](Self::peek_from).
    pub fn try_peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.fd.try_with(Direction::Read, |socket| recv_from(socket, buf, MsgFlags::PEEK))
    }

    /// Sends `buf` as one datagram to an address, and waits when there is no room.
    ///
    /// When the receiver's queue is full and this socket is not connected to it, the kernel does not tell when there is room again:
    /// then it tries again after 1 ms, and after growing pauses of up to 64 ms. For the same reason there is no form of this
    /// for poll functions. A socket that is connected to its receiver is told, and [`send`](Self::send) goes on at once.
    /// A peer that this socket is connected to, and whose queue is full, does not hold up what is sent to others.
    ///
    /// # Errors
    ///
    /// What sendto(2) says, with the address: [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) when nobody has the file open,
    /// [`EMSGSIZE`](libc::EMSGSIZE) when it is longer than the send buffer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: when the future is dropped before it is ready, nothing was sent.
    pub async fn send_to(&self, buf: &[u8], addr: impl IntoUnixAddr) -> io::Result<usize> {
        self.send_patiently(addr, |socket, to| send_to(socket, buf, to)).await
    }

    /// [`send_to`](Self::send_to) without waiting.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is no room here or at the receiver, else as [`send_to`](Self::send_to).
    pub fn try_send_to(&self, buf: &[u8], addr: impl IntoUnixAddr) -> io::Result<usize> {
        let (address, for_kernel) = given("send to", addr)?;
        // Past the driver: a WouldBlock of this receiver says nothing about the one that the socket is connected to.
        send_to(self.socket(), buf, &for_kernel).map_err(|error| failed("send to", &address, error))
    }

    /// Sends the bytes of several buffers as one datagram to an address, and control messages with them. It waits as
    /// [`send_to`](Self::send_to) does.
    ///
    /// # Errors
    ///
    /// What sendmsg(2) says, with the address, as [`send_to`](Self::send_to).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: when the future is dropped before it is ready, nothing was sent.
    pub async fn send_msg_to(
        &self,
        bufs: &[IoSlice<'_>],
        addr: impl IntoUnixAddr,
        control: &ControlBuffer<'_>,
        flags: MsgFlags,
    ) -> io::Result<usize> {
        self.send_patiently(addr, |socket, to| message::send(socket, bufs, Some(to), control, flags)).await
    }

    /// Sends to an address, whether or not the kernel tells when there is room.
    async fn send_patiently(
        &self,
        addr: impl IntoUnixAddr,
        mut send: impl FnMut(&Socket, &SockAddr) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let (address, for_kernel) = given("send to", addr)?;
        let failed = |error| failed("send to", &address, error);
        let mut pauses = Pauses::new();
        loop {
            let attempt = |socket: &Socket| unless_receiver_is_full(socket, send(socket, &for_kernel));
            match at_once(self.fd.with(Direction::Write, attempt)).await {
                Some(Ok(Some(sent))) => return Ok(sent),
                Some(Ok(None)) => pauses.pause().await,
                Some(Err(error)) => return Err(failed(error)),
                None => {
                    // Not writable. Of a connected socket the kernel says so when its peer's queue is full, which is nothing to this
                    // receiver: so it is tried all the same, after the other tasks have had their turn.
                    yield_now().await;
                    match send(self.socket(), &for_kernel) {
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                            pauses.pause_until(ready(&self.fd, Direction::Write)).await.map_err(failed)?;
                        }
                        other => return other.map_err(failed),
                    }
                }
            }
        }
    }

    message_methods!(
        handing_over: handing_over,
        send_msg: message::send_record,
        recv_msg: recv_msg,
        recv_flags: MsgFlags::TRUNC,
        buffers: "More than 1024 buffers are refused with `EMSGSIZE`: a datagram goes as a whole.",
        send: "It goes to the socket that this one is connected to; [`send_msg_to`](Self::send_msg_to) sends to an address.",
        recv: "",
        example: "UnixDatagram",
    );

    peer_credentials_methods!();
    receive_credentials_methods!(
        "Without a name the socket gets an abstract one from the kernel when it sends."
    );

    pub(super) fn from_registered(fd: Registered) -> UnixDatagram {
        UnixDatagram { fd }
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

fn recv(socket: &Socket, buf: &mut [u8], flags: MsgFlags) -> io::Result<usize> {
    unless_shut_down(socket, || record::recv(socket, buf, flags), || Ok(0))
}

fn recv_msg(
    socket: &Socket,
    bufs: &mut [IoSliceMut<'_>],
    control: &mut ReceivedControl,
    flags: MsgFlags,
) -> io::Result<UnixMessage> {
    unless_shut_down(socket, || message::recv(socket, bufs, control, flags), || Ok(UnixMessage::empty()))
}

fn recv_from(socket: &Socket, buf: &mut [u8], flags: MsgFlags) -> io::Result<(usize, SocketAddr)> {
    let mut nothing = ReceivedControl::default();
    let room = buf.len();
    let message = recv_msg(socket, &mut [IoSliceMut::new(buf)], &mut nothing, flags)?;
    record::must_fit(message.len, room)?;
    Ok((message.len, message.source))
}

fn send_to(socket: &Socket, buf: &[u8], address: &SockAddr) -> io::Result<usize> {
    uninterrupted(|| socket.send_to_with_flags(buf, address, libc::MSG_NOSIGNAL))
}

/// `None` for an `EAGAIN` that no event will end: this socket has room, so it was the receiver's that was missing.
fn unless_receiver_is_full<T>(socket: &Socket, sent: io::Result<T>) -> io::Result<Option<T>> {
    match sent {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock && is_writable_now(socket)? => Ok(None),
        other => other.map(Some),
    }
}

/// Also the number of the fd, for comparison with `strace` and `ss -p`.
impl fmt::Debug for UnixDatagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("UnixDatagram");
        if let Ok(address) = self.local_addr() {
            out.field("addr", &address);
        }
        if let Ok(peer) = self.peer_addr() {
            out.field("peer", &peer);
        }
        out.field("fd", &self.socket().as_raw_fd()).finish()
    }
}
