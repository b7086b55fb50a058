//! [`TlsAcceptor`]: the server's side of the handshake, with its limits, and certificates that can be changed.
//!
//! | file | what |
//! |---|---|
//! | `handshake.rs` | one handshake: the first byte, a place, the deadline |
//! | `admission.rs` | how many run at once |
//! | `reload.rs` | new certificates for a running server |
//! | `incoming.rs` | handshakes beside the accept loop, in tasks of their own |

mod admission;
mod handshake;
mod incoming;
mod reload;
#[cfg(all(test, not(loom)))]
mod tests;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use futures_core::Stream;
use futures_io::{AsyncRead, AsyncWrite};

pub use handshake::ServerHandshake;
pub use incoming::TlsIncoming;

use crate::context::{Context, Mode};
use crate::error::TlsError;
use crate::identity::Identity;
use admission::Admission;

/// How many handshakes run at once when nothing else is said.
const HANDSHAKES: usize = 1024;

/// Makes TLS sessions as a server. Cheap to clone; the clones share their certificate and their limits.
///
/// A handshake has 10 s unless the context says otherwise, so that a silent client does not stay for ever, and it runs wherever the future is
/// polled: in the connection's own task, not in the accept loop. [`fend::net::Listener`](https://docs.rs/fend/latest/fend/net/struct.Listener.html)
/// gives each connection a task; [`incoming`](Self::incoming) does the same for any stream of connections.
///
/// # Examples
///
/// ```
/// use fend::net::{Listener, TcpStream};
/// use fend::tls::{Identity, TlsAcceptor};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let acceptor = TlsAcceptor::new(Identity::self_signed(["localhost"])?)?;
/// fend::block_on(async {
///     let listener = Listener::bind("127.0.0.1:0").await?;
///     let server = listener.serve(move |stream: TcpStream, peer| {
///         let acceptor = acceptor.clone();
///         async move {
///             match acceptor.handshake(stream).await {
///                 Ok(stream) => drop(stream.send_all(b"hello\n").await),
///                 Err(error) => eprintln!("{peer}: {error}"),
///             }
///         }
///     });
/// #   drop(server);
///     Ok(())
/// })
/// # }
/// ```
#[derive(Clone)]
pub struct TlsAcceptor {
    shared: Arc<Shared>,
}

struct Shared {
    context: RwLock<Context>,
    /// Held from the look at the old context until the new one is in its place, so that of two reloads at once none is lost.
    reloading: Mutex<()>,
    admission: Arc<Admission>,
}

impl TlsAcceptor {
    /// With the defaults of [`Context::server`].
    ///
    /// # Errors
    ///
    /// When OpenSSL does not take the certificate or the key.
    pub fn new(identity: Identity) -> Result<TlsAcceptor, TlsError> {
        TlsAcceptor::with_context(Context::server(identity)?)
    }

    /// [`new`](Self::new), with a chain and a key from files: PEM or DER, the server's own certificate first.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, is neither, or the two do not belong together.
    pub fn from_files(certificate: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<TlsAcceptor, TlsError> {
        TlsAcceptor::new(Identity::from_files(certificate, key)?)
    }

    /// With a context of one's own.
    ///
    /// # Errors
    ///
    /// When the context is a client's.
    pub fn with_context(context: Context) -> Result<TlsAcceptor, TlsError> {
        if context.mode() == Mode::Client {
            return Err(TlsError::input("TLS acceptor", "the context is a client's (Mode::Client)"));
        }
        let shared = Shared {
            context: RwLock::new(context),
            reloading: Mutex::new(()),
            admission: Admission::new(HANDSHAKES),
        };
        Ok(TlsAcceptor { shared: Arc::new(shared) })
    }

    /// How many handshakes may run at once, for all clones; 1024 unless said, and at least 1. The others wait their turn, within their
    /// deadline. A client that has sent nothing yet does not count, and takes next to no memory.
    pub fn max_handshakes(self, limit: usize) -> Self {
        self.shared.admission.set_limit(limit);
        self
    }

    /// How many handshakes run now.
    pub fn handshakes(&self) -> usize {
        self.shared.admission.taken()
    }

    /// The context that the next handshake uses.
    pub fn context(&self) -> Context {
        self.shared.context.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Shakes hands with the client at the other end of `stream`.
    ///
    /// The result is a future with settings: put them in front of the `.await`.
    ///
    /// # Errors
    ///
    /// [`TlsError`] says why: the client's alert, what is wrong with its certificate or its bytes, that it spoke
    /// [plain HTTP](TlsError::is_http_request), the stream's error, or that the time was [up](TlsError::is_timeout).
    ///
    /// # Cancel safety
    ///
    /// **Not** cancel safe: dropping the future drops `stream`.
    pub fn handshake<S>(&self, stream: S) -> ServerHandshake<S>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        ServerHandshake::new(self, stream)
    }

    /// The connections of `connections` after their handshakes, in the order in which these end. Each handshake is a task of its own, so a
    /// client that takes its time holds up nobody.
    ///
    /// # Examples
    ///
    /// ```
    /// use fend::net::TcpListener;
    /// use fend::tls::TlsAcceptor;
    /// use futures_lite::StreamExt;
    ///
    /// async fn serve(acceptor: TlsAcceptor, listener: TcpListener) {
    ///     let mut incoming = acceptor.incoming(listener.into_incoming());
    ///     while let Some(result) = incoming.next().await {
    ///         match result {
    ///             Ok(stream) => drop(fend::spawn(async move { stream.send_all(b"hello\n").await })),
    ///             Err(error) => eprintln!("{error}"),
    ///         }
    ///     }
    /// }
    /// ```
    pub fn incoming<I, S>(&self, connections: I) -> TlsIncoming<I, S>
    where
        I: Stream<Item = std::io::Result<S>> + Unpin,
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        TlsIncoming::new(self.clone(), connections)
    }
}

impl fmt::Debug for TlsAcceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsAcceptor")
            .field("context", &self.context())
            .field("max_handshakes", &self.shared.admission.limit())
            .field("handshakes", &self.handshakes())
            .finish()
    }
}
