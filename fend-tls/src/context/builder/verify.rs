//! What is asked of the peer's certificate.

use std::sync::Arc;

use super::ContextBuilder;
use crate::{Verify, VerifyInfo};

/// # Verification
///
/// The methods with `danger` in their name give up what TLS is for. Each lets one sort of error pass, and others still count: an
/// expired certificate of another host is refused by a client that accepts expired ones. What was let pass stands in
/// [`TlsStream::verify_error`](crate::TlsStream::verify_error). A [root of one's own](ContextBuilder::ca) is nearly always the
/// better way.
impl ContextBuilder {
    /// What is asked of the peer's certificate. By default a client asks for a good one ([`Verify::PEER`]), and a server for none.
    ///
    /// A client's [`Verify::NONE`] is an error: it has [`danger_accept_invalid_certs`](Self::danger_accept_invalid_certs).
    pub fn verify(mut self, verify: Verify) -> ContextBuilder {
        self.settings.verification.verify = verify;
        self.sources.verify_said = true;
        self
    }

    /// How many intermediate certificates there may be between the peer's own and the root. 100 if not said.
    pub fn verify_depth(mut self, depth: u32) -> ContextBuilder {
        self.settings.verification.depth = Some(depth);
        self
    }

    /// Has the last word on each certificate of the peer's chain.
    ///
    /// It is called for each certificate from the root down, with `true` when OpenSSL and the opt-outs let it pass, and once more
    /// for each error with `false`. What it returns counts: `true` lets an error pass, `false` ends the handshake. It runs within
    /// the handshake, so it should not block. A resumed session has no certificates to ask about: they have passed when it began.
    ///
    /// # Panics
    ///
    /// A panic in it refuses the certificate, and the handshake fails with its message.
    ///
    /// # Examples
    ///
    /// A server with a known key, whoever has signed its certificate:
    ///
    /// ```
    /// use fend::tls::{Context, Identity, Mode};
    ///
    /// let identity = Identity::self_signed(["localhost"])?;
    /// let pin = identity.certificate().public_key_sha256();
    /// let client = Context::builder(Mode::Client)
    ///     .danger_accept_self_signed_certs()
    ///     .verify_callback(move |ok, info| {
    ///         let is_known = || info.certificate().is_some_and(|it| it.public_key_sha256() == pin);
    ///         ok && (info.depth() > 0 || is_known())
    ///     })
    ///     .build()?;
    /// # drop(client);
    /// # Ok::<(), fend::tls::TlsError>(())
    /// ```
    pub fn verify_callback(
        mut self,
        callback: impl Fn(bool, &VerifyInfo<'_>) -> bool + Send + Sync + 'static,
    ) -> ContextBuilder {
        self.settings.verification.callback = Some(Arc::new(callback));
        self
    }

    /// Accepts any certificate whatsoever, of any host: whoever can get between the two ends can read and change everything.
    ///
    /// A [`verify_callback`](Self::verify_callback) is still asked, with `true`, and can refuse.
    pub fn danger_accept_invalid_certs(mut self) -> ContextBuilder {
        self.settings.verification.accept_invalid_certs = true;
        self
    }

    /// Accepts a certificate that is for other names than the host's: anybody who has a certificate for any name can be in the middle.
    ///
    /// For a client. Where a server is reached by another name than its certificate has, the better way is to
    /// [shake hands](crate::TlsConnector::handshake) with the name of the certificate: it need not be the one that was connected to.
    pub fn danger_accept_invalid_hostnames(mut self) -> ContextBuilder {
        self.settings.verification.accept_invalid_hostnames = true;
        self
    }

    /// Accepts certificates that have expired or are not valid yet, anywhere in the chain: keys that were stolen long ago are good
    /// again.
    ///
    /// Of use to a machine that does not know the time.
    pub fn danger_accept_expired_certs(mut self) -> ContextBuilder {
        self.settings.verification.accept_expired = true;
        self
    }

    /// Accepts chains that end in a certificate which has signed itself and is not trusted: anybody can make one, for any name.
    ///
    /// The rest is still checked, such as the host name. A chain that does not end, since its issuer is neither sent nor known, is
    /// refused.
    pub fn danger_accept_self_signed_certs(mut self) -> ContextBuilder {
        self.settings.verification.accept_self_signed = true;
        self
    }

    /// Lets a client take `w*.example.org` in a certificate for `www.example.org`. By default the `*` must be a whole label.
    pub fn allow_partial_wildcards(mut self) -> ContextBuilder {
        self.settings.names.partial_wildcards = true;
        self
    }

    /// Lets a client take `*.example.org` in a certificate for `a.b.example.org`. By default the `*` is for one label.
    pub fn allow_multi_label_wildcards(mut self) -> ContextBuilder {
        self.settings.names.multi_label_wildcards = true;
        self
    }

    /// Lets a client take the subject's common name for the host name, in a certificate that has no DNS names. By default only
    /// subject alternative names count, as browsers have it.
    pub fn allow_common_name(mut self) -> ContextBuilder {
        self.settings.names.common_name = true;
        self
    }
}
