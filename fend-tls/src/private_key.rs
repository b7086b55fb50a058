//! Private keys.
//!
//! OpenSSL asks at the terminal for a password that it was not given. So every call here gives one, be it empty, and a key that needs
//! one is known before.

use std::fmt;
use std::path::Path;

use openssl::error::ErrorStack;
use openssl::pkey::{Id, PKey, Private};

use crate::{TlsError, der, pem};

/// A private key of any kind that OpenSSL has. A clone is the same one, counted. Debug shows its kind, never the key.
///
/// # Examples
///
/// ```no_run
/// use fend::tls::{Certificate, Identity, PrivateKey};
///
/// let key = PrivateKey::from_file("/etc/app/key.pem", Some("correct horse"))?;
/// let identity = Identity::new(Certificate::chain_from_file("/etc/app/chain.pem")?, key)?;
/// # Ok::<(), fend::tls::TlsError>(())
/// ```
#[derive(Clone)]
pub struct PrivateKey(pub(crate) PKey<Private>);

impl PrivateKey {
    /// The first private key of a PEM text: PKCS #8, or the older forms of RSA and EC keys. What stands around it, and other blocks,
    /// are passed over.
    ///
    /// # Errors
    ///
    /// There is none, it is broken, or encrypted: nothing ever asks for a password at the terminal.
    pub fn from_pem(pem: &[u8]) -> Result<PrivateKey, TlsError> {
        of_pem("private key from PEM", pem, None)
    }

    /// As [`from_pem`](Self::from_pem), of a key that may be encrypted. For one that is not, the password is of no matter.
    ///
    /// # Errors
    ///
    /// There is no key, it is broken, or the password is wrong.
    pub fn from_pem_with_password(pem: &[u8], password: &str) -> Result<PrivateKey, TlsError> {
        of_pem("private key from PEM", pem, Some(password))
    }

    /// A private key in DER that is not encrypted.
    ///
    /// # Errors
    ///
    /// It is none, it is encrypted, or something follows it.
    pub fn from_der(der: &[u8]) -> Result<PrivateKey, TlsError> {
        of_der("private key from DER", der, None)
    }

    /// The first private key of a file in PEM, or the one of a file in DER. `password` is for an encrypted one.
    ///
    /// The file is read at once. From a slow disk, that is a matter for [`spawn_blocking`](fend_reactor::spawn_blocking); so is a key
    /// whose password is hashed many times to make guessing it slow.
    ///
    /// # Errors
    ///
    /// The file cannot be read, holds no key or a broken one, or the password is missing or wrong.
    pub fn from_file(path: impl AsRef<Path>, password: Option<&str>) -> Result<PrivateKey, TlsError> {
        let path = path.as_ref();
        let operation = format!("private key file {}", path.display());
        let contents = pem::read_file(&operation, path)?;
        if der::is_sequence(&contents) {
            of_der(&operation, &contents, password)
        } else {
            of_pem(&operation, &contents, password)
        }
    }

    /// The key in PEM (PKCS #8), not encrypted: whoever reads it has the key.
    #[must_use]
    pub fn to_pem(&self) -> Vec<u8> {
        self.0
            .private_key_to_pem_pkcs8()
            .expect("a key that was read can be written, unless there is no memory")
    }

    fn kind(&self) -> &'static str {
        match self.0.id() {
            Id::RSA => "RSA",
            Id::RSA_PSS => "RSA-PSS",
            Id::EC => "EC",
            Id::ED25519 => "Ed25519",
            Id::ED448 => "Ed448",
            _ => "other",
        }
    }
}

/// `operation` names the file.
pub(crate) fn of_pem(operation: &str, pem: &[u8], password: Option<&str>) -> Result<PrivateKey, TlsError> {
    let Some(block) = pem::blocks(pem).find(pem::Block::is_private_key) else {
        return Err(TlsError::input(operation, format!("no private key ({})", pem::contents(pem))));
    };
    if block.label == "OPENSSH PRIVATE KEY" {
        let message = "a key in OpenSSH's own form, which `ssh-keygen -p -m PKCS8` changes to the usual one";
        return Err(TlsError::input(operation, message));
    }
    let secret = Secret::new(operation, block.is_encrypted(), password)?;
    secret.checked(PKey::private_key_from_pem_passphrase(block.text, secret.password.as_bytes()))
}

pub(crate) fn of_der(operation: &str, der: &[u8], password: Option<&str>) -> Result<PrivateKey, TlsError> {
    let secret = Secret::new(operation, der::is_encrypted_key(der), password)?;
    let key = if secret.is_encrypted {
        PKey::private_key_from_pkcs8_passphrase(der, secret.password.as_bytes())
    } else {
        PKey::private_key_from_der(der)
    };
    let key = secret.checked(key)?;
    match der::trailing(der) {
        0 => Ok(key),
        count => Err(TlsError::input(operation, format!("{count} bytes follow the key"))),
    }
}

/// What is needed to open a key.
struct Secret<'a> {
    operation: &'a str,
    is_encrypted: bool,
    /// Empty for a key that is not encrypted.
    password: &'a str,
}

