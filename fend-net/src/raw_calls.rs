//! System calls of the caller's own, made with the readiness that this crate's operations know: `read_with` and its like.
//!
//! What the kernel can do and this crate has no method for needs no second fd: sendfile(2), an ioctl(2), a flag, an option that
//! is sent along. The names are those of [`AsyncFd`](fend_reactor::io::AsyncFd).

use crate::pipe::{PipeReader, PipeWriter};
use crate::tcp::{TcpListener, TcpStream};
use crate::udp::UdpSocket;
use crate::unix::{UnixDatagram, UnixListener, UnixSeqpacket, UnixSeqpacketListener, UnixStream};
use crate::vsock::{VsockListener, VsockStream};

/// `raw_reads!(TcpStream: registered().with, registered().try_with, registered().poll_with)`: by what a call is tried and tried again, once, and
/// polled.
macro_rules! raw_reads {
    (
        $type:ty:
        $($with:ident $(($($no:tt)*))?).+,
        $($try_with:ident $(($($none:tt)*))?).+,
        $($poll_with:ident $(($($nothing:tt)*))?).+
    ) => {
        /// System calls of your own that receive.
        impl $type {
            /// Waits until this is readable and tries `op`, until that does not say [`WouldBlock`](std::io::ErrorKind::WouldBlock).
            /// When a signal interrupts `op`, it is tried again.
            ///
            /// For a system call that this crate has no method for: `op` makes it on the fd, which is non-blocking, and returns its
            /// error as it is. It must not call this type's own methods, each of which keeps the readiness itself, and not say
            /// `WouldBlock` for a reason of its own: the wait for news would then miss what is there already.
            ///
            /// # Errors
            ///
            /// Those of `op`, and when the runtime has shut down.
            ///
            /// # Cancel safety
            ///
            /// Cancel safe: dropped before it is ready, it has either not called `op`, or `op` said `WouldBlock`.
            ///
            /// # Examples
            ///
            /// Receiving without the bytes, which recv(2) throws away on a TCP socket when it is asked to cut them:
            ///
            /// ```
            /// # use fend::net::{TcpListener, TcpStream};
            /// use std::mem::MaybeUninit;
            ///
            /// use socket2::SockRef;
            ///
            /// # fend::block_on(async {
            /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
            /// # let client = TcpStream::connect(listener.local_addr()?).await?;
            /// # let (stream, _) = listener.accept().await?;
            /// # client.send_all(b"noise").await?;
            /// let mut room = [MaybeUninit::uninit(); 1024];
            /// let skipped = stream
            ///     .read_with(|stream| SockRef::from(stream).recv_with_flags(&mut room, libc::MSG_TRUNC))
            ///     .await?;
            /// assert_eq!(skipped, 5);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub async fn read_with<R>(
                &self,
                mut op: impl FnMut(&Self) -> ::std::io::Result<R>,
            ) -> ::std::io::Result<R> {
                self.$($with $(($($no)*))?).+(::fend_reactor::io::Direction::Read, |_| op(self)).await
            }

            /// Calls `op` once and without waiting; again when a signal interrupts it. See [`read_with`](Self::read_with) for what
            /// it may do.
            ///
            /// # Errors
            ///
            /// Those of `op`. [`WouldBlock`](std::io::ErrorKind::WouldBlock) is remembered: the next wait for readability lasts
            /// until there is something new.
            pub fn try_read_with<R>(
                &self,
                mut op: impl FnMut(&Self) -> ::std::io::Result<R>,
            ) -> ::std::io::Result<R> {
                self.$($try_with $(($($none)*))?).+(::fend_reactor::io::Direction::Read, |_| op(self))
            }

            /// [`read_with`](Self::read_with), polled: for a library that has sockets described to it by poll functions. The waker of `cx`
            /// is kept until this is readable: of each direction up to 32 different ones.
            ///
            /// # Errors
            ///
            /// As [`read_with`](Self::read_with).
            pub fn poll_read_with<R>(
                &self,
                cx: &mut ::std::task::Context<'_>,
                mut op: impl FnMut(&Self) -> ::std::io::Result<R>,
            ) -> ::std::task::Poll<::std::io::Result<R>> {
                self.$($poll_with $(($($nothing)*))?).+(cx, ::fend_reactor::io::Direction::Read, |_| op(self))
            }
        }
    };
}

