//! The methods that the stream and its halves share, documented once. Each macro stands inside an `impl` block of a type with a method
//! `stream(&self) -> &TlsStream<S>`. Macros, since inherent methods are found without a trait in scope.

/// Receiving, for a type that may read.
macro_rules! receive_methods {
    () => {
        /// Receives what is there, up to the size of `buf`, and waits when there is nothing. `Ok(0)` is the end of the stream: the peer
        /// has shut down its side (or `buf` is empty).
        ///
        /// A record holds up to 16 KiB. Several are returned at once when they have come already and `buf` has room.
        ///
        /// # Errors
        ///
        /// [`UnexpectedEof`](std::io::ErrorKind::UnexpectedEof) when the stream below ends and the peer has not said that it would;
        /// those of the stream below, such as [`ConnectionReset`](std::io::ErrorKind::ConnectionReset); and, as a
        /// [`TlsError`](crate::TlsError) inside the error, what is wrong with the bytes. After an error each receive fails with the same.
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: bytes are either returned or still here.
        pub async fn recv(&self, buf: &mut [u8]) -> ::std::io::Result<usize> {
            ::std::future::poll_fn(|cx| self.stream().poll_recv_some(cx, buf)).await
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
                    0 => {
                        let message = format!("the stream ended after {filled} of {} bytes", buf.len());
                        return Err(::std::io::Error::new(::std::io::ErrorKind::UnexpectedEof, message));
                    }
                    count => filled += count,
                }
            }
            Ok(())
        }

        /// Receives like [`recv`](Self::recv), from one record, and leaves the bytes here for the next receiver.
        ///
        /// # Errors
        ///
        /// As [`recv`](Self::recv).
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: it takes nothing.
        pub async fn peek(&self, buf: &mut [u8]) -> ::std::io::Result<usize> {
            ::std::future::poll_fn(|cx| self.stream().poll_peek_some(cx, buf)).await
        }

        /// Receives into several buffers, filled one after the other.
        ///
        /// # Errors
        ///
        /// As [`recv`](Self::recv).
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: bytes are either returned or still here.
        pub async fn recv_vectored(
            &self,
            bufs: &mut [::std::io::IoSliceMut<'_>],
        ) -> ::std::io::Result<usize> {
            ::std::future::poll_fn(|cx| self.stream().poll_recv_many(cx, bufs)).await
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
            self.stream().poll_recv_some(cx, buf)
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
            self.stream().poll_peek_some(cx, buf)
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
            self.stream().poll_recv_many(cx, bufs)
        }
    };
}

/// Sending, for a type that may write.
macro_rules! send_methods {
    () => {
        /// Sends some bytes of `buf`, up to 32 KiB, and waits while earlier ones have not gone. Says how many.
        ///
        /// Sent means: encrypted, and handed to the stream below as far as that takes it at once. What it does not take goes with the next
        /// call of any kind, a receive too; [`flush`](Self::flush) waits for it.
        ///
        /// # Errors
        ///
        /// [`BrokenPipe`](std::io::ErrorKind::BrokenPipe) after a shutdown of this side; those of the stream below; and a
        /// [`TlsError`](crate::TlsError) inside the error when the session is broken.
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: when the future is dropped before it is ready, nothing was sent. Other bytes may be sent next.
        pub async fn send(&self, buf: &[u8]) -> ::std::io::Result<usize> {
            ::std::future::poll_fn(|cx| self.poll_send(cx, buf)).await
        }

        /// Sends all of `buf`, and waits until the stream below has taken it.
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
                let count = self.send(buf).await?;
                buf = &buf[count..];
            }
            self.flush().await
        }

        /// Sends some bytes of several buffers, one after the other, up to 32 KiB. Small buffers share a record.
        ///
        /// # Errors
        ///
        /// As [`send`](Self::send).
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: when the future is dropped before it is ready, nothing was sent.
        pub async fn send_vectored(&self, bufs: &[::std::io::IoSlice<'_>]) -> ::std::io::Result<usize> {
            ::std::future::poll_fn(|cx| self.stream().poll_send_some(cx, bufs)).await
        }

        /// Waits until the stream below has taken all that was sent, and has flushed it.
        ///
        /// # Errors
        ///
        /// Those of the stream below.
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: call it again to go on.
        pub async fn flush(&self) -> ::std::io::Result<()> {
            ::std::future::poll_fn(|cx| self.stream().poll_flush_all(cx)).await
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
            self.stream().poll_send_some(cx, &[::std::io::IoSlice::new(buf)])
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
            self.stream().poll_send_some(cx, bufs)
        }

        /// [`flush`](Self::flush), polled.
        ///
        /// # Errors
        ///
        /// As [`flush`](Self::flush).
        pub fn poll_flush(
            &self,
            cx: &mut ::std::task::Context<'_>,
        ) -> ::std::task::Poll<::std::io::Result<()>> {
            self.stream().poll_flush_all(cx)
        }
    };
}

pub(super) use {receive_methods, send_methods};
