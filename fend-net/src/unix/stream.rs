//! [`UnixStream`]: one connection.

use std::fmt;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use fend_reactor::io::{AsyncFd, Readiness};
use socket2::{Domain, Socket, Type};

use super::addr::from_kernel;
use super::credentials::{peer_credentials_methods, receive_credentials_methods};
use super::message::{self, handing_over_on_stream};
use super::message_methods::message_methods;
use super::{IntoUnixAddr, SocketAddr, UnixSocket};
use crate::error::{Place, SocketError};
use crate::flags::MsgFlags;
use crate::socket::Registered;
use crate::stream::methods::{connection_methods, peer_closed_methods, receive_methods, send_methods};
use crate::stream::{
    ByteStream, Inside, OwnedReadHalf, OwnedWriteHalf, ReadHalf, Sealed, WriteHalf, async_read, async_write,
};

/// A connection over a Unix stream socket.
///
/// Everything takes `&self`. Cloning is cheap: all clones share one socket, which is closed when the last one is dropped.
/// One task may receive while another sends; several may do the same thing at once, and each byte then goes to one
/// of them.
///
/// The methods here are plain operations on the socket. For `read_to_end`, `copy`, `BufReader` and the like there are the
/// [`futures_io`] traits, which `UnixStream` and `&UnixStream` implement, with `futures_lite::io` or `futures_util::io`.
///
/// When one end is closed with data in it that nobody has received, the other end gets
/// [`ConnectionReset`](io::ErrorKind::ConnectionReset). To say "that was all" and still receive, use
/// [`shutdown`](Self::shutdown).
///
/// # Examples
///
/// ```
/// use fend::net::UnixStream;
///
/// # fend::block_on(async {
/// let (ours, theirs) = UnixStream::pair()?;
/// ours.send_all(b"ping").await?;
/// let mut buf = [0; 1024];
/// let n = theirs.recv(&mut buf).await?;
/// assert_eq!(&buf[..n], b"ping");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct UnixStream {
    fd: Registered,
}

impl UnixStream {
    /// Connects to a path or an abstract name.
    ///
    /// While the listener's queue is full it waits, for as long as it takes: put `fend::time::timeout` around it. The kernel does not
    /// announce that there is room, so it tries again after 1 ms, and after growing pauses of up to 64 ms.
    ///
    /// # Errors
    ///
    /// What connect(2) says, with the address in the message: "connect /run/x.sock: Connection refused (os error 111)" when
    /// nobody listens there any more, [`NotFound`](io::ErrorKind::NotFound) when there is no file.
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a path that cannot be one: see [`IntoUnixAddr`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future closes the socket at once, and no connection is made.
    pub async fn connect(addr: impl IntoUnixAddr) -> io::Result<UnixStream> {
        UnixSocket::new_stream()?.connect(addr).await
    }

    /// Two sockets without names, connected to each other.
    ///
    /// # Errors
    ///
    /// What socketpair(2) says.
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        match Socket::pair(Domain::UNIX, Type::STREAM.nonblocking(), None) {
            Ok((one, other)) => Ok((UnixStream::of(one), UnixStream::of(other))),
            Err(error) => Err(SocketError::wrap("socketpair", Place::Unknown, error)),
        }
    }

    /// A stream of a non-blocking socket that is connected: there is room to send, and data has often come already, so that the first
    /// call of either kind is tried at once.
    pub(crate) fn of(socket: Socket) -> UnixStream {
        let assumed = Readiness::READABLE.union(Readiness::WRITABLE);
        UnixStream { fd: Arc::new(AsyncFd::with_assumed(socket, assumed)) }
    }

    receive_methods!();
    send_methods!();
    peer_closed_methods!();
    connection_methods!();

    /// The address of the other end. Unnamed, unless the peer has bound its socket: of an accepted stream it nearly always is.
    ///
    /// # Errors
    ///
    /// What getpeername(2) says.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        from_kernel(&self.socket().peer_addr()?)
    }

    /// The address of this end: of an accepted stream the listener's.
    ///
    /// # Errors
    ///
    /// What getsockname(2) says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        from_kernel(&self.socket().local_addr()?)
    }

    message_methods!(
        handing_over: handing_over_on_stream,
        send_msg: message::send_on_stream,
        recv_msg: message::recv_on_stream,
        recv_flags: MsgFlags::NONE,
        buffers: "At most 1024 buffers are used, from the first on that is not empty. Control messages go with a byte: a send of some without any \
                  byte is refused as [`InvalidInput`](std::io::ErrorKind::InvalidInput).",
        send: "When fewer bytes are sent than `buf` has, the descriptors went with the first of them: send the rest with [`send_all`](Self::send_all). An empty `buf` is refused: descriptors go with a byte.",
        recv: "A receive ends where the bytes end that descriptors came with, so that descriptors of two sends never come together.",
        example: "UnixStream",
    );

    peer_credentials_methods!();
    receive_credentials_methods!("Both ends of a connection have their own setting.");

    /// Both directions as values of their own, borrowed from the stream. Costs nothing.
    pub fn split(&mut self) -> (ReadHalf<'_, UnixStream>, WriteHalf<'_, UnixStream>) {
        (ReadHalf::of(self), WriteHalf::of(self))
    }

    /// Both directions as values of their own that can move into different tasks. Dropping the write half closes
    /// the write direction. [`OwnedReadHalf::reunite`] makes them one stream again.
    ///
    /// # Examples
    ///
    /// ```
    /// use fend::net::UnixStream;
    ///
    /// # fend::block_on(async {
    /// let (ours, theirs) = UnixStream::pair()?;
    /// let (reader, writer) = ours.into_split();
    /// writer.send_all(b"all there is").await?;
    /// drop(writer); // The peer reads to the end.
    /// theirs.recv_exact(&mut [0; 12]).await?;
    /// assert_eq!(theirs.recv(&mut [0; 1]).await?, 0);
    /// # drop(reader);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn into_split(self) -> (OwnedReadHalf<UnixStream>, OwnedWriteHalf<UnixStream>) {
        (OwnedReadHalf::of(self.clone()), OwnedWriteHalf::of(self))
    }

    pub(super) fn from_registered(fd: Registered) -> UnixStream {
        UnixStream { fd }
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

async_read!([] UnixStream);
async_read!([] & UnixStream);
async_write!([] UnixStream);
async_write!([] & UnixStream);

impl Sealed for UnixStream {
    /// A receive ends where a record of fds or other credentials begins or ends, and at urgent data, even if more is there.
    fn short_receive_empties(_: Inside) -> bool {
        false
    }

    fn registered(&self, _: Inside) -> &Registered {
        &self.fd
    }
}

impl ByteStream for UnixStream {
    type Addr = SocketAddr;

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        UnixStream::peer_addr(self)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        UnixStream::local_addr(self)
    }
}

/// Also the number of the fd, for comparison with `strace` and `ss -p`.
impl fmt::Debug for UnixStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("UnixStream");
        if let Ok(address) = self.local_addr() {
            out.field("addr", &address);
        }
        if let Ok(peer) = self.peer_addr() {
            out.field("peer", &peer);
        }
        out.field("fd", &self.socket().as_raw_fd()).finish()
    }
}
