//! How sessions behave, OCSP of clients, key logs, and the way out.

use std::sync::Arc;
use std::time::Duration;

use openssl::error::ErrorStack;
use openssl::ssl::SslContextBuilder;

use super::ContextBuilder;
use crate::context::Ocsp;

/// # Sessions
impl ContextBuilder {
    /// How long a handshake may take. 10 seconds for a server and 30 for a client, if not said; `None` is for ever.
    pub fn handshake_timeout(mut self, timeout: Option<Duration>) -> ContextBuilder {
        self.settings.handshake_timeout = timeout;
        self
    }

    /// Takes the end of the stream below for the end of the session, without a close_notify.
    ///
    /// By default that is an [error](crate::TlsError::is_unexpected_eof), since anybody on the way can end a stream, and half a
    /// message must not pass for a whole one. It is safe where the protocol above tells the end by itself, as HTTP does with
    /// lengths; some old servers need it.
    pub fn allow_truncation(mut self) -> ContextBuilder {
        self.settings.allow_truncation = true;
        self
    }

    /// Whether a session reads more than it needs from the stream below, up to 17 KiB. It does if not said, and makes fewer
    /// system calls.
    ///
    /// Without it a session takes exactly its records, and leaves alone what comes after its end: for protocols that go on in the
    /// clear.
    pub fn read_ahead(mut self, yes: bool) -> ContextBuilder {
        self.settings.read_ahead = yes;
        self
    }

    /// Asks the server for an OCSP response, for [`TlsStream::ocsp_response`](crate::TlsStream::ocsp_response). Nothing looks at
    /// it, and there need not be one. For a client.
    pub fn request_ocsp(mut self) -> ContextBuilder {
        self.settings.ocsp = self.settings.ocsp.max(Ocsp::Request);
        self
    }

    /// Asks the server for an OCSP response, and fails without one that says that its certificate is good: signed by its issuer or
    /// on its behalf, and not out of date. For a client.
    ///
    /// Few public servers staple one, and some authorities issue none any more. A resumed session has none: the certificate was
    /// good when it began.
    pub fn require_ocsp(mut self) -> ContextBuilder {
        self.settings.ocsp = Ocsp::Require;
        self
    }

    /// Appends the secrets of each session to the file that `SSLKEYLOGFILE` in the environment names, in the form that Wireshark reads.
    /// Without the variable nothing is written.
    ///
    /// **Whoever has the file can read everything**: for debugging alone. It is opened when the context is built, and made with
    /// permissions for its owner alone.
    pub fn keylog_file(mut self) -> ContextBuilder {
        self.sources.keylog_file = true;
        self
    }

    /// Gives the secrets of each session to `callback`, line by line in the NSS key log format, without a line feed.
    ///
    /// **Whoever has the lines can read everything**: for debugging alone. It runs within the handshake, so it should not block.
    pub fn keylog(mut self, callback: impl Fn(&str) + Send + Sync + 'static) -> ContextBuilder {
        self.settings.keylog.push(Arc::new(callback));
        self
    }

    /// The last word: `hook` gets the context of the crate [`openssl`](crate::openssl) when all else is set, for what has no method here.
    ///
    /// It is called by [`build`](Self::build), and again when a certificate is [reloaded](crate::TlsAcceptor::reload). A callback
    /// that it replaces (verify, client hello, server name, new session, messages) no longer does what this crate says of it, and
    /// **a panic in one of its own aborts the program**.
    ///
    /// # Errors
    ///
    /// What `hook` returns makes the build fail; a panic does so too.
    pub fn with_openssl(
        mut self,
        hook: impl Fn(&mut SslContextBuilder) -> Result<(), ErrorStack> + Send + Sync + 'static,
    ) -> ContextBuilder {
        self.settings.hooks.push(Arc::new(hook));
        self
    }
}
