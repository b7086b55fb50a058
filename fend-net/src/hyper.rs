//! hyper's [`Read`] and [`Write`] for the streams, and hyper-util's [`Connection`]: hyper reads straight into its own buffer.
//!
//! Rule that the SAFETY comments cite:
//!
//! 1. What is behind a [`ReadBufCursor`] may not be initialised. It is only ever handed to recv(2), as a place to write to, and the
//!    cursor is advanced by what recv(2) says it has written there.

#![expect(unsafe_code, reason = "a ReadBufCursor is filled and advanced by unsafe calls alone")]

use std::io::{self, IoSlice};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use fend_reactor::io::Direction;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};

use crate::stream::{ByteStream, registered_of, short_of};
use crate::tcp::TcpStream;
use crate::unix::UnixStream;
use crate::vsock::VsockStream;
use crate::{socket, sys};

/// Receives into the whole of what is left of the cursor.
fn poll_read<S: ByteStream>(
    stream: &S,
    cx: &mut Context<'_>,
    mut buf: ReadBufCursor<'_>,
) -> Poll<io::Result<()>> {
    // SAFETY: rule 1.
    let room = unsafe { buf.as_mut() };
    if room.is_empty() {
        return Poll::Ready(Ok(()));
    }
    let short_of = short_of::<S>(socket::asked(room.len()));
    let received = ready!(registered_of(stream).poll_bytes_with(cx, Direction::Read, short_of, |socket| {
        sys::recv_uninit(socket.as_fd(), room)
    }))?;
    // SAFETY: rule 1.
    unsafe { buf.advance(received) };
    Poll::Ready(Ok(()))
}

macro_rules! hyper_stream {
    ($($stream:ty),+) => {$(
        #[cfg_attr(docsrs, doc(cfg(feature = "hyper")))]
        impl Read for $stream {
            fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
                poll_read(&*self, cx, buf)
            }
        }

        #[cfg_attr(docsrs, doc(cfg(feature = "hyper")))]
        impl Write for $stream {
            fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
                self.poll_send(cx, buf)
            }

            fn is_write_vectored(&self) -> bool {
                true
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.poll_send_vectored(cx, bufs)
            }

            /// Nothing is buffered.
            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                futures_io::AsyncWrite::poll_close(self, cx)
            }
        }

        #[cfg_attr(docsrs, doc(cfg(feature = "hyper")))]
        impl Connection for $stream {
            fn connected(&self) -> Connected {
                Connected::new()
            }
        }
    )+};
}

