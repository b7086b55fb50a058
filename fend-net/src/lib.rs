//! Sockets for the fend runtime.
//!
//! A socket here is an fd in non-blocking mode, shared by its clones and registered with the runtime when a task first
//! has to wait for it. An operation tries its system call first and waits only when the kernel says that it would
//! block, so a `recv` that finds data costs one `recv(2)` and nothing else.
//!
//! All operations take `&self`: one task may receive while another sends, on the same value or on clones, each
//! with its own waker. The streams implement [`futures_io::AsyncRead`] and [`futures_io::AsyncWrite`] too, for `T` and `&T`.
//!
//! Sockets take addresses, never host names: see [`IntoAddrs`].
//!
//! # What is here
//!
//! | for | there is |
//! |---|---|
//! | TCP | [`TcpListener`], [`TcpStream`]; before they listen or connect [`TcpSocket`]; several addresses with times of your own [`TcpConnector`]; in [`tcp`] |
//! | datagrams over IP | [`UdpSocket`]: connected or not, multicast, many with one system call, what the kernel knows of each; in [`udp`] |
//! | processes of one host | [`UnixStream`], [`UnixDatagram`], [`UnixSeqpacket`], their listeners and [`UnixSocket`]; file descriptors and credentials go along; in [`unix`] |
//! | | [`PipeReader`], [`PipeWriter`]: pipes, FIFOs, the standard streams of child processes; in [`pipe`] |
//! | virtual machines and their host | [`VsockListener`], [`VsockStream`]; in [`vsock`] |
//! | a server's accept loop | [`Listener`]: a limit, pauses when descriptors run out, metrics, a drain. [`Incoming`] is the bare stream of connections |
//! | sockets that a service manager has opened | [`activation`] |
//! | bytes from one stream to another | [`copy`], both ways too, in the kernel where that can be |
//! | both directions of a stream in tasks of their own | [`OwnedReadHalf`], [`OwnedWriteHalf`]; borrowed, [`ReadHalf`], [`WriteHalf`] |
//! | socket options | methods of each type (`set_nodelay`); by name, for configuration files, `set_socket_option` with [`OptionValue`]; any that C has, `set_option` with [`OptionData`] |
//! | control messages | [`control`], with `send_msg` and `recv_msg` |
//! | flags of one call | [`MsgFlags`] |
//! | a system call that has no method here | `read_with` and `write_with` of every type; with `try_` before them, once; with `poll_`, in a poll function |
//! | what std has | `try_from` of std's types and of an `OwnedFd`, and `into_std`; [`ReleaseError`] while clones are alive |
//! | what went wrong | [`SocketError`] inside an `io::Error`, with operation and address; [`ConnectError`] names each address, with its time; [`AcceptErrorKind`] says what to do |
//!
//! This is `fend::net`, which is how programs use it: through the `fend` crate.
//!
//! # Examples
//!
//! ```
//! use fend::net::{TcpListener, TcpStream};
//!
//! # fend::block_on(async {
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! let client = TcpStream::connect(listener.local_addr()?).await?;
//! let (server, _peer) = listener.accept().await?;
//!
//! client.send_all(b"ping").await?;
//! let mut buf = [0; 4];
//! server.recv_exact(&mut buf).await?;
//! assert_eq!(&buf, b"ping");
//! # std::io::Result::Ok(())
//! # }).unwrap();
//! ```

// On docs.rs each item says which feature it takes.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod accept;
pub mod activation;
mod addrs;
pub mod control;
pub mod copy;
mod error;
mod flags;
#[cfg(feature = "hyper")]
mod hyper;
mod option;
pub mod pipe;
mod raw_calls;
mod ready;
mod release;
mod serve;
mod socket;
mod stream;
#[expect(unsafe_code, reason = "the system-call layer")]
mod sys;
pub mod tcp;
pub mod udp;
pub mod unix;
pub mod vsock;

pub use accept::{Accept, Incoming, IntoIncoming};
pub use addrs::IntoAddrs;
pub use error::SocketError;
pub use flags::MsgFlags;
pub use option::{MtuDiscovery, OptionData, OptionValue, TcpKeepalive, socket_option_names};
pub use pipe::{PipeReader, PipeWriter};
pub use release::ReleaseError;
pub use serve::{
    AcceptFailure, Connection, ConnectionSlot, DrainReport, Listener, ListenerHandle, ListenerMetrics,
};
/// The family, the kind and the protocol of a socket.
pub use socket2::{Domain, Protocol, Type};
pub use std::net::Shutdown;
pub use stream::{ByteStream, OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
pub use tcp::{
    AcceptErrorKind, ConnectAttempt, ConnectError, TcpConnector, TcpInfo, TcpListener, TcpSocket, TcpState,
    TcpStream,
};
pub use udp::UdpSocket;
pub use unix::{
    IntoUnixAddr, UCred, UnixDatagram, UnixListener, UnixSeqpacket, UnixSeqpacketListener, UnixSocket,
    UnixStream,
};
pub use vsock::{VsockAddr, VsockListener, VsockStream};
