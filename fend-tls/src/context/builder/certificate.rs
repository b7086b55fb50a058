//! The certificates that this side shows.

use std::path::PathBuf;

use super::ContextBuilder;
use crate::{Certificate, Identity, PrivateKey};

/// # The own certificate
///
/// A server needs one; a client only where the server asks for it. Whatever the form, what is sent is the certificate and the chain
/// that stands behind it, which must lead up to (but need not contain) a root that the peer trusts. OpenSSL adds nothing to it.
impl ContextBuilder {
    /// A certificate with its chain and key.
    ///
    /// It can be said again for a key of another type, such as an RSA key beside an elliptic one: each handshake then uses the first
    /// that the peer can verify.
    pub fn identity(mut self, identity: Identity) -> ContextBuilder {
        self.sources.identities.push(identity);
        self
    }

    /// A PEM file with the certificate, and behind it the intermediate ones, each signed by the next.
    ///
    /// The key is looked for in the same file when there is no [`key_file`](Self::key_file). Said several times, each file goes with
    /// the key file of the same turn.
    pub fn certificate_file(mut self, path: impl Into<PathBuf>) -> ContextBuilder {
        self.sources.certificate_files.push(path.into());
        self
    }

    /// A PEM file with the key of the [`certificate_file`](Self::certificate_file).
    pub fn key_file(mut self, path: impl Into<PathBuf>) -> ContextBuilder {
        self.sources.key_files.push(path.into());
        self
    }

    /// The password of key files that are encrypted.
    ///
    /// Without it an encrypted key is an error: nobody is asked at a terminal.
    pub fn password(mut self, password: &str) -> ContextBuilder {
        self.sources.password = Some(password.to_owned());
        self
    }

    /// The certificate of [`key`](Self::key); said again, the next one of its chain.
    pub fn certificate(mut self, certificate: Certificate) -> ContextBuilder {
        self.sources.certificates.push(certificate);
        self
    }

    /// The key of the first [`certificate`](Self::certificate).
    pub fn key(mut self, key: PrivateKey) -> ContextBuilder {
        self.sources.key = Some(key);
        self
    }
}
