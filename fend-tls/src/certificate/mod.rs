//! X.509 certificates.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::time::SystemTime;

use openssl::error::ErrorStack;
use openssl::sha::sha256;
use openssl::x509::{X509, X509Ref};

use crate::{TlsError, der, pem};

mod name;
mod time;

/// A certificate. A clone is the same one, counted.
///
/// # Examples
///
/// ```
/// use std::time::SystemTime;
///
/// use fend::tls::{Certificate, Identity};
///
/// let identity = Identity::self_signed(["localhost", "127.0.0.1"])?;
/// let pem = identity.certificate().to_pem();
///
/// let certificate = Certificate::from_pem(&pem)?;
/// assert_eq!(certificate.subject(), "CN=localhost");
/// assert_eq!(certificate.names(), ["localhost", "127.0.0.1"]);
/// assert!(certificate.not_after() > SystemTime::now());
/// # Ok::<(), fend::tls::TlsError>(())
/// ```
#[derive(Clone)]
pub struct Certificate(pub(crate) X509);

impl Certificate {
    /// The first certificate of a PEM text. What stands around it, and other blocks, are passed over.
    ///
    /// # Errors
    ///
    /// There is none, or it is broken.
    pub fn from_pem(pem: &[u8]) -> Result<Certificate, TlsError> {
        first_of_pem("certificate from PEM", pem)
    }

    /// A certificate in DER.
    ///
    /// # Errors
    ///
    /// It is none, or something follows it.
    pub fn from_der(der: &[u8]) -> Result<Certificate, TlsError> {
        of_der("certificate from DER", der)
    }

    /// All certificates of a PEM text, in their order: the one of a server comes first, then that of its issuer, and so on.
    ///
    /// # Errors
    ///
    /// There is none, or one of them is broken.
    pub fn chain_from_pem(pem: &[u8]) -> Result<Vec<Certificate>, TlsError> {
        chain_of_pem("certificates from PEM", pem)
    }

    /// The first certificate of a file in PEM, or the one of a file in DER.
    ///
    /// The file is read at once. From a slow disk, that is a matter for [`spawn_blocking`](fend_reactor::spawn_blocking).
    ///
    /// # Errors
    ///
    /// The file cannot be read, holds no certificate, or a broken one.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Certificate, TlsError> {
        let path = path.as_ref();
        let operation = format!("certificate file {}", path.display());
        let contents = pem::read_file(&operation, path)?;
        if der::is_sequence(&contents) {
            of_der(&operation, &contents)
        } else {
            first_of_pem(&operation, &contents)
        }
    }

    /// All certificates of a file in PEM, or the one of a file in DER. See [`from_file`](Self::from_file).
    ///
    /// # Errors
    ///
    /// The file cannot be read, holds no certificate, or a broken one.
    pub fn chain_from_file(path: impl AsRef<Path>) -> Result<Vec<Certificate>, TlsError> {
        let path = path.as_ref();
        let operation = format!("certificate file {}", path.display());
        let contents = pem::read_file(&operation, path)?;
        if der::is_sequence(&contents) {
            Ok(vec![of_der(&operation, &contents)?])
        } else {
            chain_of_pem(&operation, &contents)
        }
    }

    /// In PEM: text.
    ///
    /// # Panics
    ///
    /// When memory runs out, or when it was made from an [`X509`] that nobody has signed.
    #[must_use]
    pub fn to_pem(&self) -> Vec<u8> {
        self.0.to_pem().expect("a certificate has an encoding")
    }

    /// In DER: bytes.
    ///
    /// # Panics
    ///
    /// As [`to_pem`](Self::to_pem).
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        self.0.to_der().expect("a certificate has an encoding")
    }

    /// Whose it is: "CN=localhost, O=x", in the order of the certificate. Separators and control characters in values are escaped.
    #[must_use]
    pub fn subject(&self) -> String {
        name::distinguished(self.0.subject_name())
    }

    /// Who has signed it, as the [`subject`](Self::subject) is told.
    #[must_use]
    pub fn issuer(&self) -> String {
        name::distinguished(self.0.issuer_name())
    }

    /// The DNS names it is for, "*.example.org" as it stands.
    ///
    /// Of a broken certificate they are those that can be read. Control characters in one are escaped, so that it is equal to no name
    /// of a host.
    #[must_use]
    pub fn dns_names(&self) -> Vec<String> {
        name::dns(&self.0)
    }

    /// The IP addresses it is for.
    #[must_use]
    pub fn ip_addrs(&self) -> Vec<IpAddr> {
        name::ip(&self.0)
    }

    /// All that it is for: DNS names and IP addresses, in the order of the certificate. The subject's common name is none of them:
    /// nobody looks at it any more.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        name::all(&self.0)
    }

    /// From when on it is valid.
    #[must_use]
    pub fn not_before(&self) -> SystemTime {
        time::not_before(self.0.not_before())
    }

    /// Until when it is valid.
    #[must_use]
    pub fn not_after(&self) -> SystemTime {
        time::not_after(self.0.not_after())
    }

    /// The SHA-256 hash of the whole certificate in DER, as browsers show it.
    ///
    /// # Panics
    ///
    /// As [`to_pem`](Self::to_pem).
    #[must_use]
    pub fn fingerprint_sha256(&self) -> [u8; 32] {
        sha256(&self.to_der())
    }

    /// The SHA-256 hash of the public key (SubjectPublicKeyInfo, RFC 7469): it stays when a certificate is renewed for the same key, so
    /// it is what to pin.
    ///
    /// # Panics
    ///
    /// As [`to_pem`](Self::to_pem).
    #[must_use]
    pub fn public_key_sha256(&self) -> [u8; 32] {
        let der = self.to_der();
        // OpenSSL also takes some encodings that are not DER. Such a certificate is pinned as a whole.
        sha256(der::public_key_info(&der).unwrap_or(&der))
    }

    /// The serial number, in hexadecimal digits: "0A1B".
    #[must_use]
    pub fn serial(&self) -> String {
        let digits = self.0.serial_number().to_bn().and_then(|number| Ok(number.to_hex_str()?.to_string()));
        digits.unwrap_or_default()
    }

    /// The certificate of the `openssl` crate.
    #[must_use]
    pub fn as_x509(&self) -> &X509Ref {
        &self.0
    }
}

