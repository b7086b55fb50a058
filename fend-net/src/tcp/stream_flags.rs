//! Receiving and sending with flags.
//!
//! What a short count says of the kernel's buffer depends on the flags. A receive that takes what it returns has emptied the
//! socket when it comes back short; one that peeks has not. A send that comes back short has filled the buffer, whatever its
//! flags.

use std::io;
use std::task::{Context, Poll};

use fend_reactor::io::Direction;

use super::TcpStream;
use crate::flags::MsgFlags;
use crate::socket::{self, asked};

/// Flags with which a receive leaves bytes behind, or takes them from elsewhere.
const NOT_THE_STREAM: MsgFlags = MsgFlags::PEEK.union(MsgFlags::OOB).union(MsgFlags::ERRQUEUE);

impl TcpStream {
    /// [`recv`](Self::recv) with flags: recv(2).
    ///
    /// [`PEEK`](MsgFlags::PEEK) leaves the bytes in the socket. [`TRUNC`](MsgFlags::TRUNC) throws up to `buf.len()` bytes away without
    /// copying them into `buf`. [`OOB`](MsgFlags::OOB) waits for the urgent byte and takes it, like [`recv_oob`](Self::recv_oob); 0 is
    /// the end of the stream then. [`WAITALL`](MsgFlags::WAITALL) has no effect on a non-blocking socket: see
    /// [`recv_exact`](Self::recv_exact).
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv), and what recv(2) says of the flags. [`InvalidInput`](io::ErrorKind::InvalidInput) with
    /// [`ERRQUEUE`](MsgFlags::ERRQUEUE), which cannot be waited for: that is for
    /// [`try_recv_with_flags`](Self::try_recv_with_flags).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: bytes are either returned or still in the socket.
    ///
    /// # Examples
    ///
    /// ```
    /// use fend::net::MsgFlags;
    /// # use fend::net::{TcpListener, TcpStream};
    ///
    /// # fend::block_on(async {
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// # let (server, _) = listener.accept().await?;
    /// # server.send_all(b"header, body").await?;
    /// let mut buf = [0; 8];
    /// stream.recv_with_flags(&mut buf, MsgFlags::PEEK).await?;
    /// assert_eq!(&buf, b"header, ");
    /// let skipped = stream.recv_with_flags(&mut buf, MsgFlags::TRUNC).await?;
    /// assert_eq!(skipped, 8);
    /// stream.recv_exact(&mut buf[..4]).await?;
    /// assert_eq!(&buf[..4], b"body");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn recv_with_flags(&self, buf: &mut [u8], flags: MsgFlags) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        if flags.contains(MsgFlags::ERRQUEUE) {
            return Err(no_wait_for_the_error_queue());
        }
        if flags.contains(MsgFlags::OOB) {
            return self.recv_urgent(buf, flags).await;
        }
        let asked = asked(buf.len());
        let op = |s: &socket2::Socket| socket::recv_with_flags(s, buf, flags);
        match takes_all_it_returns(flags) {
            true => self.registered().bytes_with(Direction::Read, asked, op).await,
            false => self.registered().with(Direction::Read, op).await,
        }
    }

    /// [`recv_with_flags`](Self::recv_with_flags) without waiting. With [`OOB`](MsgFlags::OOB) or
    /// [`ERRQUEUE`](MsgFlags::ERRQUEUE) too: what recv(2) says of them then, it says here.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is nothing, else what recv(2) says.
    pub fn try_recv_with_flags(&self, buf: &mut [u8], flags: MsgFlags) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.recv_marked(buf, flags)
    }

    /// [`recv_with_flags`](Self::recv_with_flags), polled.
    ///
    /// # Errors
    ///
    /// As [`recv_with_flags`](Self::recv_with_flags).
    pub fn poll_recv_with_flags(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
        flags: MsgFlags,
    ) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        if flags.contains(MsgFlags::ERRQUEUE) {
            return Poll::Ready(Err(no_wait_for_the_error_queue()));
        }
        if flags.contains(MsgFlags::OOB) {
            return self.poll_recv_urgent(cx, buf, flags);
        }
        let asked = asked(buf.len());
        let op = |s: &socket2::Socket| socket::recv_with_flags(s, buf, flags);
        match takes_all_it_returns(flags) {
            true => self.registered().poll_bytes_with(cx, Direction::Read, asked, op),
            false => self.registered().poll_with(cx, Direction::Read, op),
        }
    }

    /// [`send`](Self::send) with flags: send(2). `MSG_NOSIGNAL` is always among them.
    ///
    /// [`MORE`](MsgFlags::MORE) holds a segment that is not full back for what follows, 200 ms at most. With [`OOB`](MsgFlags::OOB) the
    /// last byte that was sent becomes the urgent one: see [`send_oob`](Self::send_oob).
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and what send(2) says of the flags.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: when the future is dropped before it is ready, nothing was sent.
    pub async fn send_with_flags(&self, buf: &[u8], flags: MsgFlags) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let op = |s: &socket2::Socket| socket::send_with_flags(s, buf, flags);
        self.registered().bytes_with(Direction::Write, asked(buf.len()), op).await
    }

    /// [`send_with_flags`](Self::send_with_flags) without waiting.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is no room, else as
    /// [`send_with_flags`](Self::send_with_flags).
    pub fn try_send_with_flags(&self, buf: &[u8], flags: MsgFlags) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        socket::send_with_flags(self.socket(), buf, flags)
    }

    /// [`send_with_flags`](Self::send_with_flags), polled.
    ///
    /// # Errors
    ///
    /// As [`send_with_flags`](Self::send_with_flags).
    pub fn poll_send_with_flags(
        &self,
        cx: &mut Context<'_>,
        buf: &[u8],
        flags: MsgFlags,
    ) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let op = |s: &socket2::Socket| socket::send_with_flags(s, buf, flags);
        self.registered().poll_bytes_with(cx, Direction::Write, asked(buf.len()), op)
    }
}

fn takes_all_it_returns(flags: MsgFlags) -> bool {
    (flags & NOT_THE_STREAM).is_empty()
}

fn no_wait_for_the_error_queue() -> io::Error {
    let message =
        "recv with ERRQUEUE: the error queue of a stream cannot be waited for; use try_recv_with_flags";
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
