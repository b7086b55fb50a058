//! The urgent byte, which sockets call out-of-band data: tcp(7), RFC 6093.
//!
//! There is one at most: a second one that comes before the first was taken replaces it. It is kept apart from the stream (unless
//! `SO_OOBINLINE` is set), where a mark stands in its place: a receive that begins before the mark stops there.

use std::future::{Future, poll_fn};
use std::io;
use std::os::fd::AsFd;
use std::pin::pin;
use std::task::{Context, Poll, ready};

use fend_reactor::io::Direction;
use socket2::Socket;

use super::TcpStream;
use crate::flags::MsgFlags;
use crate::{socket, sys};

impl TcpStream {
    /// Sends one urgent byte. See [RFC 6093](https://www.rfc-editor.org/rfc/rfc6093) for why not to use it in a new protocol.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: when the future is dropped before it is ready, nothing was sent.
    pub async fn send_oob(&self, byte: u8) -> io::Result<()> {
        self.send_with_flags(&[byte], MsgFlags::OOB).await.map(drop)
    }

    /// [`send_oob`](Self::send_oob) without waiting.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is no room, else as [`send`](Self::send).
    pub fn try_send_oob(&self, byte: u8) -> io::Result<()> {
        self.try_send_with_flags(&[byte], MsgFlags::OOB).map(drop)
    }

    /// Waits for the urgent byte and takes it. `None` is the end of the stream: none will come any more.
    ///
    /// [`priority`](Self::priority) only waits for it. An urgent byte that is not taken before the next one comes is lost to this
    /// call, and stays in the stream.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv); [`InvalidInput`](io::ErrorKind::InvalidInput) when `SO_OOBINLINE` is set, since the byte is
    /// part of the stream then.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the byte is either returned or still in the socket.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend::net::{TcpListener, TcpStream};
    /// # fend::block_on(async {
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let client = TcpStream::connect(listener.local_addr()?).await?;
    /// # let (server, _) = listener.accept().await?;
    /// client.send_all(b"before").await?;
    /// client.send_oob(b'!').await?;
    /// client.send_all(b"after").await?;
    ///
    /// assert_eq!(server.recv_oob().await?, Some(b'!'));
    /// let mut buf = [0; 64];
    /// let n = server.recv(&mut buf).await?;
    /// assert_eq!(&buf[..n], b"before"); // It stops at the mark.
    /// assert!(server.at_mark()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn recv_oob(&self) -> io::Result<Option<u8>> {
        let mut byte = [0];
        let n = self.recv_urgent(&mut byte, MsgFlags::OOB).await?;
        Ok((n > 0).then_some(byte[0]))
    }

    /// [`recv_oob`](Self::recv_oob) without waiting.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is none, else as [`recv_oob`](Self::recv_oob).
    pub fn try_recv_oob(&self) -> io::Result<Option<u8>> {
        self.take_urgent(MsgFlags::OOB)
    }

    /// Whether the receiver stands at the urgent mark: the next [`recv`](Self::recv) gives what was sent after the urgent byte.
    /// See sockatmark(3).
    ///
    /// # Errors
    ///
    /// What sockatmark(3) says.
    pub fn at_mark(&self) -> io::Result<bool> {
        sys::at_mark(self.socket().as_fd())
    }

    /// 0 at the end of the stream.
    pub(super) async fn recv_urgent(&self, buf: &mut [u8], flags: MsgFlags) -> io::Result<usize> {
        // Each wait ends in an attempt of its own, so that a report is used up by the one that took the byte and by no other.
        let mut announced = pin!(self.urgent_when(Direction::Priority, flags));
        let mut closed = pin!(self.urgent_when(Direction::PeerClosed, flags));
        let taken = poll_fn(|cx| match announced.as_mut().poll(cx) {
            Poll::Pending => closed.as_mut().poll(cx),
            taken => taken,
        });
        Ok(store(taken.await?, buf, flags))
    }

    async fn urgent_when(&self, direction: Direction, flags: MsgFlags) -> io::Result<Option<u8>> {
        let attempt = |_: &Socket| self.take_urgent(flags);
        match flags.contains(MsgFlags::PEEK) {
            true => self.registered().ask_with(direction, attempt).await,
            false => self.registered().with(direction, attempt).await,
        }
    }

    /// [`recv_urgent`](Self::recv_urgent), polled.
    pub(super) fn poll_recv_urgent(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
        flags: MsgFlags,
    ) -> Poll<io::Result<usize>> {
        let attempt = |_: &Socket| self.take_urgent(flags);
        let mut when = |direction| match flags.contains(MsgFlags::PEEK) {
            true => self.registered().poll_ask_with(cx, direction, attempt),
            false => self.registered().poll_with(cx, direction, attempt),
        };
        let taken = match when(Direction::Priority) {
            Poll::Pending => ready!(when(Direction::PeerClosed)),
            Poll::Ready(taken) => taken,
        };
        Poll::Ready(taken.map(|byte| store(byte, buf, flags)))
    }

    /// One attempt: `None` when no byte can come any more. recv(2) says `EINVAL` when there is none, which here is `WouldBlock`
    /// unless the stream has ended.
    fn take_urgent(&self, flags: MsgFlags) -> io::Result<Option<u8>> {
        let mut byte = [0];
        match self.recv_marked(&mut byte, flags) {
            Ok(n) => return Ok((n > 0).then_some(byte[0])),
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {}
            Err(error) => return Err(error),
        }
        if self.socket().out_of_band_inline()? {
            let message = "receive of an urgent byte: SO_OOBINLINE is set, it comes with the stream";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let events = sys::poll_now(self.socket().as_fd(), libc::POLLRDHUP)?;
        // POLLERR alone may come from the error queue, of which nothing is known here.
        if events & libc::POLLERR != 0 {
            self.socket().take_error()?.map_or(Ok(()), Err)?;
        }
        let closed = events & (libc::POLLRDHUP | libc::POLLHUP) != 0;
        if closed { Ok(None) } else { Err(io::ErrorKind::WouldBlock.into()) }
    }

    /// recv(2) with flags, `OOB` perhaps among them.
    pub(super) fn recv_marked(&self, buf: &mut [u8], flags: MsgFlags) -> io::Result<usize> {
        if flags.contains(MsgFlags::OOB) {
            self.registered().expect_mark();
        }
        socket::recv_with_flags(self.socket(), buf, flags)
    }
}

/// How many bytes were received: 1 into `buf`, or 0 at the end of the stream.
fn store(byte: Option<u8>, buf: &mut [u8], flags: MsgFlags) -> usize {
    let Some(byte) = byte else { return 0 };
    if !flags.contains(MsgFlags::TRUNC) {
        buf[0] = byte;
    }
    1
}
