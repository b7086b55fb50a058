//! hickory's [`RuntimeProvider`] on fend: its resolver and its DNS clients, in fend's tasks.
//!
//! fend has a resolver of its own, [`fend::dns`], for what a program usually asks. This is for programs that use hickory's already, or need
//! what it alone does.
//!
//! hickory asks a runtime for tasks, timers, UDP and TCP sockets. Its traits are foreign to fend and to whoever copies this, so that each
//! of the two sockets needs a type to carry them, which passes every call on.

use std::future::Future;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use fend::net::{TcpSocket, TcpStream, UdpSocket};
use fend::time::{sleep, timeout};
use futures_lite::{AsyncRead, AsyncWrite};
use hickory_resolver::net::runtime::{DnsTcpStream, DnsUdpSocket, RuntimeProvider, Spawn, Time};

/// How long hickory waits for a TCP connection when it names no time, with tokio too.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

type Connecting = Pin<Box<dyn Future<Output = io::Result<DnsTcp>> + Send>>;
type Binding = Pin<Box<dyn Future<Output = io::Result<DnsUdp>> + Send>>;

/// Runs hickory's tasks, timers and sockets on fend: for `Resolver::builder_with_config`.
///
/// Nothing of hickory's needs tokio then: its feature `tokio` may be off.
///
/// # Examples
///
/// ```
/// use hickory_resolver::Resolver;
/// use hickory_resolver::config::{NameServerConfig, ResolverConfig};
/// use interop::hickory_provider::FendProvider;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let servers = vec![NameServerConfig::udp_and_tcp("127.0.0.1".parse()?)];
/// let config = ResolverConfig::from_parts(None, Vec::new(), servers);
/// let resolver = Resolver::builder_with_config(config, FendProvider).build()?;
/// // Names under `localhost` are answered without a server.
/// let found = fend::block_on(resolver.lookup_ip("localhost."))?;
/// assert!(found.iter().all(|address| address.is_loopback()));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct FendProvider;

impl RuntimeProvider for FendProvider {
    type Handle = FendProvider;
    type Timer = FendProvider;
    type Udp = DnsUdp;
    type Tcp = DnsTcp;

    fn create_handle(&self) -> FendProvider {
        FendProvider
    }

    fn connect_tcp(&self, to: SocketAddr, from: Option<SocketAddr>, limit: Option<Duration>) -> Connecting {
        Box::pin(async move {
            let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
            if let Some(from) = from {
                socket.bind(from)?;
            }
            socket.set_nodelay(true)?;
            Ok(DnsTcp(timeout(limit.unwrap_or(CONNECT_TIMEOUT), socket.connect(to)).await??))
        })
    }

    fn bind_udp(&self, local: SocketAddr, _server: SocketAddr) -> Binding {
        Box::pin(async move { Ok(DnsUdp(UdpSocket::bind(local).await?)) })
    }
}

impl Spawn for FendProvider {
    fn spawn_bg(&mut self, future: impl Future<Output = ()> + Send + 'static) {
        fend::spawn(future);
    }
}

#[async_trait]
impl Time for FendProvider {
    async fn delay_for(duration: Duration) {
        sleep(duration).await;
    }

    async fn timeout<F: Future + Send + 'static>(duration: Duration, future: F) -> io::Result<F::Output> {
        Ok(timeout(duration, future).await?)
    }
}

/// fend's [`UdpSocket`] as hickory's.
#[derive(Debug)]
pub struct DnsUdp(UdpSocket);

impl DnsUdpSocket for DnsUdp {
    type Time = FendProvider;

    fn poll_recv_from(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>> {
        self.0.poll_recv_from(cx, buf)
    }

    fn poll_send_to(&self, cx: &mut Context<'_>, buf: &[u8], to: SocketAddr) -> Poll<io::Result<usize>> {
        self.0.poll_send_to(cx, buf, to)
    }
}

/// fend's [`TcpStream`] as hickory's.
#[derive(Debug)]
pub struct DnsTcp(TcpStream);

impl DnsTcpStream for DnsTcp {
    type Time = FendProvider;
}

impl AsyncRead for DnsTcp {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }

    fn poll_read_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_read_vectored(cx, bufs)
    }
}

impl AsyncWrite for DnsTcp {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(cx)
    }
}
