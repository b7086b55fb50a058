//! The urgent byte, which sockets call out-of-band data: tcp(7), RFC 6093.
//!
//! There is one at most: a second one that comes before the first was taken replaces it. It is kept apart from the stream (unless
//! `SO_OOBINLINE` is set), where a mark stands in its place: a receive that begins before the mark stops there.

use std::io;
use std::os::fd::AsFd;
use std::task::{Context, Poll, ready};

use fend_reactor::io::{Direction, Interest};

use super::TcpStream;
use crate::flags::MsgFlags;
use crate::ready::{poll_ready, ready_any};
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
        let mut byte = [0];
        let n = self.take_urgent(&mut byte, MsgFlags::OOB)?;
        Ok((n > 0).then_some(byte[0]))
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
        loop {
            ready_any(self.registered(), Interest::PRIORITY | Interest::PEER_CLOSED).await?;
            match self.take_urgent(buf, flags) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
        }
    }

    /// [`recv_urgent`](Self::recv_urgent), polled.
    pub(super) fn poll_recv_urgent(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
        flags: MsgFlags,
    ) -> Poll<io::Result<usize>> {
        loop {
            let announced = poll_ready(self.registered(), cx, Direction::Priority)?.is_ready();
            if !announced {
                ready!(poll_ready(self.registered(), cx, Direction::PeerClosed))?;
            }
            match self.take_urgent(buf, flags) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
    }

    /// recv(2), known to the driver: a receive of the stream will stop where the byte was, with data behind it, for which no event
    /// comes.
    pub(super) fn recv_urgent_now(&self, buf: &mut [u8], flags: MsgFlags) -> io::Result<usize> {
        self.registered().try_with(Direction::Priority, |s| socket::recv_with_flags(s, buf, flags))
    }

    /// One attempt. recv(2) says `EINVAL` when there is no urgent byte, which here is `WouldBlock`, or 0 when none can come any
    /// more.
    fn take_urgent(&self, buf: &mut [u8], flags: MsgFlags) -> io::Result<usize> {
        let error = match self.recv_urgent_now(buf, flags) {
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => error,
            result => return result,
        };
        if self.socket().out_of_band_inline()? {
            let message = "receive of an urgent byte: SO_OOBINLINE is set, it comes with the stream";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let closed = sys::poll_now(self.socket().as_fd(), libc::POLLRDHUP)?;
        if closed & libc::POLLERR != 0 {
            return Err(self.socket().take_error()?.unwrap_or(error));
        }
        if closed != 0 { Ok(0) } else { Err(io::ErrorKind::WouldBlock.into()) }
    }
}
