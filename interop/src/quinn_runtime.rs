//! quinn's [`Runtime`] on fend: QUIC, and with it HTTP/3, in fend's tasks.
//!
//! quinn asks a runtime for four things, and each is one thing of fend's: a timer that can be reset ([`fend::time::Sleep`]), a way to start
//! tasks ([`fend::spawn`]), the time ([`fend::time::now`], so that a paused clock pauses quinn too) and a UDP socket, which is an
//! [`AsyncFd`] around std's. The system calls on it are quinn-udp's: it knows what QUIC wants of a socket (several datagrams in one call, GSO and
//! GRO, congestion marks).

use std::fmt;
use std::future::Future;
use std::io::{self, IoSliceMut};
use std::net::{self, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use fend::io::{AsyncFd, Direction};
use fend::time::{Sleep, sleep_until};
use quinn::udp::{RecvMeta, Transmit, UdpSocketState};
use quinn::{AsyncTimer, AsyncUdpSocket, Runtime, UdpPoller};

/// Runs quinn's tasks, timers and sockets on fend: for [`quinn::Endpoint::new`].
///
/// Nothing of quinn's needs tokio's runtime then.
///
/// # Examples
///
/// An endpoint for clients. A server's has a `ServerConfig` in place of the `None`.
///
/// ```
/// use std::net::UdpSocket;
/// use std::sync::Arc;
///
/// use interop::quinn_runtime::FendRuntime;
/// use quinn::{Endpoint, EndpointConfig};
///
/// # fn main() -> std::io::Result<()> {
/// fend::block_on(async {
///     let socket = UdpSocket::bind("127.0.0.1:0")?;
///     let endpoint = Endpoint::new(EndpointConfig::default(), None, socket, Arc::new(FendRuntime))?;
///     assert!(endpoint.local_addr()?.ip().is_loopback());
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct FendRuntime;

impl Runtime for FendRuntime {
    fn new_timer(&self, deadline: Instant) -> Pin<Box<dyn AsyncTimer>> {
        Box::pin(Timer(sleep_until(deadline)))
    }

    fn spawn(&self, future: Pin<Box<dyn Future<Output = ()> + Send>>) {
        fend::spawn(future);
    }

    fn wrap_udp_socket(&self, socket: net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        let state = UdpSocketState::new((&socket).into())?;
        Ok(Arc::new(Socket { fd: AsyncFd::new(socket)?, state }))
    }

    fn now(&self) -> Instant {
        fend::time::now()
    }
}

#[derive(Debug)]
struct Timer(Sleep);

impl AsyncTimer for Timer {
    fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        self.0.reset(deadline);
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}

#[derive(Debug)]
struct Socket {
    fd: AsyncFd<net::UdpSocket>,
    state: UdpSocketState,
}

impl AsyncUdpSocket for Socket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(Writable { socket: self, wait: None })
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.fd.try_write_with(|socket| self.state.send(socket.into(), transmit))
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        self.fd.poll_with(cx, Direction::Read, |socket| self.state.recv(socket.into(), bufs, meta))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.fd.get_ref().local_addr()
    }

    fn max_transmit_segments(&self) -> usize {
        self.state.max_gso_segments()
    }

    fn max_receive_segments(&self) -> usize {
        self.state.gro_segments()
    }

    fn may_fragment(&self) -> bool {
        self.state.may_fragment()
    }
}

/// One connection's wait for room in the socket, which all connections share.
///
/// A future, and not `poll_writable`, which remembers a limited number of tasks: any number of connections may wait.
struct Writable {
    socket: Arc<Socket>,
    wait: Option<Pin<Box<dyn Future<Output = io::Result<()>> + Send + Sync>>>,
}

impl UdpPoller for Writable {
    fn poll_writable(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Writable { socket, wait } = &mut *self;
        let wait_anew = || {
            let socket = socket.clone();
            Box::pin(async move { socket.fd.writable().await }) as _
        };
        let result = ready!(wait.get_or_insert_with(wait_anew).as_mut().poll(cx));
        *wait = None;
        Poll::Ready(result)
    }
}

impl fmt::Debug for Writable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writable").field("socket", &self.socket).finish_non_exhaustive()
    }
}
