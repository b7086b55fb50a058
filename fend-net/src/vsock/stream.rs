//! [`VsockStream`]: one connection.

use std::fmt;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use fend_reactor::io::{AsyncFd, Direction, Readiness};
use socket2::Socket;

use super::{VsockAddr, failed, fds, open};
use crate::ready::ready;
use crate::socket::Registered;
use crate::stream::methods::{connection_methods, peer_closed_methods, receive_methods, send_methods};
use crate::stream::{
    ByteStream, Inside, OwnedReadHalf, OwnedWriteHalf, ReadHalf, Sealed, WriteHalf, async_read, async_write,
};

/// A connection over a vsock socket. All clones share one socket, which is closed when the last one is dropped.
///
/// # Examples
///
/// ```no_run
/// use fend::net::vsock::{VsockAddr, VsockStream};
///
/// # fend::block_on(async {
/// let stream = VsockStream::connect(VsockAddr::new(VsockAddr::HOST, 1024)).await?;
/// stream.send_all(b"hello, host").await?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct VsockStream {
    pub(super) fd: Registered,
}

impl VsockStream {
    /// Connects to an address. The kernel gives up after two seconds without an answer.
    ///
    /// # Errors
    ///
    /// What connect(2) says, with the address in the message: `EAFNOSUPPORT` when the kernel has no vsock, `ENODEV` when this machine
    /// has no way there, [`ConnectionReset`](io::ErrorKind::ConnectionReset) when nobody listens,
    /// [`TimedOut`](io::ErrorKind::TimedOut).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future gives the attempt up and closes its socket at once.
    pub async fn connect(address: VsockAddr) -> io::Result<VsockStream> {
        connect(address).await.map_err(|error| failed("connect", address, error))
    }

    pub(crate) fn of(socket: Socket) -> VsockStream {
        let assumed = Readiness::READABLE.union(Readiness::WRITABLE);
        VsockStream::from_registered(Arc::new(AsyncFd::with_assumed(socket, assumed)))
    }

    pub(super) fn from_registered(fd: Registered) -> VsockStream {
        VsockStream { fd }
    }

    receive_methods!();
    send_methods!();
    peer_closed_methods!();
    connection_methods!();

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// What getpeername(2) says.
    pub fn peer_addr(&self) -> io::Result<VsockAddr> {
        VsockAddr::of_kernel(&self.socket().peer_addr()?)
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// What getsockname(2) says.
    pub fn local_addr(&self) -> io::Result<VsockAddr> {
        VsockAddr::of_kernel(&self.socket().local_addr()?)
    }

    /// Both directions as values of their own, borrowed from the stream. Costs nothing.
    pub fn split(&mut self) -> (ReadHalf<'_, VsockStream>, WriteHalf<'_, VsockStream>) {
        (ReadHalf::of(self), WriteHalf::of(self))
    }

    /// Both directions as values of their own that can move into different tasks. Dropping the write half closes
    /// the write direction. [`OwnedReadHalf::reunite`] makes them one stream again.
    pub fn into_split(self) -> (OwnedReadHalf<VsockStream>, OwnedWriteHalf<VsockStream>) {
        (OwnedReadHalf::of(self.clone()), OwnedWriteHalf::of(self))
    }

    pub(crate) fn registered(&self) -> &Registered {
        &self.fd
    }

    pub(crate) fn socket(&self) -> &Socket {
        self.fd.get_ref()
    }
}

async fn connect(address: VsockAddr) -> io::Result<VsockStream> {
    let socket = open()?;
    let pending = match socket.connect(&address.for_kernel()) {
        Ok(()) => false,
        Err(error) if matches!(error.raw_os_error(), Some(libc::EINPROGRESS | libc::EINTR)) => true,
        Err(error) => return Err(error),
    };
    // One that is connected already has room to send.
    let assumed = if pending { Readiness::NONE } else { Readiness::WRITABLE };
    let fd = AsyncFd::with_assumed(socket, assumed);
    if pending {
        ready(&fd, Direction::Write).await?;
        // What became of the attempt is in SO_ERROR; writable is said of a failed one too.
        fd.get_ref().take_error()?.map_or(Ok(()), Err)?;
    }
    Ok(VsockStream::from_registered(Arc::new(fd)))
}

async_read!([] VsockStream);
async_read!([] & VsockStream);
async_write!([] VsockStream);
async_write!([] & VsockStream);
fds!(VsockStream, listening: false);

impl Sealed for VsockStream {
    /// It depends on the transport: that of Hyper-V (`hvs_stream_dequeue`) gives the rest of one packet of its ring at most, and more may
    /// be there.
    fn short_receive_empties(_: Inside) -> bool {
        false
    }

    fn registered(&self, _: Inside) -> &Registered {
        &self.fd
    }
}

impl ByteStream for VsockStream {
    type Addr = VsockAddr;

    fn peer_addr(&self) -> io::Result<VsockAddr> {
        VsockStream::peer_addr(self)
    }

    fn local_addr(&self) -> io::Result<VsockAddr> {
        VsockStream::local_addr(self)
    }
}

/// Also the number of the fd, for comparison with `strace`.
impl fmt::Debug for VsockStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("VsockStream");
        if let Ok(address) = self.local_addr() {
            out.field("addr", &address);
        }
        if let Ok(peer) = self.peer_addr() {
            out.field("peer", &peer);
        }
        out.field("fd", &self.socket().as_raw_fd()).finish()
    }
}
