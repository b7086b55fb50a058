//! [`UnixSeqpacket`]: a connection that keeps the borders of records.

use std::fmt;
use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;

use fend_reactor::io::{AsyncFd, Direction, Readiness};
use socket2::{Domain, Socket, Type};

use super::credentials::{peer_credentials_methods, receive_credentials_methods};
use super::message::{self, handing_over};
use super::message_methods::message_methods;
use super::record;
use super::record_methods::record_methods;
use super::{IntoUnixAddr, Record, UnixSocket};
use crate::control::ReceivedControl;
use crate::error::{Place, SocketError};
use crate::flags::MsgFlags;
use crate::socket::Registered;
use crate::stream::methods::peer_closed_methods;
use crate::sys;

/// A connection over a Unix seqpacket socket: in order and without loss, as a stream, and in records that stay whole, as datagrams.
///
/// Everything takes `&self`. Cloning is cheap: all clones share one socket, which is closed when the last one is dropped.
///
/// # Examples
///
/// ```
/// use fend::net::UnixSeqpacket;
///
/// # fend::block_on(async {
/// let (ours, theirs) = UnixSeqpacket::pair()?;
/// theirs.send(b"a record").await?;
/// theirs.send(b"").await?;
/// drop(theirs);
///
/// let mut buf = [0; 64];
/// assert_eq!(ours.recv_record(&mut buf).await?.map(|record| record.len), Some(8));
/// assert_eq!(ours.recv_record(&mut buf).await?.map(|record| record.len), Some(0));
/// assert_eq!(ours.recv_record(&mut buf).await?, None);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct UnixSeqpacket {
    fd: Registered,
}

impl UnixSeqpacket {
    /// Connects to a path or an abstract name. While the listener's queue is full it waits, as [`UnixStream::connect`] does.
    ///
    /// [`UnixStream::connect`]: super::UnixStream::connect
    ///
    /// # Errors
    ///
    /// As [`UnixStream::connect`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future closes the socket at once, and no connection is made.
    pub async fn connect(addr: impl IntoUnixAddr) -> io::Result<UnixSeqpacket> {
        UnixSocket::new_seqpacket()?.connect_seqpacket(addr).await
    }

    /// Two sockets without names, connected to each other.
    ///
    /// # Errors
    ///
    /// What socketpair(2) says.
    pub fn pair() -> io::Result<(UnixSeqpacket, UnixSeqpacket)> {
        match Socket::pair(Domain::UNIX, Type::SEQPACKET.nonblocking(), None) {
            Ok((one, other)) => Ok((UnixSeqpacket::of(one), UnixSeqpacket::of(other))),
            Err(error) => Err(SocketError::wrap("socketpair", Place::Unknown, error)),
        }
    }

    pub(crate) fn of(socket: Socket) -> UnixSeqpacket {
        let assumed = Readiness::READABLE.union(Readiness::WRITABLE);
        UnixSeqpacket { fd: Arc::new(AsyncFd::with_assumed(socket, assumed)) }
    }

    record_methods!(
        recv: record::recv,
        end: "0 is an empty record or the end, when the peer will send no more: `recv_record` tells which.",
        send_errors: "What send(2) says; [`BrokenPipe`](std::io::ErrorKind::BrokenPipe) when the connection is over,"
    );

    peer_closed_methods!();

    /// Receives one record, and tells whether it was longer than `buf`. `None` is the end: the peer will send no more.
    ///
    /// The kernel tells an empty record from the end by the control messages that come with records alone: so that every record has
    /// one, this sets `SO_TIMESTAMP` on the socket, once more with each call. Who also looks at control messages meets a timestamp there.
    ///
    /// # Errors
    ///
    /// What recvmsg(2) says; [`ConnectionReset`](io::ErrorKind::ConnectionReset) when the peer went away and left records unread.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a record is either returned or still in the socket.
    pub async fn recv_record(&self, buf: &mut [u8]) -> io::Result<Option<Record>> {
        self.fd.with(Direction::Read, |socket| recv_record(socket, buf)).await
    }

    /// [`recv_record`](Self::recv_record) without waiting.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is nothing, else as [`recv_record`](Self::recv_record).
    pub fn try_recv_record(&self, buf: &mut [u8]) -> io::Result<Option<Record>> {
        self.fd.try_with(Direction::Read, |socket| recv_record(socket, buf))
    }

    message_methods!(
        handing_over: handing_over,
        send_msg: message::send_record,
        recv_msg: message::recv,
        recv_flags: MsgFlags::TRUNC,
        buffers: "More than 1024 buffers are refused with `EMSGSIZE`: a record goes as a whole.",
        send: "All of `buf` is sent, or nothing.",
        recv: "0 bytes without descriptors are an empty record or the end.",
        example: "UnixSeqpacket",
    );

    peer_credentials_methods!();
    receive_credentials_methods!("Both ends of a connection have their own setting.");

    pub(super) fn from_registered(fd: Registered) -> UnixSeqpacket {
        UnixSeqpacket { fd }
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

fn recv_record(socket: &Socket, buf: &mut [u8]) -> io::Result<Option<Record>> {
    // Looked at when a record is received, so that it holds for those that are queued already.
    sys::unix::set_timestamps(socket.as_fd(), true)?;
    let room = buf.len();
    let mut nothing = ReceivedControl::default();
    let message = message::recv(socket, &mut [IoSliceMut::new(buf)], &mut nothing, MsgFlags::TRUNC)?;
    let is_record = message.len > 0 || message.is_control_truncated();
    Ok(is_record.then(|| Record::of(message.len, room)))
}

/// Also the number of the fd, for comparison with `strace` and `ss -p`.
impl fmt::Debug for UnixSeqpacket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("UnixSeqpacket");
        if let Ok(address) = self.local_addr() {
            out.field("addr", &address);
        }
        if let Ok(peer) = self.peer_addr() {
            out.field("peer", &peer);
        }
        out.field("fd", &self.socket().as_raw_fd()).finish()
    }
}
