//! What one can do with [`Stdout`](super::Stdout) and [`Stderr`](super::Stderr): the same.

/// The methods and traits of a type around a std handle and an [`Output`](super::output::Output).
macro_rules! handle {
    ($type:ident, $make:ident, $fd:literal) => {
        impl $type {
            /// Sends some bytes of `buf`, as many as there is room for, and waits when there is none. Says how many.
            ///
            /// # Errors
            ///
            /// What write(2) says, [`BrokenPipe`](io::ErrorKind::BrokenPipe) when no reader is left (`SIGPIPE` is never raised); when the stream
            /// is closed, not open for writing, or has a number that is another file's now. When it cannot be registered, no thread can be
            /// had, or the runtime was shut down.
            ///
            /// # Cancel safety
            ///
            /// Cancel safe for what the dispatcher waits for (terminals, pipes, sockets): when the future is dropped before it is ready, nothing was sent.
            /// **Not** where a thread writes (regular files and whatever else cannot be waited for): a call that has begun then runs to its end.
            pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
                self.output.send(buf).await
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
            pub async fn send_all(&self, buf: &[u8]) -> io::Result<()> {
                self.output.send_all(buf).await
            }

            /// Sends what there is room for without waiting.
            ///
            /// # Errors
            ///
            /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is no room, and always where a thread writes, as to a regular file. Else as
            /// [`send`](Self::send).
            pub fn try_send(&self, buf: &[u8]) -> io::Result<usize> {
                self.output.try_send(buf)
            }

            /// [`send`](Self::send), polled. Of the wakers that are left, 32 different ones are kept.
            ///
            /// Where a thread writes, the first call begins the write, and a later one with the same bytes asks what came of it.
            ///
            /// # Errors
            ///
            /// As [`send`](Self::send).
            pub fn poll_send(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
                self.output.poll_send(cx, buf)
            }

            /// Whether it is a terminal.
            pub fn is_terminal(&self) -> bool {
                self.std.is_terminal()
            }
        }

        impl Clone for $type {
            fn clone(&self) -> $type {
                $make()
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($type)).finish_non_exhaustive()
            }
        }

        #[doc = concat!("Fd ", $fd, ". What is done to it through this is not noticed by the handle.")]
        impl AsFd for $type {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.std.as_fd()
            }
        }

        impl AsRawFd for $type {
            fn as_raw_fd(&self) -> RawFd {
                self.std.as_raw_fd()
            }
        }

        handle!(@async_write $type);
        handle!(@async_write &$type);
    };
    // For the handle itself and for a reference to it.
    (@async_write $type:ty) => {
        /// Nothing is buffered, so that a flush has nothing to do; `poll_close` closes nothing, since the stream is the whole process's.
        impl AsyncWrite for $type {
            fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
                self.poll_send(cx, buf)
            }

            fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn poll_close(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }
        }
    };
}

pub(super) use handle;
