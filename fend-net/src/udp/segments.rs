//! Several datagrams as one for the kernel: GSO when sending, GRO when receiving. See udp(7), `UDP_SEGMENT` and `UDP_GRO`.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use fend_reactor::io::Direction;
use socket2::{SockAddr, Socket};

use super::message::{of_send, with_room};
use super::{UdpSocket, operation};
use crate::control::ControlBuffer;
use crate::flags::MsgFlags;
use crate::option::c_option::{COption, c_option};
use crate::sys::message::{MAX_MESSAGES, Outgoing, sendmmsg};

const UDP_GRO: COption = c_option!(SOL_UDP, UDP_GRO);
const UDP_SEGMENT: COption = c_option!(SOL_UDP, UDP_SEGMENT);

/// Datagrams in one send (`UDP_MAX_SEGMENTS`; 128 since Linux 6.9).
const MAX_SEGMENTS: usize = MAX_MESSAGES;

/// Bytes in one send: the largest payload of an IPv4 datagram. IPv6 takes 20 more.
const MAX_BYTES: usize = 65_507;

/// Whether GSO has turned out not to work for a socket, be it for its kernel or its network card.
#[derive(Debug, Default)]
pub(super) struct GsoState {
    refused: AtomicBool,
}

/// Several datagrams as one.
impl UdpSocket {
    /// Whether the kernel cuts what is sent into datagrams (GSO, `UDP_SEGMENT`, Linux 4.18), and has not refused to do so for this
    /// socket.
    pub fn gso_supported(&self) -> bool {
        !self.gso().refused.load(Ordering::Relaxed) && UDP_SEGMENT.int(self.socket()).is_ok()
    }

    /// Sends `buf` as datagrams of `segment_size` bytes each, the last one perhaps shorter, to the peer of a connected socket. How many bytes
    /// were sent: whole datagrams, of one call up to 64 and 65,507 bytes in all. Call again with the rest.
    ///
    /// With GSO the kernel makes one path of them all, which costs little more than one datagram. Where there is none, or the network card
    /// or a tunnel cannot do it, they are sent one by one with one sendmmsg(2).
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send). [`InvalidInput`](io::ErrorKind::InvalidInput) for a `segment_size` of 0.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: when the future is dropped before it is ready, nothing was sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use fend::net::UdpSocket;
    ///
    /// # fend::block_on(async {
    /// # let peer = UdpSocket::bind("127.0.0.1:0").await?;
    /// # let socket = UdpSocket::bind("127.0.0.1:0").await?;
    /// # socket.connect(peer.local_addr()?).await?;
    /// let mut rest = &[7; 10_000][..];
    /// while !rest.is_empty() {
    ///     let sent = socket.send_segments(rest, 1200).await?;
    ///     rest = &rest[sent..];
    /// }
    /// # let mut buf = [0; 2000];
    /// # for _ in 0..8 { assert_eq!(peer.recv(&mut buf).await?, 1200); }
    /// # assert_eq!(peer.recv(&mut buf).await?, 400);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn send_segments(&self, buf: &[u8], segment_size: u16) -> io::Result<usize> {
        self.send_segments_anywhere(buf, segment_size, None).await
    }

    /// [`send_segments`](Self::send_segments) to an address.
    ///
    /// # Errors
    ///
    /// As [`send_segments`](Self::send_segments), with the address in the message.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: when the future is dropped before it is ready, nothing was sent.
    pub async fn send_segments_to(&self, buf: &[u8], segment_size: u16, to: SocketAddr) -> io::Result<usize> {
        self.send_segments_anywhere(buf, segment_size, Some(to)).await
    }

    /// [`send_segments`](Self::send_segments), or with an address [`send_segments_to`](Self::send_segments_to), without waiting.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is no room, else as [`send_segments`](Self::send_segments).
    pub fn try_send_segments(
        &self,
        buf: &[u8],
        segment_size: u16,
        to: Option<SocketAddr>,
    ) -> io::Result<usize> {
        let mut send = Segments::of(buf, segment_size, to)?;
        self.run_now(Direction::Write, |s| send.once(s, self.gso()))
            .map_err(|error| of_send(self.socket(), to, error))
    }

    /// [`try_send_segments`](Self::try_send_segments), polled.
    ///
    /// # Errors
    ///
    /// As [`send_segments`](Self::send_segments).
    pub fn poll_send_segments(
        &self,
        cx: &mut Context<'_>,
        buf: &[u8],
        segment_size: u16,
        to: Option<SocketAddr>,
    ) -> Poll<io::Result<usize>> {
        let mut send = Segments::of(buf, segment_size, to)?;
        let result = self.poll_run(cx, Direction::Write, |s| send.once(s, self.gso()));
        result.map_err(|error| of_send(self.socket(), to, error))
    }

    async fn send_segments_anywhere(
        &self,
        buf: &[u8],
        segment_size: u16,
        to: Option<SocketAddr>,
    ) -> io::Result<usize> {
        let mut send = Segments::of(buf, segment_size, to)?;
        let result = self.run(Direction::Write, |s| send.once(s, self.gso())).await;
        result.map_err(|error| of_send(self.socket(), to, error))
    }

    /// Has the kernel put datagrams of one sender and size together when they come in at once (GRO, `UDP_GRO`, Linux 5.0). Receive with
    /// [`recv_msg`](Self::recv_msg) or [`recv_many`](Self::recv_many) into 65,535 bytes, and take them apart with
    /// [`RecvMeta::segments`](super::RecvMeta::segments) or [`Datagram::segments`](super::Datagram::segments). Where it is not to be had each
    /// comes alone, and the same code does.
    ///
    /// # Errors
    ///
    /// What setsockopt(2) says: `ENOPROTOOPT` from a kernel without it.
    pub fn set_gro(&self, on: bool) -> io::Result<()> {
        UDP_GRO.set_bool(self.socket(), on)
    }

    /// Whether GRO is on.
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn gro(&self) -> io::Result<bool> {
        UDP_GRO.bool(self.socket())
    }
}

