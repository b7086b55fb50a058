//! [`ServerHandshake`]: one client's handshake.
//!
//! ```text
//!   Silent --first bytes--> Queued --a place--> Runs --> the stream
//!      \_______________________\__________________\____> an error, at the deadline at the latest
//! ```
//!
//! A client that says nothing costs a timer and its socket: OpenSSL's session, some 20 KiB with its buffers, is made when there are bytes
//! for it. They are the ones that wait in `before`.

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use futures_io::{AsyncRead, AsyncWrite};

use super::TlsAcceptor;
use super::admission::{Admission, Place, Ticket};
use crate::context::{Context, alpn_wire_format};
use crate::deadline::Deadline;
use crate::error::TlsError;
use crate::session::{Early, Session};
use crate::state::SslState;
use crate::stream::TlsStream;
use crate::unwind::caught;

const OPERATION: &str = "TLS handshake";

/// Room for the first bytes: most first messages of clients are whole in it.
const FIRST: usize = 2048;

/// Future of [`TlsAcceptor::handshake`]; its methods set what is to differ from the context.
#[must_use = "a handshake does nothing unless it is awaited"]
pub struct ServerHandshake<S> {
    state: State<S>,
    acceptor: TlsAcceptor,
    deadline: Deadline,
    admission: Arc<Admission>,
    ticket: Ticket,
    alpn: Option<Vec<Vec<u8>>>,
}

enum State<S> {
    Silent(S),
    Queued(S, Vec<u8>),
    /// The place is free again when the session is not this one's any more.
    Runs {
        session: Session<S>,
        early: Early,
        _place: Place,
    },
    Over,
}

impl<S> ServerHandshake<S> {
    pub(super) fn new(acceptor: &TlsAcceptor, stream: S) -> Self {
        ServerHandshake {
            state: State::Silent(stream),
            deadline: Deadline::after(acceptor.context().settings().handshake_timeout),
            admission: acceptor.shared.admission.clone(),
            acceptor: acceptor.clone(),
            ticket: Ticket::default(),
            alpn: None,
        }
    }

    /// Bytes of TLS that were read from the stream already. A protocol that begins in plain text (STARTTLS) and reads through a buffer may
    /// have them; they must not be taken for plain text, nor be lost.
    pub fn buffered(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        self.state = match mem::replace(&mut self.state, State::Over) {
            State::Silent(stream) if !bytes.is_empty() => State::Queued(stream, bytes),
            state => state,
        };
        self
    }

    /// The application protocols to choose from in place of the context's, the best first; also in place of those of a context that was
    /// chosen by the client's [name](crate::ContextBuilder::sni_context).
    ///
    /// # Examples
    ///
    /// ```
    /// use fend::net::TcpStream;
    /// use fend::tls::{TlsAcceptor, TlsError, TlsStream};
    ///
    /// // For a port where only one protocol is spoken, with the certificates of all.
    /// async fn accept(acceptor: &TlsAcceptor, stream: TcpStream) -> Result<TlsStream<TcpStream>, TlsError> {
    ///     acceptor.handshake(stream).alpn(["h2"]).await
    /// }
    /// ```
    pub fn alpn<P: AsRef<[u8]>>(mut self, protocols: impl IntoIterator<Item = P>) -> Self {
        self.alpn = Some(protocols.into_iter().map(|protocol| protocol.as_ref().to_vec()).collect());
        self
    }

    /// How long the handshake may take, from the first poll on and with the wait for its turn, in place of the context's
    /// [`handshake_timeout`](crate::ContextBuilder::handshake_timeout). `None`: as long as it likes.
    pub fn timeout(mut self, timeout: Option<Duration>) -> Self {
        self.deadline = Deadline::after(timeout);
        self
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> ServerHandshake<S> {
    fn poll_to_end(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<TlsStream<S>, TlsError>> {
        loop {
            match &mut self.state {
                State::Silent(stream) => {
                    let first = ready!(poll_first_bytes(stream, cx))?;
                    self.advance(|state| match state {
                        State::Silent(stream) => State::Queued(stream, first),
                        _ => unreachable!("it was looked at"),
                    });
                }
                State::Queued(..) => {
                    let place = ready!(self.admission.poll_enter(cx, &mut self.ticket));
                    let State::Queued(stream, before) = mem::replace(&mut self.state, State::Over) else {
                        unreachable!("it was looked at")
                    };
                    let (session, early) = begin(&self.acceptor.context(), stream, before, self.alpn.take())?;
                    self.state = State::Runs { session, early, _place: place };
                }
                State::Runs { session, early, .. } => {
                    ready!(session.poll_handshake(cx, early))?;
                    let State::Runs { session, .. } = mem::replace(&mut self.state, State::Over) else {
                        unreachable!("it was looked at")
                    };
                    return Poll::Ready(Ok(TlsStream::of(session)));
                }
                State::Over => panic!("a handshake was polled after it was over"),
            }
        }
    }

    fn advance(&mut self, f: impl FnOnce(State<S>) -> State<S>) {
        self.state = f(mem::replace(&mut self.state, State::Over));
    }
}

/// What the client says first. It may be all that it ever says.
fn poll_first_bytes<S: AsyncRead + Unpin>(
    stream: &mut S,
    cx: &mut TaskContext<'_>,
) -> Poll<Result<Vec<u8>, TlsError>> {
    let mut buf = [0; FIRST];
    let received = caught(|| {
        loop {
            match ready!(Pin::new(&mut *stream).poll_read(cx, &mut buf)) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                result => return Poll::Ready(result),
            }
        }
    });
    let received = match received {
        Ok(received) => ready!(received),
        Err(text) => return Poll::Ready(Err(TlsError::panicked(OPERATION, text))),
    };
    Poll::Ready(match received {
        Ok(0) => Err(TlsError::closed(OPERATION)),
        Ok(count) => Ok(buf[..count.min(FIRST)].to_vec()),
        Err(error) => Err(TlsError::io(OPERATION, error)),
    })
}

fn begin<S: AsyncRead + AsyncWrite + Unpin>(
    context: &Context,
    stream: S,
    before: Vec<u8>,
    alpn: Option<Vec<Vec<u8>>>,
) -> Result<(Session<S>, Early), TlsError> {
    if let Some(protocols) = &alpn {
        let check = alpn_wire_format(protocols);
        check.map_err(|message| TlsError::input(OPERATION, format!("alpn: {message}")))?;
    }
    let ssl = context.new_ssl(SslState::of_server(alpn))?;
    let settings = context.settings();
    let early = if settings.max_early_data > 0 { Early::Receive } else { Early::Nothing };
    Ok((Session::new(ssl, stream, before, settings)?, early))
}

impl<S: AsyncRead + AsyncWrite + Unpin> Future for ServerHandshake<S> {
    type Output = Result<TlsStream<S>, TlsError>;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let result = match this.poll_to_end(cx) {
            Poll::Ready(result) => result,
            Poll::Pending => match this.deadline.poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(error) => Err(error),
            },
        };
        // The place is free, and the stream closed, by the time that anybody hears of it.
        this.state = State::Over;
        this.admission.give_up(&mut this.ticket);
        Poll::Ready(result)
    }
}

impl<S> Drop for ServerHandshake<S> {
    fn drop(&mut self) {
        self.admission.give_up(&mut self.ticket);
    }
}

impl<S> fmt::Debug for ServerHandshake<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Silent(_) => "waits for the client's first bytes",
            State::Queued(..) => "waits for its turn",
            State::Runs { .. } => "runs",
            State::Over => "is over",
        };
        f.debug_struct("ServerHandshake").field("state", &state).finish_non_exhaustive()
    }
}
