//! [`Context`]: what many sessions have in common. The way of a setting: the [builder](builder) collects what is said, `build`
//! reads the files and makes an `SSL_CTX` of it, and the [callbacks](callback) find the [settings](settings) through the session.

mod build;
mod builder;
mod callback;
mod protocol;
mod settings;
mod verify;

use std::fmt;
use std::sync::Arc;

use openssl::ssl::{Ssl, SslContext};

use crate::state::SslState;
use crate::{Identity, TlsError};

pub use builder::ContextBuilder;
pub(crate) use callback::alpn::wire_format as alpn_wire_format;
pub use callback::hello::Sni;
pub use protocol::{Protocol, UnknownProtocol};
pub(crate) use settings::{Ocsp, Settings};
pub use verify::{Verify, VerifyInfo};

/// Which end of the connection a context is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The end that begins.
    Client,
    /// The end that waits, and shows a certificate.
    Server,
}

/// What the sessions of a client or a server have in common: certificates, whom to believe, and what is negotiated.
///
/// It never changes once it is built, and clones share it: make one for the whole program, not one for each connection. To read the
/// system's roots takes some 20 milliseconds, and sessions can be resumed only under the context that they began with.
///
/// # Examples
///
/// ```
/// use fend::tls::{Context, Identity, Mode};
///
/// let identity = Identity::self_signed(["localhost"])?;
/// let client = Context::builder(Mode::Client).ca(identity.certificate().clone()).alpn(["http/1.1"]).build()?;
/// let server = Context::server(identity)?;
/// assert_eq!((client.mode(), server.mode()), (Mode::Client, Mode::Server));
/// # Ok::<(), fend::tls::TlsError>(())
/// ```
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    ssl_context: SslContext,
    settings: Arc<Settings>,
}

impl Context {
    /// Begins a context; [`build`](ContextBuilder::build) makes it.
    pub fn builder(mode: Mode) -> ContextBuilder {
        ContextBuilder::new(mode)
    }

    /// A client's context with the safe defaults: TLS 1.2 or 1.3, and a server must have a certificate for its name that the
    /// system's roots vouch for.
    ///
    /// # Errors
    ///
    /// When the system's roots cannot be read.
    pub fn client() -> Result<Context, TlsError> {
        Context::builder(Mode::Client).build()
    }

    /// A server's context with the safe defaults: TLS 1.2 or 1.3, and no certificate is asked of clients.
    ///
    /// # Errors
    ///
    /// When OpenSSL does not take the certificate, such as one whose key is too small for its security level.
    pub fn server(identity: Identity) -> Result<Context, TlsError> {
        Context::builder(Mode::Server).identity(identity).build()
    }

    /// Which end it is for.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.0.settings.mode
    }

    /// The application protocols that [`alpn`](ContextBuilder::alpn) has named, the best first.
    ///
    /// # Examples
    ///
    /// ```
    /// use fend::tls::{Context, Mode};
    ///
    /// let context = Context::builder(Mode::Client).alpn(["h2", "http/1.1"]).build().unwrap();
    /// assert_eq!(context.alpn().collect::<Vec<_>>(), [&b"h2"[..], b"http/1.1"]);
    /// ```
    pub fn alpn(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.settings().alpn.iter().map(Vec::as_slice)
    }

    /// A client's context: forgets the sessions that could be resumed, so that each host is asked for its certificate again.
    pub fn forget_sessions(&self) {
        if let Some(sessions) = &self.settings().sessions {
            sessions.clear();
        }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(crate) fn ssl_context(&self) -> &SslContext {
        &self.0.ssl_context
    }

    /// A session, ready for its handshake, with `state` hung on it.
    pub(crate) fn new_ssl(&self, state: SslState) -> Result<Ssl, TlsError> {
        self.make_ssl(state).map_err(|errors| TlsError::openssl("TLS session", &errors))
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("mode", &self.mode()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
