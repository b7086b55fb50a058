//! What a [`Connector`](super::Connector) gives: TCP, or TLS over it, behind one type.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};

use crate::net::TcpStream;
#[cfg(feature = "tls")]
use crate::tls::{TlsInfo, TlsStream};

/// A connection to a server, with TLS or without: what a [`Connector`](super::Connector) makes.
///
/// It has hyper's traits and those of futures-io, as the streams inside have, and adds nothing to what they do. Take it apart with a
/// `match` for their own methods.
///
/// # Examples
///
/// A connection that was upgraded (a WebSocket, or a tunnel through CONNECT) is the stream again:
///
/// ```
/// use fend::hyper::Stream;
///
/// fn stream_of(upgraded: hyper::upgrade::Upgraded) -> Option<Stream> {
///     // What hyper has read and not used comes first.
///     upgraded.downcast::<Stream>().ok().filter(|parts| parts.read_buf.is_empty()).map(|parts| parts.io)
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Stream {
    /// As `http://` asks for.
    Tcp(TcpStream),
    /// As `https://` asks for.
    #[cfg(feature = "tls")]
    Tls(TlsStream<TcpStream>),
}

/// The same of whichever stream is inside.
macro_rules! of_both {
    ($this:expr, $stream:ident => $result:expr) => {
        match $this {
            Stream::Tcp($stream) => $result,
            #[cfg(feature = "tls")]
            Stream::Tls($stream) => $result,
        }
    };
}

impl Stream {
    /// The address of the server.
    ///
    /// # Errors
    ///
    /// What getpeername(2) says: the connection was reset, say.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Stream::Tcp(stream) => stream.peer_addr(),
            #[cfg(feature = "tls")]
            Stream::Tls(stream) => stream.get_ref().peer_addr(),
        }
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// What getsockname(2) says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Stream::Tcp(stream) => stream.local_addr(),
            #[cfg(feature = "tls")]
            Stream::Tls(stream) => stream.get_ref().local_addr(),
        }
    }

    /// The facts of the TLS session, when there is one.
    #[cfg(feature = "tls")]
    pub fn tls_info(&self) -> Option<TlsInfo> {
        match self {
            Stream::Tcp(_) => None,
            Stream::Tls(stream) => Some(stream.info()),
        }
    }

    /// The facts of the connection.
    ///
    /// # Errors
    ///
    /// As [`peer_addr`](Self::peer_addr).
    pub fn info(&self) -> io::Result<ConnectionInfo> {
        Ok(ConnectionInfo {
            peer_addr: self.peer_addr()?,
            local_addr: self.local_addr()?,
            #[cfg(feature = "tls")]
            tls: self.tls_info(),
        })
    }
}

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Stream {
        Stream::Tcp(stream)
    }
}

#[cfg(feature = "tls")]
impl From<TlsStream<TcpStream>> for Stream {
    fn from(stream: TlsStream<TcpStream>) -> Stream {
        Stream::Tls(stream)
    }
}

impl Read for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        of_both!(self.get_mut(), stream => Read::poll_read(Pin::new(stream), cx, buf))
    }
}

impl Write for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        of_both!(self.get_mut(), stream => Write::poll_write(Pin::new(stream), cx, buf))
    }

    fn is_write_vectored(&self) -> bool {
        of_both!(self, stream => stream.is_write_vectored())
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        of_both!(self.get_mut(), stream => Write::poll_write_vectored(Pin::new(stream), cx, bufs))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        of_both!(self.get_mut(), stream => Write::poll_flush(Pin::new(stream), cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        of_both!(self.get_mut(), stream => Write::poll_shutdown(Pin::new(stream), cx))
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        of_both!(self.get_mut(), stream => AsyncRead::poll_read(Pin::new(stream), cx, buf))
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        of_both!(self.get_mut(), stream => AsyncRead::poll_read_vectored(Pin::new(stream), cx, bufs))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        of_both!(self.get_mut(), stream => AsyncWrite::poll_write(Pin::new(stream), cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        of_both!(self.get_mut(), stream => AsyncWrite::poll_write_vectored(Pin::new(stream), cx, bufs))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        of_both!(self.get_mut(), stream => AsyncWrite::poll_flush(Pin::new(stream), cx))
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        of_both!(self.get_mut(), stream => AsyncWrite::poll_close(Pin::new(stream), cx))
    }
}

impl Connection for Stream {
    /// Whether HTTP/2 was agreed on, and a [`ConnectionInfo`] for the extensions of each response.
    fn connected(&self) -> Connected {
        let connected = of_both!(self, stream => stream.connected());
        match self.info() {
            Ok(info) => connected.extra(info),
            // It has ended already; hyper finds out.
            Err(_) => connected,
        }
    }
}

/// The facts of the connection that a response came by: in its extensions, when a [`Connector`](super::Connector) has made the connection.
///
/// # Examples
///
/// ```
/// use fend::hyper::ConnectionInfo;
///
/// fn log<B>(response: &http::Response<B>) {
///     if let Some(info) = response.extensions().get::<ConnectionInfo>() {
///         println!("{} from {}", response.status(), info.peer_addr);
///     }
/// }
/// # log(&http::Response::new(()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionInfo {
    /// The address of the server.
    pub peer_addr: SocketAddr,
    /// The address of this end.
    pub local_addr: SocketAddr,
    /// The facts of the TLS session, when there is one.
    #[cfg(feature = "tls")]
    pub tls: Option<TlsInfo>,
}