/// What one call is to send.
struct Segments<'a> {
    buf: &'a [u8],
    size: usize,
    to: Option<SockAddr>,
}

impl<'a> Segments<'a> {
    fn of(buf: &'a [u8], segment_size: u16, to: Option<SocketAddr>) -> io::Result<Segments<'a>> {
        if segment_size == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "send segments: segment size 0"));
        }
        let size = usize::from(segment_size);
        let most = (MAX_BYTES / size).clamp(1, MAX_SEGMENTS) * size;
        Ok(Segments { buf: &buf[..buf.len().min(most)], size, to: to.map(SockAddr::from) })
    }

    fn once(&mut self, socket: &Socket, gso: &GsoState) -> io::Result<usize> {
        if self.buf.len() <= self.size {
            let none = ControlBuffer::new();
            let bufs = [IoSlice::new(self.buf)];
            return operation::send_msg(socket, &bufs, self.to.as_ref(), MsgFlags::NONE, &none);
        }
        if !gso.refused.load(Ordering::Relaxed) {
            match self.by_the_kernel(socket) {
                Err(error) => match error.raw_os_error() {
                    // The kernel does not know it, or the network card cannot make the checksums: it stays so.
                    Some(libc::EIO | libc::ENOPROTOOPT | libc::EOPNOTSUPP) => {
                        gso.refused.store(true, Ordering::Relaxed);
                    }
                    // Segments above the path's MTU, which as datagrams of their own are sent in fragments.
                    Some(libc::EINVAL | libc::EMSGSIZE) => {}
                    _ => return Err(error),
                },
                sent => return sent,
            }
        }
        self.one_by_one(socket)
    }

    fn by_the_kernel(&self, socket: &Socket) -> io::Result<usize> {
        with_room(|_, control| {
            // Made of a u16.
            control.push_segment_size(self.size as u16);
            let bufs = [IoSlice::new(self.buf)];
            operation::send_msg(socket, &bufs, self.to.as_ref(), MsgFlags::NONE, control)
        })
    }

    fn one_by_one(&self, socket: &Socket) -> io::Result<usize> {
        let none = ControlBuffer::new();
        let segments = self.buf.chunks(self.size);
        let outgoing = segments.map(|data| Outgoing { data, to: self.to.as_ref(), control: &none });
        let sent = sendmmsg(socket.as_fd(), outgoing, MsgFlags::NONE)?;
        Ok(self.buf.len().min(sent * self.size))
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket as StdSocket;

    use super::*;

    fn received(peer: &StdSocket, count: usize) -> Vec<usize> {
        (0..count).map(|_| peer.recv(&mut [0; 4000]).unwrap()).collect()
    }

    #[test]
    fn segments_are_the_same_with_and_without_gso() {
        let peer = StdSocket::bind("127.0.0.1:0").unwrap();
        let socket = Socket::from(StdSocket::bind("127.0.0.1:0").unwrap());
        let to = Some(peer.local_addr().unwrap());
        let (with, without) = (GsoState::default(), GsoState { refused: AtomicBool::new(true) });
        for gso in [&with, &without] {
            let mut segments = Segments::of(&[1; 3500], 1000, to).unwrap();
            assert_eq!(segments.once(&socket, gso).unwrap(), 3500);
            assert_eq!(received(&peer, 4), [1000, 1000, 1000, 500]);
            // One call takes 64, or 65,507 bytes.
            assert_eq!(Segments::of(&[1; 300], 2, to).unwrap().once(&socket, gso).unwrap(), 128);
            assert_eq!(received(&peer, 64), [2; 64]);
            assert_eq!(Segments::of(&[], 2, to).unwrap().once(&socket, gso).unwrap(), 0);
            assert_eq!(received(&peer, 1), [0], "a datagram without bytes");
        }
        assert_eq!(Segments::of(&[1; 70_000], 30_000, to).unwrap().buf.len(), 60_000);
    }

    #[test]
    fn a_segment_size_of_nothing_is_refused() {
        let error = Segments::of(&[1; 10], 0, None).map(drop).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
}