impl<'a> Secret<'a> {
    fn new(
        operation: &'a str,
        is_encrypted: bool,
        password: Option<&'a str>,
    ) -> Result<Secret<'a>, TlsError> {
        let error = |message: &str| Err(TlsError::input(operation, message));
        match (is_encrypted, password) {
            (true, None) => error("the key is encrypted, and there is no password for it"),
            (true, Some(password)) if password.contains('\0') => error("the password contains a NUL"),
            (true, Some(password)) => Ok(Secret { operation, is_encrypted, password }),
            (false, _) => Ok(Secret { operation, is_encrypted, password: "" }),
        }
    }

    fn checked(&self, key: Result<PKey<Private>, ErrorStack>) -> Result<PrivateKey, TlsError> {
        // OpenSSL tries one decoder after the other, and some versions leave what those have said that did not fit.
        let _ = ErrorStack::get();
        let operation = self.operation;
        key.map(PrivateKey).map_err(|errors| match self.is_encrypted {
            true => {
                TlsError::openssl(format!("{operation}: the password is wrong, or the key broken"), &errors)
            }
            false => TlsError::openssl(operation, &errors),
        })
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey")
            .field("kind", &self.kind())
            .field("bits", &self.0.bits())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use openssl::rsa::Rsa;
    use openssl::symm::Cipher;

    use super::*;

    fn key() -> PKey<Private> {
        PKey::ec_gen("prime256v1").unwrap()
    }

    fn text(result: Result<PrivateKey, TlsError>) -> String {
        assert!(ErrorStack::get().errors().is_empty(), "entries are left in OpenSSL's queue");
        result.unwrap_err().to_string()
    }

    fn is_read(result: Result<PrivateKey, TlsError>, key: &PKey<Private>) {
        assert!(result.unwrap().0.public_eq(key));
        assert!(ErrorStack::get().errors().is_empty(), "entries are left in OpenSSL's queue");
    }

    #[test]
    fn every_usual_form_is_read() {
        let key = key();
        let rsa = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
        let parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
        let old = key.ec_key().unwrap().private_key_to_pem().unwrap();
        is_read(PrivateKey::from_pem(&[parameters.as_bytes(), &old].concat()), &key);
        is_read(PrivateKey::from_pem(&key.private_key_to_pem_pkcs8().unwrap()), &key);
        is_read(PrivateKey::from_pem(&rsa.rsa().unwrap().private_key_to_pem().unwrap()), &rsa);
        is_read(PrivateKey::from_der(&key.private_key_to_der().unwrap()), &key);
        is_read(PrivateKey::from_der(&key.private_key_to_pkcs8().unwrap()), &key);
        is_read(PrivateKey::from_der(&rsa.private_key_to_der().unwrap()), &rsa);
        let ed25519 = PKey::generate_ed25519().unwrap();
        is_read(PrivateKey::from_der(&ed25519.private_key_to_pkcs8().unwrap()), &ed25519);
    }

    #[test]
    fn an_encrypted_key_needs_the_right_password() {
        let key = key();
        let old =
            key.ec_key().unwrap().private_key_to_pem_passphrase(Cipher::aes_128_cbc(), b"right").unwrap();
        let new = key.private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), b"right").unwrap();
        for pem in [old, new] {
            is_read(PrivateKey::from_pem_with_password(&pem, "right"), &key);
            let missing = "private key from PEM: the key is encrypted, and there is no password for it";
            assert_eq!(text(PrivateKey::from_pem(&pem)), missing);
            for wrong in ["wrong", ""] {
                let wrong = text(PrivateKey::from_pem_with_password(&pem, wrong));
                let start = "private key from PEM: the password is wrong, or the key broken: ";
                assert!(wrong.starts_with(start), "{wrong}");
            }
            assert!(text(PrivateKey::from_pem_with_password(&pem, "ri\0ght")).ends_with("contains a NUL"));
        }
        is_read(PrivateKey::from_pem_with_password(&key.private_key_to_pem_pkcs8().unwrap(), "any\0"), &key);
    }

    #[test]
    fn encrypted_der_is_told_from_junk() {
        let key = key();
        let der = key.private_key_to_pkcs8_passphrase(Cipher::aes_256_cbc(), b"right").unwrap();
        let path = std::env::temp_dir().join(format!("fend-tls-key-{}.der", std::process::id()));
        std::fs::write(&path, &der).unwrap();
        is_read(PrivateKey::from_file(&path, Some("right")), &key);
        let file = format!("private key file {}: ", path.display());
        let wrong = text(PrivateKey::from_file(&path, Some("wrong")));
        assert!(wrong.starts_with(&format!("{file}the password is wrong")), "{wrong}");
        assert!(text(PrivateKey::from_file(&path, None)).starts_with(&format!("{file}the key is encrypted")));
        std::fs::remove_file(&path).unwrap();
        let gone = PrivateKey::from_file(&path, None).unwrap_err();
        assert!(gone.is_io() && gone.to_string().starts_with(&file), "{gone}");
        assert!(text(PrivateKey::from_der(&der)).contains("is encrypted"));
    }

    #[test]
    fn what_is_no_key_is_said() {
        let key = key();
        let public = key.public_key_to_pem().unwrap();
        assert_eq!(text(PrivateKey::from_pem(b" \n")), "private key from PEM: no private key (it is empty)");
        let only = "private key from PEM: no private key (only PUBLIC KEY)";
        assert_eq!(text(PrivateKey::from_pem(&public)), only);
        let ssh = b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
        assert!(text(PrivateKey::from_pem(ssh)).contains("ssh-keygen"));
        let pem = String::from_utf8(key.private_key_to_pem_pkcs8().unwrap()).unwrap();
        for broken in [pem.replace("M", "!"), pem.replace("-----END", "-----"), pem[..80].to_owned()] {
            let broken = text(PrivateKey::from_pem(broken.as_bytes()));
            assert!(broken.starts_with("private key from PEM: ") && !broken.contains("password"), "{broken}");
        }
        assert!(!text(PrivateKey::from_der(&key.public_key_to_der().unwrap())).contains("password"));
        let longer = [key.private_key_to_der().unwrap(), b"\n".to_vec()].concat();
        assert_eq!(text(PrivateKey::from_der(&longer)), "private key from DER: 1 bytes follow the key");
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", PrivateKey(key()));
        assert_eq!(shown, "PrivateKey { kind: \"EC\", bits: 256, .. }");
    }
}
