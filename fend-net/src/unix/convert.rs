//! From std's types and bare fds, and back.
//!
//! On the way in a socket is made non-blocking, whatever it was. On the way out to a type of std it becomes blocking
//! again, as users of std expect; on the way out to a bare fd it stays as it is.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net;
use std::panic::{RefUnwindSafe, UnwindSafe};

use socket2::{Socket, Type};

use super::{UnixDatagram, UnixListener, UnixSeqpacket, UnixSeqpacketListener, UnixStream};
use crate::release::{ReleaseError, release, release_blocking};
use crate::socket::{Family, adopt, must_be_connected};

fn connected(socket: &Socket) -> io::Result<()> {
    must_be_connected(socket, "UnixSocket")
}

/// What each type can do with fds.
macro_rules! fds {
    ($type:ty, $kind:expr, listening: $listening:expr, $check:expr, $doc:literal) => {
        #[doc = $doc]
        impl TryFrom<OwnedFd> for $type {
            type Error = io::Error;

            fn try_from(fd: OwnedFd) -> io::Result<Self> {
                let socket = adopt(Socket::from(fd), Family::Unix, Some($kind), $listening)?;
                let check: fn(&Socket) -> io::Result<()> = $check;
                check(&socket)?;
                Ok(<$type>::of(socket))
            }
        }

        #[doc = "The fd stays non-blocking. Fails, and gives the socket back, while clones or halves of it are alive."]
        impl TryFrom<$type> for OwnedFd {
            type Error = ReleaseError<$type>;

            fn try_from(socket: $type) -> Result<Self, Self::Error> {
                release(socket.into_registered(), <$type>::from_registered).map(Into::into)
            }
        }

        impl AsFd for $type {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.socket().as_fd()
            }
        }

        impl AsRawFd for $type {
            fn as_raw_fd(&self) -> RawFd {
                self.socket().as_raw_fd()
            }
        }

        // As TCP's: see `tcp/unwind.rs`.
        impl UnwindSafe for $type {}
        impl RefUnwindSafe for $type {}
    };
}

fds!(UnixListener, Type::STREAM, listening: true, |_| Ok(()), "Checks that the fd is a Unix socket of this kind, and makes it non-blocking.");
fds!(UnixStream, Type::STREAM, listening: false, connected, "Checks that the fd is a Unix socket of this kind that is connected or was, and makes it non-blocking. Before that it is a [`UnixSocket`](super::UnixSocket).");
fds!(UnixDatagram, Type::DGRAM, listening: false, |_| Ok(()), "Checks that the fd is a Unix socket of this kind, and makes it non-blocking.");
fds!(UnixSeqpacketListener, Type::SEQPACKET, listening: true, |_| Ok(()), "Checks that the fd is a Unix socket of this kind, and makes it non-blocking.");
fds!(UnixSeqpacket, Type::SEQPACKET, listening: false, connected, "Checks that the fd is a Unix socket of this kind that is connected or was, and makes it non-blocking. Before that it is a [`UnixSocket`](super::UnixSocket).");

/// To and from the type of std that has the same name.
macro_rules! std_types {
    ($type:ident) => {
        #[doc = "As of an [`OwnedFd`]."]
        impl TryFrom<net::$type> for $type {
            type Error = io::Error;

            fn try_from(socket: net::$type) -> io::Result<Self> {
                $type::try_from(OwnedFd::from(socket))
            }
        }

        impl $type {
            /// The socket as std's type, in blocking mode, out of the runtime.
            ///
            /// The mode is a property of the open socket: an fd of it that was duplicated before becomes blocking too.
            ///
            /// # Errors
            ///
            /// [`ReleaseError`] with this socket when clones or halves of it are alive.
            pub fn into_std(self) -> Result<net::$type, ReleaseError<$type>> {
                let socket = release_blocking(self.into_registered(), $type::from_registered)?;
                Ok(net::$type::from(OwnedFd::from(socket)))
            }
        }
    };
}

std_types!(UnixListener);
std_types!(UnixStream);
std_types!(UnixDatagram);
