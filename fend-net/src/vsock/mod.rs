//! Sockets between a virtual machine and its host: [`VsockListener`] takes connections, [`VsockStream`] is one. See
//! [vsock(7)](https://man7.org/linux/man-pages/man7/vsock.7.html).

mod listener;
mod options;
mod stream;

pub use listener::VsockListener;
pub use stream::VsockStream;

use std::fmt;
use std::io;

use socket2::{Domain, SockAddr, Socket, Type};

use crate::error::SocketError;

/// The address of a vsock socket: a machine by its context id, and a port of 32 bits.
///
/// # Examples
///
/// ```
/// use fend::net::vsock::VsockAddr;
///
/// let address = VsockAddr::new(VsockAddr::HOST, 1024);
/// assert_eq!(address.to_string(), "2:1024");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VsockAddr {
    /// The machine.
    pub cid: u32,
    /// The port.
    pub port: u32,
}

impl VsockAddr {
    /// To bind: every context id of this machine.
    pub const ANY: u32 = libc::VMADDR_CID_ANY;
    /// This machine itself, where the kernel has `vsock_loopback`.
    pub const LOCAL: u32 = libc::VMADDR_CID_LOCAL;
    /// The machine that this one runs on.
    pub const HOST: u32 = libc::VMADDR_CID_HOST;
    /// To bind: a port that the kernel chooses.
    pub const ANY_PORT: u32 = libc::VMADDR_PORT_ANY;

    /// The port of a machine.
    pub const fn new(cid: u32, port: u32) -> VsockAddr {
        VsockAddr { cid, port }
    }

    fn for_kernel(self) -> SockAddr {
        SockAddr::vsock(self.cid, self.port)
    }

    pub(crate) fn of_kernel(address: &SockAddr) -> io::Result<VsockAddr> {
        match address.as_vsock_address() {
            Some((cid, port)) => Ok(VsockAddr { cid, port }),
            None => Err(io::Error::new(io::ErrorKind::InvalidData, "not the address of a vsock socket")),
        }
    }
}

/// `cid:port`.
impl fmt::Display for VsockAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.cid, self.port)
    }
}

/// A new vsock socket, non-blocking and close-on-exec from birth.
fn open() -> io::Result<Socket> {
    Socket::new(Domain::VSOCK, Type::STREAM.nonblocking(), None)
}

fn failed(operation: &'static str, address: VsockAddr, error: io::Error) -> io::Error {
    SocketError::wrap(operation, format!("vsock {address}"), error)
}

/// What each type can do with fds.
macro_rules! fds {
    ($type:ty, listening: $listening:expr) => {
        #[doc = "Checks that the fd is a vsock socket of this kind, and makes it non-blocking."]
        impl TryFrom<::std::os::fd::OwnedFd> for $type {
            type Error = ::std::io::Error;

            fn try_from(fd: ::std::os::fd::OwnedFd) -> ::std::io::Result<Self> {
                let (family, kind) = ($crate::socket::Family::Vsock, ::socket2::Type::STREAM);
                $crate::socket::adopt(::socket2::Socket::from(fd), family, Some(kind), $listening).map(<$type>::of)
            }
        }

        #[doc = "The fd stays non-blocking. Fails, and gives the socket back, while clones or halves of it are alive."]
        impl TryFrom<$type> for ::std::os::fd::OwnedFd {
            type Error = $crate::release::ReleaseError<$type>;

            fn try_from(socket: $type) -> Result<Self, Self::Error> {
                $crate::release::release(socket.fd, |fd| <$type>::from_registered(fd)).map(Into::into)
            }
        }

        impl ::std::os::fd::AsFd for $type {
            fn as_fd(&self) -> ::std::os::fd::BorrowedFd<'_> {
                self.socket().as_fd()
            }
        }

        impl ::std::os::fd::AsRawFd for $type {
            fn as_raw_fd(&self) -> ::std::os::fd::RawFd {
                self.socket().as_raw_fd()
            }
        }

        // As TCP's: see `tcp/unwind.rs`.
        impl ::std::panic::UnwindSafe for $type {}
        impl ::std::panic::RefUnwindSafe for $type {}
    };
}

use fds;
