//! [`TlsStream`]: a session that tasks share, with the methods of a socket.
//!
//! | file | what |
//! |---|---|
//! | `turn.rs` | who may use the session now |
//! | `waiters.rs` | who waits for the stream below |
//! | `methods.rs` | receiving and sending, for the stream and for its halves |
//! | `facts.rs` | what is known of the peer and of the session |
//! | `split.rs`, `into_split.rs`, `futures_io.rs` | halves, and the traits |

mod facts;
mod futures_io;
mod into_split;
#[cfg(all(test, loom))]
mod loom_models;
mod methods;
mod split;
#[cfg(all(test, not(loom)))]
mod tests;
#[expect(unsafe_code, reason = "a lock of our own")]
mod turn;
pub(crate) mod waiters;

use std::fmt;
use std::future::poll_fn;
use std::io::{self, IoSlice, IoSliceMut};
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::task::{Context, Poll, ready};

use ::futures_io::{AsyncRead, AsyncWrite};

pub use facts::TlsInfo;
pub use into_split::{OwnedReadHalf, OwnedWriteHalf, ReuniteError};
pub use split::{ReadHalf, WriteHalf};

use crate::session::{Session, unless_gone};
use methods::{receive_methods, send_methods};
use turn::{InTurn, Side, Turn};

/// A TLS session over a stream `S`, after its handshake.
///
/// It comes from [`TlsConnector::handshake`](crate::TlsConnector::handshake) or
/// [`TlsAcceptor::handshake`](crate::TlsAcceptor::handshake), and has the methods of fend's sockets: [`recv`](Self::recv) takes what is
/// there, [`send_all`](Self::send_all) sends everything. It is also [`AsyncRead`] and [`AsyncWrite`], by value and by reference.
///
/// # Two directions, two tasks
///
/// All methods take `&self`. One task may receive while another sends: through references, an `Arc`, or [halves](Self::split). They take
/// turns at the session, and no thread is blocked meanwhile. Several tasks may receive, too; who gets which bytes is then left to chance.
///
/// # The end
///
/// TLS says where its stream ends, since anybody on the way can end the one below. When the peer has [shut down](Self::shutdown), a
/// receive gives `Ok(0)`, and sending goes on. An end without that word is
/// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof): what came may be cut off. (Old HTTP servers close so;
/// [`allow_truncation`](crate::ContextBuilder::allow_truncation) is for them, where the length is known otherwise.)
///
/// Dropping the stream says nothing to the peer, which sees an `UnexpectedEof` in turn: a task that panics must not make half an answer look
/// whole. Call [`shutdown`](Self::shutdown) at the end.
///
/// # What it costs
///
/// A receive is one call of the stream below for each record of 16 KiB, which takes the header of the next one along, and for many small
/// records at once. A send makes two records of 32 KiB of data and hands them over in one call. Each byte is copied once in either direction,
/// as in OpenSSL itself; half of them once more in a large send, and what comes after a wait once more. When the process has more than 64
/// sessions, one that waits to receive, or has flushed, holds no buffers.
///
/// A server's session tickets and its first data are separate writes. Over TCP, Nagle's algorithm may hold the second one back until the first is
/// acknowledged, which takes up to 40 ms: `set_nodelay(true)` on the socket is what most want.
///
/// # Examples
///
/// ```
/// use fend::net::{TcpListener, TcpStream};
/// use fend::tls::{Context, Identity, Mode, TlsAcceptor, TlsConnector};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// fend::block_on(async {
///     let identity = Identity::self_signed(["localhost"])?;
///     let trusted = Context::builder(Mode::Client).ca(identity.certificate().clone()).build()?;
///     let (acceptor, connector) = (TlsAcceptor::new(identity)?, TlsConnector::with_context(trusted)?);
///
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let address = listener.local_addr()?;
///     let server = fend::spawn(async move {
///         let (stream, _) = listener.accept().await?;
///         let stream = acceptor.handshake(stream).await?;
///         let mut buf = [0; 100];
///         let count = stream.recv(&mut buf).await?;
///         stream.send_all(&buf[..count]).await?;
///         stream.shutdown().await
///     });
///
///     let client = connector.handshake("localhost", TcpStream::connect(address).await?).await?;
///     client.send_all(b"hello").await?;
///     let mut answer = [0; 5];
///     client.recv_exact(&mut answer).await?;
///     assert_eq!(&answer, b"hello");
///     assert_eq!(client.recv(&mut answer).await?, 0);
///     server.await??;
///     Ok(())
/// })
/// # }
/// ```
pub struct TlsStream<S> {
    session: Turn<Session<S>>,
}

// A panic of the stream below or of a callback ends in the session, which is broken from then on and says so.
impl<S> UnwindSafe for TlsStream<S> {}
impl<S> RefUnwindSafe for TlsStream<S> {}

impl<S> TlsStream<S> {
    pub(crate) fn of(session: Session<S>) -> Self {
        TlsStream { session: Turn::new(session) }
    }

    fn stream(&self) -> &TlsStream<S> {
        self
    }

    /// For who has the stream alone, and needs no turn.
    #[cfg(any(feature = "hyper", all(test, not(loom))))]
    pub(crate) fn session_mut(&mut self) -> &mut Session<S> {
        self.session.get_mut()
    }

