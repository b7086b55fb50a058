//! X.509 certificates.

use openssl::x509::X509;

/// A certificate.
#[derive(Debug, Clone)]
pub struct Certificate(pub(crate) X509);