/// As [`raw_reads`].
macro_rules! raw_writes {
    (
        $type:ty:
        $($with:ident $(($($no:tt)*))?).+,
        $($try_with:ident $(($($none:tt)*))?).+,
        $($poll_with:ident $(($($nothing:tt)*))?).+
    ) => {
        /// System calls of your own that send.
        impl $type {
            /// Waits until this is writable and tries `op`, until that does not say [`WouldBlock`](std::io::ErrorKind::WouldBlock).
            /// When a signal interrupts `op`, it is tried again.
            ///
            /// For a system call that this crate has no method for, such as sendfile(2): `op` makes it on the fd, which is
            /// non-blocking, and returns its error as it is. It must not call this type's own methods, each of which keeps the
            /// readiness itself, and not say `WouldBlock` for a reason of its own: the wait for room would then last too long.
            /// A program that has restored `SIGPIPE` has to ask for no signal itself (`MSG_NOSIGNAL`), which this crate's own
            /// methods do.
            ///
            /// # Errors
            ///
            /// Those of `op`, and when the runtime has shut down.
            ///
            /// # Cancel safety
            ///
            /// Cancel safe: dropped before it is ready, it has either not called `op`, or `op` said `WouldBlock`.
            ///
            /// # Examples
            ///
            /// ```
            /// # use fend::net::{TcpListener, TcpStream};
            /// use socket2::SockRef;
            ///
            /// # fend::block_on(async {
            /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
            /// # let stream = TcpStream::connect(listener.local_addr()?).await?;
            /// # let (server, _) = listener.accept().await?;
            /// let flags = libc::MSG_NOSIGNAL | libc::MSG_MORE;
            /// let sent = stream.write_with(|stream| SockRef::from(stream).send_with_flags(b"head", flags)).await?;
            /// assert_eq!(sent, 4);
            /// # stream.send_all(b"!").await?;
            /// # server.recv_exact(&mut [0; 5]).await?;
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub async fn write_with<R>(
                &self,
                mut op: impl FnMut(&Self) -> ::std::io::Result<R>,
            ) -> ::std::io::Result<R> {
                self.$($with $(($($no)*))?).+(::fend_reactor::io::Direction::Write, |_| op(self)).await
            }

            /// Calls `op` once and without waiting; again when a signal interrupts it. See [`write_with`](Self::write_with) for
            /// what it may do.
            ///
            /// # Errors
            ///
            /// Those of `op`. [`WouldBlock`](std::io::ErrorKind::WouldBlock) is remembered: the next wait for writability lasts
            /// until there is room again.
            pub fn try_write_with<R>(
                &self,
                mut op: impl FnMut(&Self) -> ::std::io::Result<R>,
            ) -> ::std::io::Result<R> {
                self.$($try_with $(($($none)*))?).+(::fend_reactor::io::Direction::Write, |_| op(self))
            }

            /// [`write_with`](Self::write_with), polled: for a library that has sockets described to it by poll functions. The waker of `cx`
            /// is kept until this is writable: of each direction up to 32 different ones.
            ///
            /// # Errors
            ///
            /// As [`write_with`](Self::write_with).
            pub fn poll_write_with<R>(
                &self,
                cx: &mut ::std::task::Context<'_>,
                mut op: impl FnMut(&Self) -> ::std::io::Result<R>,
            ) -> ::std::task::Poll<::std::io::Result<R>> {
                self.$($poll_with $(($($nothing)*))?).+(cx, ::fend_reactor::io::Direction::Write, |_| op(self))
            }
        }
    };
}

macro_rules! both_ways {
    ($($type:ty),+) => {
        $(
            raw_reads!($type: registered().with, registered().try_with, registered().poll_with);
            raw_writes!($type: registered().with, registered().try_with, registered().poll_with);
        )+
    };
}

/// Listeners send nothing.
macro_rules! reads_only {
    ($($type:ty),+) => {
        $(raw_reads!($type: registered().with, registered().try_with, registered().poll_with);)+
    };
}

both_ways!(TcpStream, UnixStream, UnixDatagram, UnixSeqpacket, VsockStream);
reads_only!(TcpListener, UnixListener, UnixSeqpacketListener, VsockListener, PipeReader);
raw_writes!(PipeWriter: registered().with, registered().try_with, registered().poll_with);
// These look after the error queue too.
raw_reads!(UdpSocket: run, run_now, poll_run);
raw_writes!(UdpSocket: run, run_now, poll_run);
