//! The methods that [`UnixDatagram`](super::UnixDatagram) and [`UnixSeqpacket`](super::UnixSeqpacket) share, documented once. Both move
//! whole records, so that a short count never means that the kernel's queue is empty.

/// For a type with a method `registered(&self) -> &Registered`. `$end`: what a `recv` of 0 means.
macro_rules! record_methods {
    (recv: $recv:path, end: $end:literal, send_errors: $send_errors:literal) => {
        /// Receives one record, and waits when there is none.
        #[doc = $end]
        ///
        /// # Errors
        ///
        /// [`InvalidData`](std::io::ErrorKind::InvalidData) with a [`TruncatedError`](crate::unix::TruncatedError) when the record is
        /// longer than `buf`: the buffer is full, and the rest is lost. [`recv_record`](Self::recv_record) tells that without an error.
        /// Else what recv(2) says.
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: a record is either returned or still in the socket.
        pub async fn recv(&self, buf: &mut [u8]) -> ::std::io::Result<usize> {
            self.registered()
                .with(::fend_reactor::io::Direction::Read, |s| $recv(s, buf, $crate::MsgFlags::NONE))
                .await
        }

        /// [`recv`](Self::recv), polled. A call that says `Pending` leaves its waker. Up to 32 different ones are kept; one more wakes
        /// the oldest and forgets it, so that its task polls again.
        ///
        /// # Errors
        ///
        /// As [`recv`](Self::recv).
        pub fn poll_recv(
            &self,
            cx: &mut ::std::task::Context<'_>,
            buf: &mut [u8],
        ) -> ::std::task::Poll<::std::io::Result<usize>> {
            self.registered()
                .poll_with(cx, ::fend_reactor::io::Direction::Read, |s| $recv(s, buf, $crate::MsgFlags::NONE))
        }

        /// [`recv`](Self::recv) without waiting.
        ///
        /// # Errors
        ///
        /// [`WouldBlock`](std::io::ErrorKind::WouldBlock) when there is nothing, else as [`recv`](Self::recv).
        pub fn try_recv(&self, buf: &mut [u8]) -> ::std::io::Result<usize> {
            self.registered()
                .try_with(::fend_reactor::io::Direction::Read, |s| $recv(s, buf, $crate::MsgFlags::NONE))
        }

        /// Receives like [`recv`](Self::recv), and leaves the record in the socket for the next receiver. What is longer than `buf` is no
        /// error here.
        ///
        /// # Errors
        ///
        /// What recv(2) says.
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: it takes nothing.
        pub async fn peek(&self, buf: &mut [u8]) -> ::std::io::Result<usize> {
            self.registered()
                .with(::fend_reactor::io::Direction::Read, |s| $recv(s, buf, $crate::MsgFlags::PEEK))
                .await
        }

        /// [`peek`](Self::peek), polled.
        ///
        /// # Errors
        ///
        /// As [`peek`](Self::peek).
        pub fn poll_peek(
            &self,
            cx: &mut ::std::task::Context<'_>,
            buf: &mut [u8],
        ) -> ::std::task::Poll<::std::io::Result<usize>> {
            self.registered()
                .poll_with(cx, ::fend_reactor::io::Direction::Read, |s| $recv(s, buf, $crate::MsgFlags::PEEK))
        }

        /// [`peek`](Self::peek) without waiting.
        ///
        /// # Errors
        ///
        /// [`WouldBlock`](std::io::ErrorKind::WouldBlock) when there is nothing, else as [`peek`](Self::peek).
        pub fn try_peek(&self, buf: &mut [u8]) -> ::std::io::Result<usize> {
            self.registered()
                .try_with(::fend_reactor::io::Direction::Read, |s| $recv(s, buf, $crate::MsgFlags::PEEK))
        }

        /// Sends `buf` as one record, to the end that the socket is connected to, and waits when there is no room. All of it is sent, or
        /// nothing. An empty `buf` is a record too.
        ///
        /// # Errors
        ///
        #[doc = $send_errors]
        /// [`EMSGSIZE`](libc::EMSGSIZE) when it is longer than the send buffer. `SIGPIPE` is never raised.
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: when the future is dropped before it is ready, nothing was sent.
        pub async fn send(&self, buf: &[u8]) -> ::std::io::Result<usize> {
            self.registered()
                .with(::fend_reactor::io::Direction::Write, |s| $crate::socket::send(s, buf))
                .await
        }

        /// [`send`](Self::send), polled. A call that says `Pending` leaves its waker, as of [`poll_recv`](Self::poll_recv).
        ///
        /// # Errors
        ///
        /// As [`send`](Self::send).
        pub fn poll_send(
            &self,
            cx: &mut ::std::task::Context<'_>,
            buf: &[u8],
        ) -> ::std::task::Poll<::std::io::Result<usize>> {
            self.registered()
                .poll_with(cx, ::fend_reactor::io::Direction::Write, |s| $crate::socket::send(s, buf))
        }

        /// [`send`](Self::send) without waiting.
        ///
        /// # Errors
        ///
        /// [`WouldBlock`](std::io::ErrorKind::WouldBlock) when there is no room, else as [`send`](Self::send).
        pub fn try_send(&self, buf: &[u8]) -> ::std::io::Result<usize> {
            self.registered().try_with(::fend_reactor::io::Direction::Write, |s| $crate::socket::send(s, buf))
        }

        /// Waits until a receive would not block: there is a record, the end, or an error. True when it is said, unless another task
        /// receives first.
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

        /// Waits until there is room to send a record of some size, or an error.
        ///
        /// # Errors
        ///
        /// As [`readable`](Self::readable).
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
        /// As [`readable`](Self::readable).
        pub fn poll_writable(
            &self,
            cx: &mut ::std::task::Context<'_>,
        ) -> ::std::task::Poll<::std::io::Result<()>> {
            $crate::ready::poll_ready(self.registered(), cx, ::fend_reactor::io::Direction::Write)
        }

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
        pub async fn ready(
            &self,
            interest: ::fend_reactor::io::Interest,
        ) -> ::std::io::Result<::fend_reactor::io::Readiness> {
            $crate::ready::ready_any(self.registered(), interest).await
        }

        /// Closes one direction or both, for all clones. A direction that is closed already is not an error.
        ///
        /// # Errors
        ///
        /// What shutdown(2) says.
        pub fn shutdown(&self, how: ::std::net::Shutdown) -> ::std::io::Result<()> {
            $crate::socket::shutdown(self.socket(), how)
        }

        /// The address of the other end, when the socket is connected.
        ///
        /// # Errors
        ///
        /// What getpeername(2) says; [`NotConnected`](std::io::ErrorKind::NotConnected) when it is not.
        pub fn peer_addr(&self) -> ::std::io::Result<$crate::unix::SocketAddr> {
            $crate::unix::addr::from_kernel(&self.socket().peer_addr()?)
        }

        /// The address of this end; unnamed when it is not bound.
        ///
        /// # Errors
        ///
        /// What getsockname(2) says.
        pub fn local_addr(&self) -> ::std::io::Result<$crate::unix::SocketAddr> {
            $crate::unix::addr::from_kernel(&self.socket().local_addr()?)
        }
    };
}

pub(super) use record_methods;