    /// The stream below, to ask it for its addresses or to set its options. Other tasks wait for their turn while this is held, so let it go
    /// before the next `.await`. Bytes read from it or written to it break the session.
    ///
    /// # Panics
    ///
    /// Not this one, but the methods that say something about the session, and a second `get_ref`, when the same thread holds the
    /// first one's result still: they would wait for ever. A value of it lives up to the end of its statement, so
    /// `log(tls.get_ref().peer_addr(), tls.alpn())` must be two.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn peer(tls: &fend::tls::TlsStream<fend::net::TcpStream>) -> std::io::Result<std::net::SocketAddr> {
    /// tls.get_ref().peer_addr()
    /// # }
    /// ```
    pub fn get_ref(&self) -> StreamRef<'_, S> {
        StreamRef(self.session.lock())
    }

    /// The stream below. Bytes read from it or written to it break the session.
    pub fn get_mut(&mut self) -> &mut S {
        self.session.get_mut().stream_mut()
    }

    /// The stream below, without the session. Nothing is sent before; see [`shutdown_and_wait`](Self::shutdown_and_wait) for an end in
    /// order. Bytes that were received and not taken are lost.
    pub fn into_inner(self) -> S {
        self.session.into_inner().into_stream()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream<S> {
    receive_methods!();
    send_methods!();

    /// Tells the peer that this was all (close_notify), and closes the write half of the stream below. Receiving goes on.
    ///
    /// A second call has nothing to do. A peer that has gone already is no error. In TLS 1.2 a peer may answer this by closing its side too,
    /// and throw away what it had to send.
    ///
    /// # Errors
    ///
    /// Those of the stream below.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: call it again to go on. Nothing can be sent after the first call.
    pub async fn shutdown(&self) -> io::Result<()> {
        poll_fn(|cx| self.poll_shutdown(cx)).await
    }

    /// [`shutdown`](Self::shutdown), polled.
    ///
    /// # Errors
    ///
    /// As [`shutdown`](Self::shutdown).
    pub fn poll_shutdown(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.session.poll_enter(cx, Side::Sender)).poll_close(cx)
    }

    /// Tells the peer that this was all, and waits until it has said so too. The stream below stays open, and can be had with
    /// [`into_inner`](Self::into_inner) for what comes after TLS.
    ///
    /// Data that the peer sends before its end is thrown away; the result is how many bytes it was. Bytes that a peer sends right behind its
    /// close_notify may have been read with it, and are lost, unless the context says [`read_ahead(false)`](crate::ContextBuilder::read_ahead).
    ///
    /// # Errors
    ///
    /// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) when the peer ends without a word; else those of the stream below.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe but for the count: call it again to go on.
    pub async fn shutdown_and_wait(&self) -> io::Result<u64> {
        let goodbye = poll_fn(|cx| ready!(self.session.poll_enter(cx, Side::Sender)).poll_goodbye(cx)).await;
        // A peer that has gone may have said its word before.
        unless_gone(goodbye)?;
        let (mut buf, mut thrown_away) = ([0; 4096], 0);
        loop {
            match self.recv(&mut buf).await? {
                0 => return Ok(thrown_away),
                count => thrown_away += count as u64,
            }
        }
    }

    /// The two directions, for two futures of one task or of a scope.
    ///
    /// # Examples
    ///
    /// ```
    /// # async fn both(tls: fend::tls::TlsStream<fend::net::TcpStream>) -> std::io::Result<()> {
    /// use futures_lite::future::try_zip;
    ///
    /// let (read, write) = tls.split();
    /// let mut answer = [0; 1024];
    /// try_zip(write.send_all(b"question"), read.recv(&mut answer)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn split(&self) -> (ReadHalf<'_, S>, WriteHalf<'_, S>) {
        (ReadHalf::of(self), WriteHalf::of(self))
    }

    /// The two directions as values of their own, for two tasks. [`reunite`](OwnedReadHalf::reunite) puts them together again.
    pub fn into_split(self) -> (OwnedReadHalf<S>, OwnedWriteHalf<S>) {
        into_split::halves(self)
    }

    fn poll_enter_receiver(&self, cx: &mut Context<'_>) -> Poll<InTurn<'_, Session<S>>> {
        self.session.poll_enter(cx, Side::Receiver)
    }

    fn poll_recv_some(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_enter_receiver(cx)).poll_recv(cx, buf)
    }

    fn poll_peek_some(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_enter_receiver(cx)).poll_peek(cx, buf)
    }

    fn poll_recv_many(&self, cx: &mut Context<'_>, bufs: &mut [IoSliceMut<'_>]) -> Poll<io::Result<usize>> {
        ready!(self.poll_enter_receiver(cx)).poll_recv_vectored(cx, bufs)
    }

    fn poll_send_some(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        ready!(self.session.poll_enter(cx, Side::Sender)).poll_send(cx, bufs)
    }

    fn poll_flush_all(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.session.poll_enter(cx, Side::Sender)).poll_flush(cx)
    }
}

impl<S: fmt::Debug> fmt::Debug for TlsStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut stream = f.debug_struct("TlsStream");
        match self.session.try_enter() {
            Some(session) => {
                stream.field("info", &facts::of(&session)).field("stream", session.stream()).finish()
            }
            // Printed from inside the stream below, or while another thread is at it.
            None => stream.finish_non_exhaustive(),
        }
    }
}

/// The stream below a [`TlsStream`], while nobody else uses it; made by [`TlsStream::get_ref`].
pub struct StreamRef<'a, S>(InTurn<'a, Session<S>>);

impl<S> Deref for StreamRef<'_, S> {
    type Target = S;

    fn deref(&self) -> &S {
        self.0.stream()
    }
}

impl<S: fmt::Debug> fmt::Debug for StreamRef<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