/// `operation` names the file.
pub(crate) fn of_der(operation: &str, der: &[u8]) -> Result<Certificate, TlsError> {
    let certificate = X509::from_der(der).map_err(|errors| TlsError::openssl(operation, &errors))?;
    match der::trailing(der) {
        0 => Ok(Certificate(certificate)),
        count => Err(TlsError::input(operation, format!("{count} bytes follow the certificate"))),
    }
}

fn first_of_pem(operation: &str, pem: &[u8]) -> Result<Certificate, TlsError> {
    match pem::blocks(pem).find(pem::Block::is_certificate) {
        Some(block) => of_block(operation, &block),
        None => Err(none_in(operation, pem)),
    }
}

pub(crate) fn chain_of_pem(operation: &str, pem: &[u8]) -> Result<Vec<Certificate>, TlsError> {
    let mut chain = Vec::new();
    for block in pem::blocks(pem).filter(pem::Block::is_certificate) {
        let certificate = of_block(&format!("{operation}, number {}", chain.len() + 1), &block)?;
        chain.push(certificate);
    }
    if chain.is_empty() { Err(none_in(operation, pem)) } else { Ok(chain) }
}

fn of_block(operation: &str, block: &pem::Block<'_>) -> Result<Certificate, TlsError> {
    if block.is_encrypted() {
        // OpenSSL would ask at the terminal.
        return Err(TlsError::input(operation, "an encrypted certificate"));
    }
    let certificate = X509::from_pem(block.text).map_err(|errors| TlsError::openssl(operation, &errors));
    let _ = ErrorStack::get();
    certificate.map(Certificate)
}

fn none_in(operation: &str, pem: &[u8]) -> TlsError {
    TlsError::input(operation, format!("no certificate ({})", pem::contents(pem)))
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("subject", &self.subject())
            .field("issuer", &self.issuer())
            .field("names", &self.names())
            .field("serial", &self.serial())
            .field("not_after", &format_args!("{}", self.0.not_after()))
            .finish()
    }
}

impl From<X509> for Certificate {
    fn from(certificate: X509) -> Certificate {
        Certificate(certificate)
    }
}

#[cfg(test)]
mod tests;
