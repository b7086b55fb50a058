//! [`VsockListener`]: a socket that takes connections.

use std::fmt;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::task::{Context, Poll};

use fend_reactor::io::{AsyncFd, Readiness};
use socket2::Socket;

use super::{VsockAddr, VsockStream, failed, fds, open};
use crate::accept::{self, BACKLOG, Incoming, IntoIncoming};
use crate::socket::Registered;

/// A vsock socket that takes connections. All clones share one socket, which is closed when the last one is dropped.
///
/// # Examples
///
/// ```no_run
/// use fend::net::vsock::{VsockAddr, VsockListener};
///
/// # fend::block_on(async {
/// let listener = VsockListener::bind(VsockAddr::new(VsockAddr::ANY, 1024)).await?;
/// let (stream, peer) = listener.accept().await?;
/// stream.send_all(format!("hello, machine {}", peer.cid).as_bytes()).await?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct VsockListener {
    pub(super) fd: Registered,
}

impl VsockListener {
    /// Listens on an address. The backlog is 1024 connections.
    ///
    /// # Errors
    ///
    /// What socket(2), bind(2) and listen(2) say, with operation and address in the message: `EAFNOSUPPORT` when the kernel has no
    /// vsock, [`AddrNotAvailable`](io::ErrorKind::AddrNotAvailable) for a context id that is not of this machine.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it never waits.
    pub async fn bind(address: VsockAddr) -> io::Result<VsockListener> {
        let listen = || {
            let socket = open()?;
            socket.bind(&address.for_kernel())?;
            socket.listen(BACKLOG)?;
            Ok(VsockListener::of(socket))
        };
        listen().map_err(|error| failed("bind", address, error))
    }

    pub(super) fn of(socket: Socket) -> VsockListener {
        VsockListener::from_registered(Arc::new(AsyncFd::with_assumed(socket, Readiness::NONE)))
    }

    pub(super) fn from_registered(fd: Registered) -> VsockListener {
        VsockListener { fd }
    }

    /// Takes the next connection: the stream and the peer's address.
    ///
    /// # Errors
    ///
    /// What accept(2) says, and when the runtime has shut down. [`AcceptErrorKind`](crate::AcceptErrorKind) tells what to do about
    /// it.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a connection is either returned or still queued.
    pub async fn accept(&self) -> io::Result<(VsockStream, VsockAddr)> {
        accept::accept(self).await
    }

    /// [`accept`](Self::accept), polled. A call that says `Pending` leaves its waker. Up to 32 different ones are kept; one more
    /// wakes the oldest and forgets it, so that its task polls again.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept).
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(VsockStream, VsockAddr)>> {
        accept::poll_accept(self, cx)
    }

    /// The connections, as a stream that never ends. It gives them without their peers' addresses.
    pub fn incoming(&self) -> Incoming<'_, VsockListener> {
        Incoming::of(self)
    }

    /// [`incoming`](Self::incoming) that owns the listener, so that it can move into a task.
    pub fn into_incoming(self) -> IntoIncoming<VsockListener> {
        IntoIncoming::of(self)
    }

    /// The address it listens on.
    ///
    /// # Errors
    ///
    /// What getsockname(2) says.
    pub fn local_addr(&self) -> io::Result<VsockAddr> {
        VsockAddr::of_kernel(&self.socket().local_addr()?)
    }

    pub(crate) fn registered(&self) -> &Registered {
        &self.fd
    }

    pub(crate) fn socket(&self) -> &Socket {
        self.fd.get_ref()
    }
}

fds!(VsockListener, listening: true);

/// Also the number of the fd, for comparison with `strace`.
impl fmt::Debug for VsockListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("VsockListener");
        if let Ok(address) = self.local_addr() {
            out.field("addr", &address);
        }
        out.field("fd", &self.socket().as_raw_fd()).finish()
    }
}
