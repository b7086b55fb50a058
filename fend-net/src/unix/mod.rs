//! Unix sockets, between processes of one machine: [`UnixListener`] and [`UnixStream`] for bytes, [`UnixSeqpacketListener`] and
//! [`UnixSeqpacket`] for connections that keep the borders of records, [`UnixDatagram`] without connections. See
//! [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html).
//!
//! # Addresses
//!
//! An address is a path in the file system, or a name in the *abstract* namespace, which is no file and vanishes with its socket.
//! Where one is asked for, [`IntoUnixAddr`] takes a path in any of its usual forms, or a [`SocketAddr`], which can be
//! abstract. Addresses are told as [`SocketAddr`]s, std's type.
//!
//! The kernel takes paths of at most 107 bytes. Binding to a path makes a file there, which stays when the socket is closed, and the
//! next bind to it then fails: see [`UnixListener::bind`] for what to do.
//!
//! # What else they carry
//!
//! Open files: [`UnixStream::send_with_fds`] hands descriptors to the peer, [`UnixStream::recv_with_fds`] gives those that came, as
//! [`OwnedFd`](std::os::fd::OwnedFd)s that close on exec. The kernel tells who the peer is: [`UnixStream::peer_cred`], and
//! [`UnixStream::peer_pidfd`] for a handle that outlives its number. For anything else there are control messages:
//! [`UnixStream::send_msg`], [`UnixStream::recv_msg`], [`control`](crate::control).

mod addr;
mod connect;
mod convert;
mod credentials;
mod datagram;
mod listener;
mod message;
mod message_methods;
mod options;
mod record;
mod record_methods;
mod replace;
mod seqpacket;
mod seqpacket_listener;
mod socket;
mod stream;

pub use std::os::unix::net::SocketAddr;

pub use crate::control::Credentials as UCred;
pub use crate::udp::TruncatedError;
pub use addr::IntoUnixAddr;
pub(crate) use addr::{of_peer, shown};
pub use datagram::UnixDatagram;
pub use listener::UnixListener;
pub use message::UnixMessage;
pub use record::Record;
pub use seqpacket::UnixSeqpacket;
pub use seqpacket_listener::UnixSeqpacketListener;
pub use socket::UnixSocket;
pub use stream::UnixStream;
