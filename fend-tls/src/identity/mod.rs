//! [`Identity`]: a certificate chain and its key, which belong together.

use std::path::Path;

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};

use crate::{Certificate, PrivateKey, TlsError};

mod pkcs12;
mod self_signed;

/// Who a server is, or a client that shows a certificate: the certificate, those of its issuers, and the private key.
///
/// # Examples
///
/// For development and tests there is one that needs no authority:
///
/// ```
/// use fend::tls::Identity;
///
/// let identity = Identity::self_signed(["localhost", "*.app.test", "127.0.0.1", "::1"])?;
/// std::fs::write(std::env::temp_dir().join("cert.pem"), identity.certificate().to_pem())?;
/// # std::fs::remove_file(std::env::temp_dir().join("cert.pem"))?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Identity {
    /// Not empty; the first is the one of the key.
    pub(crate) chain: Vec<Certificate>,
    pub(crate) key: PrivateKey,
}

impl Identity {
    /// Of a chain whose first certificate is the one that `key` belongs to; that of its issuer comes next, and so on. The root is
    /// not needed: who does not have it does not trust it either.
    ///
    /// # Errors
    ///
    /// The chain is empty, or the key belongs to none of it or to another than the first.
    pub fn new(chain: Vec<Certificate>, key: PrivateKey) -> Result<Identity, TlsError> {
        Identity::checked("identity", chain, key)
    }

    /// Of a chain and a key in PEM, which may be the same text.
    ///
    /// # Errors
    ///
    /// Those of [`Certificate::chain_from_pem`], [`PrivateKey::from_pem`] and [`new`](Self::new). For a key with a password there is
    /// [`PrivateKey::from_pem_with_password`].
    pub fn from_pem(cert_pem: &[u8], key_pem: &[u8]) -> Result<Identity, TlsError> {
        let chain = Certificate::chain_from_pem(cert_pem)?;
        Identity::checked("identity from PEM", chain, PrivateKey::from_pem(key_pem)?)
    }

    /// Of a file with the chain and one with the key, in PEM or DER. Both may be the same file.
    ///
    /// The files are read at once. From a slow disk, that is a matter for [`spawn_blocking`](fend_reactor::spawn_blocking).
    ///
    /// # Errors
    ///
    /// Those of [`Certificate::chain_from_file`], [`PrivateKey::from_file`] and [`new`](Self::new).
    pub fn from_files(cert_path: impl AsRef<Path>, key_path: impl AsRef<Path>) -> Result<Identity, TlsError> {
        let (cert_path, key_path) = (cert_path.as_ref(), key_path.as_ref());
        let chain = Certificate::chain_from_file(cert_path)?;
        let key = PrivateKey::from_file(key_path, None)?;
        let operation = format!("identity from {} and {}", cert_path.display(), key_path.display());
        Identity::checked(&operation, chain, key)
    }

    /// Of a PKCS #12 archive (`.p12`, `.pfx`), in DER. Without a password, it is the empty one.
    ///
    /// Its password is hashed many times, which takes milliseconds: see [`spawn_blocking`](fend_reactor::spawn_blocking).
    ///
    /// # Errors
    ///
    /// It is none, the password is wrong, there is no key in it or no certificate of the key, or it is encrypted in a way that OpenSSL
    /// takes for too weak by now.
    pub fn from_pkcs12(der: &[u8], password: &str) -> Result<Identity, TlsError> {
        pkcs12::parse(der, password)
    }

    /// A certificate that vouches for itself, and a new key: for development and tests. `names` are DNS names, "*.example.org" too, and
    /// IP addresses.
    ///
    /// It is good for servers and for clients, for 90 days from now (and for the hour before, since clocks differ). Whoever is
    /// to trust it takes the [`certificate`](Self::certificate) itself for a root: with
    /// fend, `openssl s_client -CAfile`, `curl --cacert` and rustls that is enough. It cannot sign others. The key is one of P-256.
    ///
    /// # Errors
    ///
    /// There are no names, or one is not valid: the error says which. Names in other scripts are given as they stand in the DNS, as
    /// "xn--...".
    pub fn self_signed(names: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Identity, TlsError> {
        let names: Vec<String> = names.into_iter().map(|name| name.as_ref().to_owned()).collect();
        self_signed::make(&names)
    }

    /// `operation` names the files.
    pub(crate) fn checked(
        operation: &str,
        chain: Vec<Certificate>,
        key: PrivateKey,
    ) -> Result<Identity, TlsError> {
        match chain.iter().position(|certificate| belongs(certificate, &key.0)) {
            Some(0) => Ok(Identity { chain, key }),
            Some(position) => {
                let message = format!(
                    "the key belongs to certificate {} of the chain ({:?}), which must come first",
                    position + 1,
                    chain[position].subject()
                );
                Err(TlsError::input(operation, message))
            }
            None => {
                let message = match chain.first() {
                    Some(own) => format!("the key does not belong to the certificate ({:?})", own.subject()),
                    None => "no certificate".to_owned(),
                };
                Err(TlsError::input(operation, message))
            }
        }
    }

    /// The own certificate, the first of the chain.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.chain[0]
    }

    /// The own certificate, and those after it.
    #[must_use]
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// The private key.
    #[must_use]
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }
}

fn belongs(certificate: &Certificate, key: &PKey<Private>) -> bool {
    let public = certificate.0.public_key();
    // A key of an unknown kind.
    let _ = ErrorStack::get();
    public.is_ok_and(|public| public.public_eq(key))
}

#[cfg(test)]
mod tests;
