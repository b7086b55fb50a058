//! [`VsockListener`]: a socket that takes connections.

use std::fmt;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use fend_reactor::io::{AsyncFd, Readiness};
use socket2::Socket;

use super::{VsockAddr, VsockStream, failed, fds, open};
use crate::accept::BACKLOG;
use crate::accept::methods::accept_methods;
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

    accept_methods!(VsockListener, VsockStream, VsockAddr, "Its context id says which machine it is.");

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
