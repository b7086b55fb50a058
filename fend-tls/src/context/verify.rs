//! [`Verify`]: what is asked of the peer's certificate; [`VerifyInfo`]: what a verify callback is told.

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

use openssl::ssl::SslVerifyMode;
use openssl::x509::{X509StoreContextRef, X509VerifyResult};

use crate::Certificate;

/// What is asked of the peer's certificate: a set, made with `|`.
///
/// # Examples
///
/// ```
/// use fend::tls::Verify;
///
/// let verify = Verify::PEER | Verify::FAIL_IF_NO_PEER_CERT;
/// assert!(verify.contains(Verify::PEER));
/// assert!(!verify.contains(Verify::CLIENT_ONCE));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Verify(u8);

impl Verify {
    /// Nothing. A server asks for no certificate.
    pub const NONE: Verify = Verify(0);
    /// A server asks its clients for a certificate, and refuses those who send one that does not pass; who sends none may go on. A
    /// client refuses a server whose certificate does not pass.
    pub const PEER: Verify = Verify(1);
    /// A server refuses clients that send no certificate. It includes [`PEER`](Verify::PEER), and says nothing to a client.
    pub const FAIL_IF_NO_PEER_CERT: Verify = Verify(1 | 2);
    /// A server asks in the first handshake of a connection only, not in renegotiations, which are refused here anyway.
    pub const CLIENT_ONCE: Verify = Verify(4);

    const NAMES: [(&str, Verify); 3] = [
        ("FAIL_IF_NO_PEER_CERT", Verify::FAIL_IF_NO_PEER_CERT),
        ("PEER", Verify::PEER),
        ("CLIENT_ONCE", Verify::CLIENT_ONCE),
    ];

    /// Whether all of `other` is in it.
    #[must_use]
    pub fn contains(self, other: Verify) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) fn bits(self) -> u8 {
        self.0
    }

    pub(crate) fn as_openssl(self) -> SslVerifyMode {
        let pairs = [
            (Verify::PEER, SslVerifyMode::PEER),
            (Verify::FAIL_IF_NO_PEER_CERT, SslVerifyMode::FAIL_IF_NO_PEER_CERT),
            // `SSL_VERIFY_CLIENT_ONCE`, for which the crate has no name.
            (Verify::CLIENT_ONCE, SslVerifyMode::from_bits_retain(4)),
        ];
        let chosen = pairs.into_iter().filter(|(verify, _)| self.contains(*verify));
        chosen.fold(SslVerifyMode::NONE, |mode, (_, bit)| mode | bit)
    }
}

impl BitOr for Verify {
    type Output = Verify;

    fn bitor(self, other: Verify) -> Verify {
        Verify(self.0 | other.0)
    }
}

impl BitOrAssign for Verify {
    fn bitor_assign(&mut self, other: Verify) {
        *self = *self | other;
    }
}

impl fmt::Debug for Verify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = *self;
        let mut names = Vec::new();
        for (name, bits) in Verify::NAMES {
            if left.contains(bits) {
                names.push(name);
                left = Verify(left.0 & !bits.0);
            }
        }
        if names.is_empty() { f.write_str("NONE") } else { f.write_str(&names.join(" | ")) }
    }
}

/// The certificate that a [`verify_callback`](crate::ContextBuilder::verify_callback) is asked about, and what OpenSSL thinks of it.
pub struct VerifyInfo<'a> {
    pub(crate) store: &'a X509StoreContextRef,
    /// As it was before an opt-out could let it pass.
    pub(crate) result: X509VerifyResult,
}

impl VerifyInfo<'_> {
    /// Where the certificate stands in the chain: 0 is the peer's own, 1 the one that has signed it.
    #[must_use]
    pub fn depth(&self) -> u32 {
        self.store.error_depth()
    }

    /// What is wrong with it, in OpenSSL's words: "certificate has expired". Nothing when all is well.
    ///
    /// It is told of errors that an opt-out lets pass, too.
    #[must_use]
    pub fn error(&self) -> Option<&'static str> {
        if self.result == X509VerifyResult::OK { None } else { Some(self.result.error_string()) }
    }

    /// The number of what is wrong with it, `X509_V_ERR_*` of OpenSSL's `x509_vfy.h`; 0 when all is well.
    #[must_use]
    pub fn error_code(&self) -> i32 {
        self.result.as_raw()
    }

    /// The certificate. Some errors are about none, such as a revocation list that cannot be read.
    #[must_use]
    pub fn certificate(&self) -> Option<Certificate> {
        self.store.current_cert().map(|x509| Certificate::from(x509.to_owned()))
    }

    /// The chain as far as it was built, the peer's own certificate first.
    #[must_use]
    pub fn chain(&self) -> Vec<Certificate> {
        let chain = self.store.chain().into_iter().flatten();
        chain.map(|x509| Certificate::from(x509.to_owned())).collect()
    }
}

impl fmt::Debug for VerifyInfo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyInfo")
            .field("depth", &self.depth())
            .field("error", &self.error())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_shown_by_its_names() {
        assert_eq!(format!("{:?}", Verify::NONE), "NONE");
        assert_eq!(format!("{:?}", Verify::PEER | Verify::CLIENT_ONCE), "PEER | CLIENT_ONCE");
        assert_eq!(format!("{:?}", Verify::FAIL_IF_NO_PEER_CERT), "FAIL_IF_NO_PEER_CERT");
    }

    #[test]
    fn a_demand_for_a_certificate_asks_for_one() {
        let mode = Verify::FAIL_IF_NO_PEER_CERT.as_openssl();
        assert_eq!(mode, SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        assert_eq!((Verify::PEER | Verify::CLIENT_ONCE).as_openssl().bits(), 5);
        assert_eq!(Verify::NONE.as_openssl(), SslVerifyMode::NONE);
    }
}