hyper_stream!(TcpStream, UnixStream, VsockStream);

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::mem::MaybeUninit;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use fend_reactor::block_on;
    use futures_lite::future::poll_once;
    use hyper::rt::ReadBuf;

    use super::*;
    use crate::tcp::TcpListener;

    /// Once into what is left of `buf`.
    async fn read<S: Read + Unpin>(stream: &mut S, buf: &mut ReadBuf<'_>) -> io::Result<()> {
        poll_fn(|cx| Pin::new(&mut *stream).poll_read(cx, buf.unfilled())).await
    }

    async fn connection() -> io::Result<(TcpStream, TcpStream)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let near = TcpStream::connect(listener.local_addr()?).await?;
        Ok((near, listener.accept().await?.0))
    }

    /// After what is there already.
    #[test]
    fn the_rest_of_a_cursor_is_filled() -> io::Result<()> {
        block_on(async {
            let (near, mut far) = UnixStream::pair()?;
            let mut bytes = [MaybeUninit::new(b'-'); 8];
            let mut buf = ReadBuf::uninit(&mut bytes);
            buf.unfilled().put_slice(b"ab");
            near.send_all(b"cdefghij").await?;
            read(&mut far, &mut buf).await?;
            assert_eq!(buf.filled(), b"abcdefgh");
            // What has found no room is there still.
            let mut bytes = [MaybeUninit::uninit(); 8];
            let mut buf = ReadBuf::uninit(&mut bytes);
            read(&mut far, &mut buf).await?;
            assert_eq!(buf.filled(), b"ij");
            Ok(())
        })
    }

    #[test]
    fn a_large_cursor_takes_all_that_is_there_at_once() -> io::Result<()> {
        block_on(async {
            let (near, mut far) = UnixStream::pair()?;
            let sent = [7; 60_000];
            near.send_all(&sent).await?;
            let mut bytes = vec![MaybeUninit::uninit(); 100_000];
            let mut buf = ReadBuf::uninit(&mut bytes);
            read(&mut far, &mut buf).await?;
            assert!(buf.filled() == sent);
            Ok(())
        })
    }

    #[test]
    fn a_full_cursor_takes_nothing() -> io::Result<()> {
        block_on(async {
            let (near, mut far) = UnixStream::pair()?;
            // Not even when there is nothing.
            read(&mut far, &mut ReadBuf::uninit(&mut [])).await?;
            near.send_all(b"x").await?;
            read(&mut far, &mut ReadBuf::uninit(&mut [])).await?;
            assert_eq!(far.recv(&mut [0; 2]).await?, 1);
            Ok(())
        })
    }

    #[test]
    fn a_read_of_nothing_waits_and_is_woken() -> io::Result<()> {
        struct Woken(AtomicUsize);
        impl Wake for Woken {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }

        block_on(async {
            let (mut near, far) = connection().await?;
            let mut bytes = [MaybeUninit::uninit(); 8];
            let mut buf = ReadBuf::uninit(&mut bytes);
            let woken = Arc::new(Woken(AtomicUsize::new(0)));
            let waker = woken.clone().into();
            let mut cx = Context::from_waker(&waker);
            assert!(Pin::new(&mut near).poll_read(&mut cx, buf.unfilled()).is_pending());
            assert!(buf.filled().is_empty());
            far.send_all(b"x").await?;
            while woken.0.load(Ordering::Relaxed) == 0 {
                fend_reactor::yield_now().await;
            }
            read(&mut near, &mut buf).await?;
            assert_eq!(buf.filled(), b"x");
            Ok(())
        })
    }

    /// Reads all that is there, a byte at a time, as far as that goes in one poll.
    fn reads_in_a_row(stream: &mut UnixStream, cx: &mut Context<'_>) -> usize {
        let mut reads = 0;
        let mut bytes = [MaybeUninit::uninit()];
        while Pin::new(&mut *stream).poll_read(cx, ReadBuf::uninit(&mut bytes).unfilled()).is_ready() {
            reads += 1;
        }
        reads
    }

    /// hyper's HTTP/2 reads on for as long as anything comes.
    #[test]
    fn a_stream_that_always_has_more_gives_way() -> io::Result<()> {
        const SENT: usize = 50_000;
        block_on(async {
            let (near, mut far) = UnixStream::pair()?;
            near.send_all(&[7; SENT]).await?;
            let (mut received, mut polls) = (0, 0);
            poll_fn(|cx| {
                received += reads_in_a_row(&mut far, cx);
                polls += 1;
                if received < SENT { Poll::Pending } else { Poll::Ready(()) }
            })
            .await;
            assert!(polls > 10, "{SENT} reads in {polls} polls");
            Ok(())
        })
    }

    #[test]
    fn the_end_is_a_cursor_that_stays_where_it_is() -> io::Result<()> {
        block_on(async {
            let (mut near, mut far) = connection().await?;
            poll_fn(|cx| Pin::new(&mut near).poll_shutdown(cx)).await?;
            let mut bytes = [MaybeUninit::uninit(); 8];
            let mut buf = ReadBuf::uninit(&mut bytes);
            read(&mut far, &mut buf).await?;
            assert!(buf.filled().is_empty());
            // One half alone is closed.
            far.send_all(b"x").await?;
            read(&mut near, &mut buf).await?;
            assert_eq!(buf.filled(), b"x");
            Ok(())
        })
    }

    #[test]
    fn a_shutdown_of_what_the_peer_has_reset_is_no_error() -> io::Result<()> {
        block_on(async {
            let (mut near, far) = connection().await?;
            far.set_linger(Some(std::time::Duration::ZERO))?;
            drop(far);
            let mut bytes = [MaybeUninit::uninit(); 8];
            let error = read(&mut near, &mut ReadBuf::uninit(&mut bytes)).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
            poll_fn(|cx| Pin::new(&mut near).poll_shutdown(cx)).await
        })
    }

    #[test]
    fn several_buffers_go_with_one_write() -> io::Result<()> {
        block_on(async {
            let (mut near, far) = connection().await?;
            assert!(near.is_write_vectored());
            let parts = [b"head".as_slice(), b"", b"body"].map(IoSlice::new);
            let sent = poll_fn(|cx| Pin::new(&mut near).poll_write_vectored(cx, &parts)).await?;
            assert_eq!(sent, 8);
            poll_fn(|cx| Write::poll_flush(Pin::new(&mut near), cx)).await?;
            let mut received = [0; 8];
            far.recv_exact(&mut received).await?;
            assert_eq!(&received, b"headbody");
            assert!(poll_once(far.recv(&mut received)).await.is_none());
            Ok(())
        })
    }
}
