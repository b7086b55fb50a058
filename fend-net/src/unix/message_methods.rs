//! The methods that move descriptors and other control messages, which all three connected types share, documented once.

/// For a type with the methods `registered(&self) -> &Registered` and `socket(&self) -> &Socket`.
macro_rules! message_methods {
    (
        handing_over: $handing_over:expr,
        send_msg: $send_msg:path,
        recv_msg: $recv_msg:path,
        recv_flags: $recv_flags:expr,
        buffers: $buffers_doc:literal,
        send: $send_doc:literal,
        recv: $recv_doc:literal,
        example: $type:literal $(,)?
    ) => {
        /// Sends `buf`, and hands `fds` over with it (`SCM_RIGHTS`): the receiver gets descriptors of its own for the same open files. Those
        /// here stay open. At most 253 go with one message.
        ///
        #[doc = $send_doc]
        ///
        /// # Errors
        ///
        /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for more than 253 descriptors. What sendmsg(2) says, as
        /// [`send`](Self::send); `ETOOMANYREFS` when more descriptors of this user are on the way than a process may have open
        /// (RLIMIT_NOFILE).
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: when the future is dropped before it is ready, nothing was sent.
        ///
        /// # Examples
        ///
        /// ```
        /// use std::fs::File;
        /// use std::io::Read;
        ///
        #[doc = concat!("use fend::net::", $type, ";")]
        ///
        /// # fend::block_on(async {
        #[doc = concat!("let (ours, theirs) = ", $type, "::pair()?;")]
        /// ours.send_with_fds(b"a file", &[File::open("/proc/self/comm")?]).await?;
        ///
        /// let mut buf = [0; 16];
        /// let (len, mut fds) = theirs.recv_with_fds(&mut buf, 1).await?;
        /// assert_eq!(&buf[..len], b"a file");
        /// let mut file = File::from(fds.pop().expect("one was sent"));
        /// let mut text = String::new();
        /// file.read_to_string(&mut text)?;
        /// # std::io::Result::Ok(())
        /// # }).unwrap();
        /// ```
        pub async fn send_with_fds<F: ::std::os::fd::AsFd>(
            &self,
            buf: &[u8],
            fds: &[F],
        ) -> ::std::io::Result<usize> {
            let control = $handing_over(buf, fds)?;
            self.send_msg(&[::std::io::IoSlice::new(buf)], &control, $crate::MsgFlags::NONE).await
        }

        /// [`send_with_fds`](Self::send_with_fds) without waiting.
        ///
        /// # Errors
        ///
        /// [`WouldBlock`](std::io::ErrorKind::WouldBlock) when there is no room, else as [`send_with_fds`](Self::send_with_fds).
        pub fn try_send_with_fds<F: ::std::os::fd::AsFd>(
            &self,
            buf: &[u8],
            fds: &[F],
        ) -> ::std::io::Result<usize> {
            let control = $handing_over(buf, fds)?;
            self.try_send_msg(&[::std::io::IoSlice::new(buf)], &control, $crate::MsgFlags::NONE)
        }

        /// Receives like [`recv`](Self::recv), and with the bytes the descriptors that the peer hands over: `max_fds` of them at most.
        /// They are close-on-exec, and who drops them closes them. A plain `recv` closes those that come with its bytes.
        ///
        #[doc = $recv_doc]
        ///
        /// # Errors
        ///
        /// [`InvalidData`](std::io::ErrorKind::InvalidData) when there are more descriptors than `max_fds`, or this process may not have so
        /// many open: all of them are closed, and the bytes are lost. [`recv_msg`](Self::recv_msg) leaves it to the caller what to do then.
        /// Else as [`recv`](Self::recv).
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: bytes and descriptors are either returned or still in the socket.
        pub async fn recv_with_fds(
            &self,
            buf: &mut [u8],
            max_fds: usize,
        ) -> ::std::io::Result<(usize, Vec<::std::os::fd::OwnedFd>)> {
            let mut control = $crate::unix::message::room_for(max_fds);
            let room = buf.len();
            let bufs = &mut [::std::io::IoSliceMut::new(buf)];
            let message = self.recv_msg(bufs, &mut control, $recv_flags).await?;
            let fds = $crate::unix::message::taken_over(&message, room, &mut control, max_fds)?;
            Ok((message.len, fds))
        }

        /// [`recv_with_fds`](Self::recv_with_fds) without waiting.
        ///
        /// # Errors
        ///
        /// [`WouldBlock`](std::io::ErrorKind::WouldBlock) when there is nothing, else as [`recv_with_fds`](Self::recv_with_fds).
        pub fn try_recv_with_fds(
            &self,
            buf: &mut [u8],
            max_fds: usize,
        ) -> ::std::io::Result<(usize, Vec<::std::os::fd::OwnedFd>)> {
            let mut control = $crate::unix::message::room_for(max_fds);
            let room = buf.len();
            let bufs = &mut [::std::io::IoSliceMut::new(buf)];
            let message = self.try_recv_msg(bufs, &mut control, $recv_flags)?;
            let fds = $crate::unix::message::taken_over(&message, room, &mut control, max_fds)?;
            Ok((message.len, fds))
        }

        /// Sends the bytes of several buffers, one after the other, and control messages with them.
        ///
        #[doc = $buffers_doc]
        ///
        /// # Errors
        ///
        /// What sendmsg(2) says, as [`send`](Self::send).
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: when the future is dropped before it is ready, nothing was sent.
        pub async fn send_msg(
            &self,
            bufs: &[::std::io::IoSlice<'_>],
            control: &$crate::control::ControlBuffer<'_>,
            flags: $crate::MsgFlags,
        ) -> ::std::io::Result<usize> {
            self.registered()
                .with(::fend_reactor::io::Direction::Write, |socket| $send_msg(socket, bufs, control, flags))
                .await
        }

        /// [`send_msg`](Self::send_msg), polled. A call that says `Pending` leaves its waker. Up to 32 different ones are kept; one more
        /// wakes the oldest and forgets it, so that its task polls again.
        ///
        /// # Errors
        ///
        /// As [`send_msg`](Self::send_msg).
        pub fn poll_send_msg(
            &self,
            cx: &mut ::std::task::Context<'_>,
            bufs: &[::std::io::IoSlice<'_>],
            control: &$crate::control::ControlBuffer<'_>,
            flags: $crate::MsgFlags,
        ) -> ::std::task::Poll<::std::io::Result<usize>> {
            self.registered().poll_with(cx, ::fend_reactor::io::Direction::Write, |socket| {
                $send_msg(socket, bufs, control, flags)
            })
        }

        /// [`send_msg`](Self::send_msg) without waiting.
        ///
        /// # Errors
        ///
        /// [`WouldBlock`](std::io::ErrorKind::WouldBlock) when there is no room, else as [`send_msg`](Self::send_msg).
        pub fn try_send_msg(
            &self,
            bufs: &[::std::io::IoSlice<'_>],
            control: &$crate::control::ControlBuffer<'_>,
            flags: $crate::MsgFlags,
        ) -> ::std::io::Result<usize> {
            self.registered().try_with(::fend_reactor::io::Direction::Write, |socket| {
                $send_msg(socket, bufs, control, flags)
            })
        }

        /// Receives into several buffers, filled one after the other, and the control messages that come with the bytes into `control`, as
        /// far as it has room.
        ///
        #[doc = $buffers_doc]
        ///
        /// # Errors
        ///
        /// What recvmsg(2) says, as [`recv`](Self::recv).
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: bytes and control messages are either returned or still in the socket.
        pub async fn recv_msg(
            &self,
            bufs: &mut [::std::io::IoSliceMut<'_>],
            control: &mut $crate::control::ReceivedControl,
            flags: $crate::MsgFlags,
        ) -> ::std::io::Result<$crate::unix::UnixMessage> {
            if flags.contains($crate::MsgFlags::OOB) {
                self.registered().expect_mark();
            }
            // A short count proves nothing: a receive ends where descriptors do.
            self.registered()
                .with(::fend_reactor::io::Direction::Read, |socket| $recv_msg(socket, bufs, control, flags))
                .await
        }

        /// [`recv_msg`](Self::recv_msg), polled. A call that says `Pending` leaves its waker, as of
        /// [`poll_send_msg`](Self::poll_send_msg).
        ///
        /// # Errors
        ///
        /// As [`recv_msg`](Self::recv_msg).
        pub fn poll_recv_msg(
            &self,
            cx: &mut ::std::task::Context<'_>,
            bufs: &mut [::std::io::IoSliceMut<'_>],
            control: &mut $crate::control::ReceivedControl,
            flags: $crate::MsgFlags,
        ) -> ::std::task::Poll<::std::io::Result<$crate::unix::UnixMessage>> {
            if flags.contains($crate::MsgFlags::OOB) {
                self.registered().expect_mark();
            }
            self.registered().poll_with(cx, ::fend_reactor::io::Direction::Read, |socket| {
                $recv_msg(socket, bufs, control, flags)
            })
        }

        /// [`recv_msg`](Self::recv_msg) without waiting.
        ///
        /// # Errors
        ///
        /// [`WouldBlock`](std::io::ErrorKind::WouldBlock) when there is nothing, else as [`recv_msg`](Self::recv_msg).
        pub fn try_recv_msg(
            &self,
            bufs: &mut [::std::io::IoSliceMut<'_>],
            control: &mut $crate::control::ReceivedControl,
            flags: $crate::MsgFlags,
        ) -> ::std::io::Result<$crate::unix::UnixMessage> {
            if flags.contains($crate::MsgFlags::OOB) {
                self.registered().expect_mark();
            }
            self.registered().try_with(::fend_reactor::io::Direction::Read, |socket| {
                $recv_msg(socket, bufs, control, flags)
            })
        }
    };
}

pub(super) use message_methods;
