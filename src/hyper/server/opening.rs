//! A connection's beginning: the handshake, and the bytes that tell which HTTP it is.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

#[cfg(feature = "tls")]
use futures_io::{AsyncRead, AsyncWrite};
use hyper::rt::Read;

use super::Protocols;
use super::first_bytes::{Expected, Version};
#[cfg(feature = "tls")]
use super::peer::TlsFacts;
use super::stream::ServerStream;
use super::transport::Transport;
use crate::task::CancellationToken;
use crate::time::{sleep, timeout};
#[cfg(feature = "tls")]
use crate::tls::{TlsAcceptor, TlsError};

/// What a connection has when a drain finds it in its handshake or in the head of its first request, or when it begins in a drain: its client
/// could not know.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// How connections begin.
pub(super) struct Opening {
    #[cfg(feature = "tls")]
    pub(super) tls: Option<Tls>,
    pub(super) protocols: Protocols,
    pub(super) timeout: Duration,
    /// Cancelled when the server is drained.
    pub(super) drain: CancellationToken,
}

/// How to shake hands.
#[cfg(feature = "tls")]
pub(super) struct Tls {
    acceptor: TlsAcceptor,
    alpn: Vec<&'static str>,
}

#[cfg(feature = "tls")]
impl Tls {
    /// # Errors
    ///
    /// `InvalidInput` when the acceptor's context names only protocols that the server does not speak.
    pub(super) fn new(acceptor: TlsAcceptor, protocols: Protocols) -> io::Result<Tls> {
        let spoken = protocols.names();
        let context = acceptor.context();
        let common = |ours: &[u8]| spoken.iter().copied().find(|name| name.as_bytes() == ours);
        let mut alpn: Vec<&'static str> = context.alpn().filter_map(common).collect();
        if alpn.is_empty() {
            let named: Vec<_> = context.alpn().map(String::from_utf8_lossy).collect();
            if !named.is_empty() {
                let message = format!("TLS acceptor: alpn {named:?}: the server speaks {spoken:?}");
                return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
            }
            alpn = spoken.to_vec();
        }
        Ok(Tls { acceptor, alpn })
    }
}

impl Protocols {
    /// By their names in ALPN, the best first.
    #[cfg(feature = "tls")]
    fn names(self) -> &'static [&'static str] {
        match self {
            Protocols::Both => &["h2", "http/1.1"],
            Protocols::Http1 => &["http/1.1"],
            Protocols::Http2 => &["h2"],
        }
    }
}

impl Opening {
    /// Shakes hands, where there is TLS. `None`: a drain has ended it.
    #[cfg(feature = "tls")]
    pub(super) async fn secure<S>(&self, stream: S) -> Result<Option<Transport<S>>, TlsError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let Some(tls) = &self.tls else { return Ok(Some(Transport::Plain(stream))) };
        let handshake = tls.acceptor.handshake(stream).alpn(&tls.alpn);
        let shaken = self.unless_drained(GRACE, handshake).await.transpose()?;
        Ok(shaken.map(Transport::Tls))
    }

    /// What the client may speak now.
    pub(super) fn expected<S>(&self, transport: &Transport<S>) -> Expected {
        match (self.protocols, transport.alpn()) {
            (Protocols::Http1, _) => Expected::Only(Version::Http1),
            (Protocols::Http2, _) => Expected::Only(Version::Http2),
            (Protocols::Both, Some(version)) => Expected::Only(version),
            (Protocols::Both, None) => Expected::Either,
        }
    }

    /// Waits for the first bytes. `None`: the client has gone without a word, or a drain has ended it.
    pub(super) async fn version<T: Read + Unpin>(
        &self,
        stream: &mut ServerStream<T>,
        expected: Expected,
    ) -> io::Result<Option<Version>> {
        let read = poll_fn(|cx| stream.poll_version(cx, expected));
        let grace = if self.drain.is_cancelled() { GRACE } else { Duration::ZERO };
        match self.unless_drained(grace, timeout(self.timeout, read)).await {
            None => Ok(None),
            Some(Ok(version)) => version,
            Some(Err(_)) => {
                let message = format!("no request has come within {:?}", self.timeout);
                Err(io::Error::new(io::ErrorKind::TimedOut, message))
            }
        }
    }

    /// Waits for `future`, or gives it up when a drain has begun and `grace` is over. What can go on at once is never given up.
    async fn unless_drained<F: Future>(&self, grace: Duration, future: F) -> Option<F::Output> {
        let given_up = async {
            self.drain.cancelled().await;
            if !grace.is_zero() {
                sleep(grace).await;
            }
        };
        let (mut future, mut given_up) = (pin!(future), pin!(given_up));
        poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => given_up.as_mut().poll(cx).map(|()| None),
        })
        .await
    }
}

#[cfg(feature = "tls")]
impl<S> Transport<S> {
    /// What the handshake says of HTTP.
    fn alpn(&self) -> Option<Version> {
        let Transport::Tls(stream) = self else { return None };
        match stream.alpn()?.as_slice() {
            b"h2" => Some(Version::Http2),
            _ => Some(Version::Http1),
        }
    }

    /// What the client has sent before the handshake was over. Now that it is, it is no replay: who has recorded it cannot end a handshake
    /// (RFC 8470, section 3).
    pub(super) fn early_data(&self) -> Vec<u8> {
        match self {
            Transport::Plain(_) => Vec::new(),
            Transport::Tls(stream) => stream.early_data(),
        }
    }

    /// What is known of the session.
    pub(super) fn facts(&self) -> Option<TlsFacts> {
        match self {
            Transport::Plain(_) => None,
            Transport::Tls(stream) => {
                Some(TlsFacts { info: stream.info(), certificate: stream.peer_certificate() })
            }
        }
    }
}

#[cfg(not(feature = "tls"))]
impl<S> Transport<S> {
    fn alpn(&self) -> Option<Version> {
        None
    }

    pub(super) fn early_data(&self) -> Vec<u8> {
        Vec::new()
    }
}
