//! The methods that every byte stream and every half of one has, documented once.
//!
//! Each macro stands inside an `impl` block of a type with a method `registered(&self) -> &Registered`:
//!
//! - [`receive_methods!`]: `recv` and its forms, `readable`; a half names its stream's type, `receive_methods!(S)`;
//! - [`send_methods!`]: `send` and its forms, `writable`;
//! - [`peer_closed_methods!`]: both halves can see the other end go;
//! - [`connection_methods!`]: what is said of the connection as a whole.
//!
//! Macros and not functions of a shared type: inherent methods are found without a trait in scope, and a future has no
//! further layer around it.

/// Receiving, for a type that may read.
macro_rules! receive_methods {
    () => {
        $crate::stream::methods::receive_methods!(Self);
    };
    ($stream:ty) => {
        /// Receives what is there, up to the size of `buf`, and waits when there is nothing. `Ok(0)` is the end of the stream:
        /// the peer will send no more (or `buf` is empty).
        ///
        /// # Errors
        ///
        /// What recv(2) says; [`ConnectionReset`](std::io::ErrorKind::ConnectionReset) when the peer broke the connection.
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: bytes are either returned or still in the socket.
        pub async fn recv(&self, buf: &mut [u8]) -> ::std::io::Result<usize> {
            if buf.is_empty() {
                return Ok(0);
            }
            let short_of = $crate::stream::short_of::<$stream>($crate::socket::asked(buf.len()));
            self.registered()
                .attempt_bytes(::fend_reactor::io::Direction::Read, short_of, |s| {
                    $crate::socket::recv(s, buf)
                })
                .await
        }

        /// Receives until `buf` is full.
        ///
        /// # Errors
        ///
        /// As [`recv`](Self::recv), and [`UnexpectedEof`](std::io::ErrorKind::UnexpectedEof) when the stream ends before.
        ///
        /// # Cancel safety
        ///
        /// **Not** cancel safe: the bytes received so far are in `buf`, and how many they are is lost.
        pub async fn recv_exact(&self, buf: &mut [u8]) -> ::std::io::Result<()> {
            let mut filled = 0;
            while filled < buf.len() {
                match self.recv(&mut buf[filled..]).await? {
                    0 => return Err($crate::stream::early_end(filled, buf.len())),
                    n => filled += n,
                }
            }
            Ok(())
        }

        /// Receives like [`recv`](Self::recv), and leaves the bytes in the socket for the next receiver.
        ///
        /// # Errors
        ///
        /// As [`recv`](Self::recv).
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: it takes nothing.
        pub async fn peek(&self, buf: &mut [u8]) -> ::std::io::Result<usize> {
            if buf.is_empty() {
                return Ok(0);
            }
            // A short peek says nothing about an empty socket: the bytes are still there.
            self.registered()
                .with(::fend_reactor::io::Direction::Read, |s| $crate::socket::peek(s, buf))
                .await
        }

        /// Receives into several buffers, filled one after the other. At most 1024 of them are used, from the
        /// first on that is not empty.
        ///
        /// # Errors
        ///
        /// As [`recv`](Self::recv).
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: bytes are either returned or still in the socket.
        pub async fn recv_vectored(
            &self,
            bufs: &mut [::std::io::IoSliceMut<'_>],
        ) -> ::std::io::Result<usize> {
            let asked = $crate::socket::asked_of(bufs.iter().map(|buf| buf.len()));
            if asked == 0 {
                return Ok(0);
            }
            let short_of = $crate::stream::short_of::<$stream>(asked);
            self.registered()
                .attempt_bytes(::fend_reactor::io::Direction::Read, short_of, |s| {
                    $crate::socket::recv_vectored(s, bufs)
                })
                .await
        }

        /// Receives what is there without waiting.
        ///
        /// # Errors
        ///
        /// [`WouldBlock`](std::io::ErrorKind::WouldBlock) when there is nothing, else as [`recv`](Self::recv).
        pub fn try_recv(&self, buf: &mut [u8]) -> ::std::io::Result<usize> {
            if buf.is_empty() {
                return Ok(0);
            }
            self.registered().try_with(::fend_reactor::io::Direction::Read, |s| $crate::socket::recv(s, buf))
        }

        /// Receives what is there like [`try_recv`](Self::try_recv), and leaves the bytes in the socket.
        ///
        /// # Errors
        ///
        /// As [`try_recv`](Self::try_recv).
        pub fn try_peek(&self, buf: &mut [u8]) -> ::std::io::Result<usize> {
            if buf.is_empty() {
                return Ok(0);
            }
            self.registered().try_with(::fend_reactor::io::Direction::Read, |s| $crate::socket::peek(s, buf))
        }

        /// Receives what is there into several buffers without waiting. At most 1024 of them are used, from the
        /// first on that is not empty.
        ///
        /// # Errors
        ///
        /// As [`try_recv`](Self::try_recv).
        pub fn try_recv_vectored(&self, bufs: &mut [::std::io::IoSliceMut<'_>]) -> ::std::io::Result<usize> {
            if $crate::socket::asked_of(bufs.iter().map(|buf| buf.len())) == 0 {
                return Ok(0);
            }
            self.registered()
                .try_with(::fend_reactor::io::Direction::Read, |s| $crate::socket::recv_vectored(s, bufs))
        }

        /// [`recv`](Self::recv), polled.
        ///
        /// # Errors
        ///
        /// As [`recv`](Self::recv).
        pub fn poll_recv(
            &self,
            cx: &mut ::std::task::Context<'_>,
            buf: &mut [u8],
        ) -> ::std::task::Poll<::std::io::Result<usize>> {
            if buf.is_empty() {
                return ::std::task::Poll::Ready(Ok(0));
            }
            let short_of = $crate::stream::short_of::<$stream>($crate::socket::asked(buf.len()));
            self.registered().poll_bytes_with(cx, ::fend_reactor::io::Direction::Read, short_of, |s| {
                $crate::socket::recv(s, buf)
            })
        }

        /// [`peek`](Self::peek), polled.
        ///
        /// # Errors
        ///
        /// As [`recv`](Self::recv).
        pub fn poll_peek(
            &self,
            cx: &mut ::std::task::Context<'_>,
            buf: &mut [u8],
        ) -> ::std::task::Poll<::std::io::Result<usize>> {
            if buf.is_empty() {
                return ::std::task::Poll::Ready(Ok(0));
            }
            self.registered()
                .poll_with(cx, ::fend_reactor::io::Direction::Read, |s| $crate::socket::peek(s, buf))
        }

        /// [`recv_vectored`](Self::recv_vectored), polled.
        ///
        /// # Errors
        ///
        /// As [`recv`](Self::recv).
        pub fn poll_recv_vectored(
            &self,
            cx: &mut ::std::task::Context<'_>,
            bufs: &mut [::std::io::IoSliceMut<'_>],
        ) -> ::std::task::Poll<::std::io::Result<usize>> {
            let asked = $crate::socket::asked_of(bufs.iter().map(|buf| buf.len()));
            if asked == 0 {
                return ::std::task::Poll::Ready(Ok(0));
            }
            let short_of = $crate::stream::short_of::<$stream>(asked);
            self.registered().poll_bytes_with(cx, ::fend_reactor::io::Direction::Read, short_of, |s| {
                $crate::socket::recv_vectored(s, bufs)
            })
        }

        /// Waits until a receive would not block: there is data, the end of the stream, or an error. True when it is
        /// said, unless another task receives first.
        ///
        /// # Errors
        ///
        /// When the socket cannot be registered, or the runtime was shut down.
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: it takes nothing.
        pub async fn readable(&self) -> ::std::io::Result<()> {
            $crate::ready::ready(self.registered(), ::fend_reactor::io::Direction::Read).await
        }

        /// [`readable`](Self::readable), polled.
        ///
        /// # Errors
        ///
        /// As [`readable`](Self::readable).
        pub fn poll_readable(
            &self,
            cx: &mut ::std::task::Context<'_>,
        ) -> ::std::task::Poll<::std::io::Result<()>> {
            $crate::ready::poll_ready(self.registered(), cx, ::fend_reactor::io::Direction::Read)
        }
    };
}

/// Sending, for a type that may write.
macro_rules! send_methods {
    () => {
        /// Sends some bytes of `buf`, as many as there is room for, and waits when there is none. Says how many.
        ///
        /// Sent means taken by the kernel, not received by the peer.
        ///
        /// # Errors
        ///
        /// What send(2) says; [`BrokenPipe`](std::io::ErrorKind::BrokenPipe) or
        /// [`ConnectionReset`](std::io::ErrorKind::ConnectionReset) when the connection is over. `SIGPIPE` is never raised.
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: when the future is dropped before it is ready, nothing was sent.
        pub async fn send(&self, buf: &[u8]) -> ::std::io::Result<usize> {
            if buf.is_empty() {
                return Ok(0);
            }
            self.registered()
                .attempt_bytes(::fend_reactor::io::Direction::Write, $crate::socket::asked(buf.len()), |s| {
                    $crate::socket::send(s, buf)
                })
                .await
        }

        /// Sends all of `buf`.
        ///
        /// # Errors
        ///
        /// As [`send`](Self::send); how much was sent before is then unknown.
        ///
        /// # Cancel safety
        ///
        /// **Not** cancel safe: when the future is dropped, any part of `buf` may have been sent.
        pub async fn send_all(&self, mut buf: &[u8]) -> ::std::io::Result<()> {
            while !buf.is_empty() {
                match self.send(buf).await? {
                    0 => return Err(::std::io::ErrorKind::WriteZero.into()),
                    n => buf = &buf[n..],
                }
            }
            Ok(())
        }

        /// Sends some bytes of several buffers, one after the other. At most 1024 of them are used, from the
        /// first on that is not empty.
        ///
        /// # Errors
        ///
        /// As [`send`](Self::send).
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: when the future is dropped before it is ready, nothing was sent.
        pub async fn send_vectored(&self, bufs: &[::std::io::IoSlice<'_>]) -> ::std::io::Result<usize> {
            let asked = $crate::socket::asked_of(bufs.iter().map(|buf| buf.len()));
            if asked == 0 {
                return Ok(0);
            }
            self.registered()
                .attempt_bytes(::fend_reactor::io::Direction::Write, asked, |s| {
                    $crate::socket::send_vectored(s, bufs)
                })
                .await
        }

        /// Sends what there is room for without waiting.
        ///
        /// # Errors
        ///
        /// [`WouldBlock`](std::io::ErrorKind::WouldBlock) when there is no room, else as [`send`](Self::send).
        pub fn try_send(&self, buf: &[u8]) -> ::std::io::Result<usize> {
            if buf.is_empty() {
                return Ok(0);
            }
            self.registered().try_with(::fend_reactor::io::Direction::Write, |s| $crate::socket::send(s, buf))
        }

        /// Sends what there is room for of several buffers without waiting. At most 1024 of them are used, from the
        /// first on that is not empty.
        ///
        /// # Errors
        ///
        /// As [`try_send`](Self::try_send).
        pub fn try_send_vectored(&self, bufs: &[::std::io::IoSlice<'_>]) -> ::std::io::Result<usize> {
            if $crate::socket::asked_of(bufs.iter().map(|buf| buf.len())) == 0 {
                return Ok(0);
            }
            self.registered()
                .try_with(::fend_reactor::io::Direction::Write, |s| $crate::socket::send_vectored(s, bufs))
        }

        /// [`send`](Self::send), polled.
        ///
        /// # Errors
        ///
        /// As [`send`](Self::send).
        pub fn poll_send(
            &self,
            cx: &mut ::std::task::Context<'_>,
            buf: &[u8],
        ) -> ::std::task::Poll<::std::io::Result<usize>> {
            if buf.is_empty() {
                return ::std::task::Poll::Ready(Ok(0));
            }
            let asked = $crate::socket::asked(buf.len());
            self.registered().poll_bytes_with(cx, ::fend_reactor::io::Direction::Write, asked, |s| {
                $crate::socket::send(s, buf)
            })
        }

        /// [`send_vectored`](Self::send_vectored), polled.
        ///
        /// # Errors
        ///
        /// As [`send`](Self::send).
        pub fn poll_send_vectored(
            &self,
            cx: &mut ::std::task::Context<'_>,
            bufs: &[::std::io::IoSlice<'_>],
        ) -> ::std::task::Poll<::std::io::Result<usize>> {
            let asked = $crate::socket::asked_of(bufs.iter().map(|buf| buf.len()));
            if asked == 0 {
                return ::std::task::Poll::Ready(Ok(0));
            }
            self.registered().poll_bytes_with(cx, ::fend_reactor::io::Direction::Write, asked, |s| {
                $crate::socket::send_vectored(s, bufs)
            })
        }

        /// Waits until a send would not block: there is room, or an error. The kernel says so once a third of the send
        /// buffer is free.
        ///
        /// # Errors
        ///
        /// When the socket cannot be registered, or the runtime was shut down.
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: it takes nothing.
        pub async fn writable(&self) -> ::std::io::Result<()> {
            $crate::ready::ready(self.registered(), ::fend_reactor::io::Direction::Write).await
        }

        /// [`writable`](Self::writable), polled.
        ///
        /// # Errors
        ///
        /// When the socket cannot be registered, or the runtime was shut down.
        pub fn poll_writable(
            &self,
            cx: &mut ::std::task::Context<'_>,
        ) -> ::std::task::Poll<::std::io::Result<()>> {
            $crate::ready::poll_ready(self.registered(), cx, ::fend_reactor::io::Direction::Write)
        }
    };
}

/// The end of the other side.
macro_rules! peer_closed_methods {
    () => {
        /// Waits until the peer has closed its side or the connection is broken, without receiving what it sent before. A task
        /// that works for the peer can so be stopped when the peer is gone.
        ///
        /// # Errors
        ///
        /// When the socket cannot be registered, or the runtime was shut down.
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: it takes nothing.
        pub async fn peer_closed(&self) -> ::std::io::Result<()> {
            $crate::ready::ready(self.registered(), ::fend_reactor::io::Direction::PeerClosed).await
        }

        /// [`peer_closed`](Self::peer_closed), polled.
        ///
        /// # Errors
        ///
        /// When the socket cannot be registered, or the runtime was shut down.
        pub fn poll_peer_closed(
            &self,
            cx: &mut ::std::task::Context<'_>,
        ) -> ::std::task::Poll<::std::io::Result<()>> {
            $crate::ready::poll_ready(self.registered(), cx, ::fend_reactor::io::Direction::PeerClosed)
        }
    };
}

/// What concerns both directions.
macro_rules! connection_methods {
    () => {
        /// Waits for any direction of `interest`; returns those that are ready, and with them the end of a direction and a
        /// pending error. What it says is true when it is said, unless another task receives or sends first.
        ///
        /// # Errors
        ///
        /// As [`readable`](Self::readable).
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: it takes nothing.
        ///
        /// # Examples
        ///
        /// ```
        /// use fend::io::{Interest, Readiness};
        /// # use fend::net::{TcpListener, TcpStream};
        ///
        /// # fend::block_on(async {
        /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
        /// # let stream = TcpStream::connect(listener.local_addr()?).await?;
        /// # let (server, _) = listener.accept().await?;
        /// let ready = stream.ready(Interest::READABLE | Interest::WRITABLE).await?;
        /// assert_eq!(ready, Readiness::WRITABLE); // Nothing has come yet.
        /// # std::io::Result::Ok(())
        /// # }).unwrap();
        /// ```
        pub async fn ready(
            &self,
            interest: ::fend_reactor::io::Interest,
        ) -> ::std::io::Result<::fend_reactor::io::Readiness> {
            $crate::ready::ready_any(self.registered(), interest).await
        }

        /// Waits until there is out-of-band (urgent) data, or the connection is over: hung up in both directions, or broken by an
        /// error. Then there is nothing more to wait for, and it returns at once, each time: ask [`ready`](Self::ready) for
        /// [`PRIORITY`](fend_reactor::io::Interest::PRIORITY) to be told which of the two it is.
        ///
        /// # Errors
        ///
        /// As [`readable`](Self::readable).
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: it takes nothing.
        pub async fn priority(&self) -> ::std::io::Result<()> {
            $crate::ready::ready(self.registered(), ::fend_reactor::io::Direction::Priority).await
        }

        /// Closes one direction or both, for all clones.
        ///
        /// [`Shutdown::Write`](std::net::Shutdown::Write) tells the peer that this was all; it reads to its end, and may go on sending.
        /// A direction that is closed already, by an earlier call or by a reset, is not an error.
        ///
        /// # Errors
        ///
        /// What shutdown(2) says.
        pub fn shutdown(&self, how: ::std::net::Shutdown) -> ::std::io::Result<()> {
            $crate::socket::shutdown(self.registered().get_ref(), how)
        }
    };
}

pub(crate) use {connection_methods, peer_closed_methods, receive_methods, send_methods};
