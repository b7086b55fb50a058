//! Whom to believe.

use std::path::PathBuf;

use super::ContextBuilder;
use crate::Certificate;

/// # Trusted roots
///
/// A client trusts the system's roots, unless it is given some of its own: **those replace the system's**, and
/// [`system_roots(true)`](ContextBuilder::system_roots) brings them back. A server trusts nobody until it is told to, and must say
/// with [`verify`](ContextBuilder::verify) that it wants to see certificates.
impl ContextBuilder {
    /// Trusts this certificate, and those that it has signed. It can be said several times.
    ///
    /// It is meant for roots. One that has not signed itself is no end of a chain to OpenSSL, which goes on looking for who has
    /// signed it.
    pub fn ca(mut self, certificate: Certificate) -> ContextBuilder {
        self.settings.trust.certificates.push(certificate.as_x509().to_owned());
        self
    }

    /// Trusts the certificates of this PEM file, however many. It can be said several times.
    ///
    /// It is read once, when the context is built.
    pub fn cafile(mut self, path: impl Into<PathBuf>) -> ContextBuilder {
        self.sources.cafiles.push(path.into());
        self
    }

    /// Trusts the certificates in this directory, whose files have the names that `openssl rehash` gives them. It can be said several
    /// times.
    ///
    /// A file is read when a handshake first needs it, on the thread that drives the handshake. One that is added later is found.
    /// Revocation lists in it (`.r0`) are heeded when [`crl_check_all`](Self::crl_check_all) is on.
    pub fn capath(mut self, directory: impl Into<PathBuf>) -> ContextBuilder {
        self.sources.capaths.push(directory.into());
        self
    }

    /// Whether to trust the roots of the system.
    ///
    /// By default a client does, when it has none of its own, and a server does not: anybody can have a certificate of a public
    /// authority. `SSL_CERT_FILE` and `SSL_CERT_DIR` in the environment name other places than OpenSSL was built with. If there is
    /// nothing at any of these places, those of the large distributions are tried.
    pub fn system_roots(mut self, yes: bool) -> ContextBuilder {
        self.sources.system_roots = Some(yes);
        self
    }

    /// Refuses certificates on the revocation lists of this PEM file. It can be said several times.
    ///
    /// The issuer of each checked certificate must have a list there, and one that is not out of date. It is read once, when the
    /// context is built: a program that runs for long makes a new context now and then, or asks for [OCSP](Self::require_ocsp).
    pub fn crl_file(mut self, path: impl Into<PathBuf>) -> ContextBuilder {
        self.sources.crl_files.push(path.into());
        self
    }

    /// Whether each certificate of the chain is looked up in the revocation lists (`true`), not the peer's own alone (`false`, as it is
    /// when nothing is said).
    ///
    /// It needs the lists of all issuers, in a [`crl_file`](Self::crl_file) or a [`capath`](Self::capath).
    pub fn crl_check_all(mut self, all: bool) -> ContextBuilder {
        self.settings.trust.crl_check_all = all;
        self
    }
}
