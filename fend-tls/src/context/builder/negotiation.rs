//! What a session is negotiated from.

use std::path::PathBuf;

use openssl::ssl::SslOptions;

use super::ContextBuilder;
use crate::Protocol;

/// # Protocols and ciphers
///
/// OpenSSL's names are used throughout. Where nothing is said, an administrator's `openssl.cnf` counts for the security level, the
/// groups and the signature algorithms, and may narrow the range of protocols.
impl ContextBuilder {
    /// This version and no other.
    pub fn protocol(self, protocol: Protocol) -> ContextBuilder {
        self.min_protocol(protocol).max_protocol(protocol)
    }

    /// The oldest version that is spoken. TLS 1.2 if not said.
    ///
    /// To ask for [`Tls1_0`](Protocol::Tls1_0) or [`Tls1_1`](Protocol::Tls1_1), for a machine that cannot do better, makes the
    /// whole context weaker: they have only ciphers with CBC and SHA-1, which are then added to the default list, and OpenSSL 3
    /// speaks them at security level 0 only, which is then the level, unless [`security_level`](Self::security_level) says another.
    /// Have a context for such peers alone.
    pub fn min_protocol(mut self, protocol: Protocol) -> ContextBuilder {
        self.settings.parameters.min_protocol = Some(protocol);
        self
    }

    /// The newest version that is spoken. The newest that OpenSSL knows if not said.
    pub fn max_protocol(mut self, protocol: Protocol) -> ContextBuilder {
        self.settings.parameters.max_protocol = Some(protocol);
        self
    }

    /// Ciphers for TLS 1.2 and older, in the form that `openssl ciphers` explains; the client's order counts.
    ///
    /// By default `ECDHE+AESGCM:ECDHE+CHACHA20`: a key of its own for each session, so that a key that is stolen later opens
    /// nothing (forward secrecy), and authenticated encryption (AEAD). `DHE+AESGCM:DHE+CHACHA20` are added with
    /// [parameters](Self::dhparam_file) for them, and CBC with [TLS 1.0](Self::min_protocol). To have the server's order count, add
    /// the [option](Self::options) `CIPHER_SERVER_PREFERENCE`.
    ///
    /// Ciphers without authentication or encryption (aNULL, eNULL) are left out of any list.
    pub fn ciphers(mut self, list: &str) -> ContextBuilder {
        self.settings.parameters.ciphers = Some(list.to_owned());
        self
    }

    /// Cipher suites for TLS 1.3, with colons between: `TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256`. An empty list is none.
    ///
    /// By default OpenSSL's: AES-256-GCM, ChaCha20-Poly1305 and AES-128-GCM.
    pub fn cipher_suites(mut self, list: &str) -> ContextBuilder {
        self.settings.parameters.cipher_suites = Some(list.to_owned());
        self
    }

    /// The groups for the key exchange, the best first, with colons between: `X25519:P-256`. They are also called curves.
    ///
    /// By default OpenSSL's; of 3.0 that is X25519, P-256, X448, P-521, P-384 and the finite fields of RFC 7919, and from 3.5 on a
    /// group that withstands quantum computers comes first.
    pub fn groups(mut self, list: &str) -> ContextBuilder {
        self.settings.parameters.groups = Some(list.to_owned());
        self
    }

    /// The signature algorithms that a peer may use, with colons between: `ECDSA+SHA256:RSA-PSS+SHA256`. OpenSSL's if not said.
    pub fn signature_algorithms(mut self, list: &str) -> ContextBuilder {
        self.settings.parameters.signature_algorithms = Some(list.to_owned());
        self
    }

    /// A PEM file with parameters for Diffie-Hellman in finite fields, for clients of TLS 1.2 that know no elliptic curves. For a
    /// server.
    ///
    /// It adds DHE to the default [ciphers](Self::ciphers). Without it OpenSSL takes a group of its own that suits the
    /// certificate's key, if the ciphers have DHE at all. TLS 1.3 does not use it.
    pub fn dhparam_file(mut self, path: impl Into<PathBuf>) -> ContextBuilder {
        self.sources.dhparam_file = Some(path.into());
        self
    }

    /// The same as [`dhparam_file`](Self::dhparam_file), from memory.
    pub fn dhparam_pem(mut self, pem: &[u8]) -> ContextBuilder {
        self.settings.parameters.dhparam = Some(("from memory".to_owned(), pem.to_vec()));
        self
    }

    /// OpenSSL's security level, 0 to 5: what it takes for keys, digests and ciphers. Level 1 asks for 80 bits of security, level 2
    /// for 112, which is RSA with 2048 bits.
    ///
    /// The default is the one OpenSSL was built or configured with, 1 or 2. An `@SECLEVEL` in [`ciphers`](Self::ciphers) wins.
    pub fn security_level(mut self, level: u32) -> ContextBuilder {
        self.settings.parameters.security_level = Some(level);
        self
    }

    /// Options of OpenSSL's to set, beside those that are set anyway: no compression, no renegotiation.
    ///
    /// The type is that of the crate [`openssl`](crate::openssl). It can be said several times. `IGNORE_UNEXPECTED_EOF` is an error:
    /// [`allow_truncation`](Self::allow_truncation) does it.
    pub fn options(mut self, options: SslOptions) -> ContextBuilder {
        let all = self.settings.parameters.options.unwrap_or(SslOptions::empty());
        self.settings.parameters.options = Some(all | options);
        self
    }

    /// Options of OpenSSL's to clear, of those that are set otherwise. [`options`](Self::options) wins.
    ///
    /// A client that talks to a server which asks for its certificate in mid-session (TLS 1.2) must clear `NO_RENEGOTIATION`. A
    /// server never lets its clients renegotiate, unless they are given OpenSSL's option for that too.
    pub fn clear_options(mut self, options: SslOptions) -> ContextBuilder {
        let all = self.settings.parameters.cleared_options.unwrap_or(SslOptions::empty());
        self.settings.parameters.cleared_options = Some(all | options);
        self
    }

    /// The application protocols this side speaks, the best first: `["h2", "http/1.1"]`. None if not said.
    ///
    /// A client offers them. A server takes the first of its own that the client has offered, and goes on without one when there is
    /// none, unless they are [required](Self::alpn_required). Which one it was, [`TlsStream::alpn`](crate::TlsStream::alpn) tells.
    pub fn alpn(mut self, protocols: impl IntoIterator<Item = impl AsRef<[u8]>>) -> ContextBuilder {
        self.settings.alpn = protocols.into_iter().map(|protocol| protocol.as_ref().to_vec()).collect();
        self
    }
}
