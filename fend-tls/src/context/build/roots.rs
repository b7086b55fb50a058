//! The system's roots. OpenSSL knows where they are when the distribution has built it. One that was built in (the feature `vendored`)
//! looks below /usr/local, where there are none.

use std::env;
use std::path::Path;

use openssl::ssl::{SslContextBuilder, SslFiletype};
use openssl::x509::store::X509Lookup;

use super::set;
use crate::{TlsError, sys};

/// Where the distributions keep them, in one file.
const FILES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt", // Debian, Arch, Alpine, Gentoo
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",   // older RHEL
    "/var/lib/ca-certificates/ca-bundle.pem", // SUSE
    "/etc/ssl/cert.pem",                  // Alpine, and the BSDs
];

/// With names that are hashes.
const DIRECTORY: &str = "/etc/ssl/certs";

/// `is_lenient`: it is no error that there are none.
pub(super) fn add(context: &mut SslContextBuilder, is_lenient: bool) -> Result<(), TlsError> {
    const NAME: &str = "system_roots";
    set(NAME, "at OpenSSL's places", || context.set_default_verify_paths())?;
    let is_told = ["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().any(|name| env::var_os(name).is_some());
    if is_told || sys::default_roots().into_iter().any(has_something) {
        return Ok(());
    }
    if let Some(file) = FILES.into_iter().find(|file| has_something(Path::new(file))) {
        return set(NAME, file, || context.set_ca_file(file));
    }
    if has_something(Path::new(DIRECTORY)) {
        let store = context.cert_store_mut();
        return set(NAME, DIRECTORY, || {
            store.add_lookup(X509Lookup::hash_dir())?.add_dir(DIRECTORY, SslFiletype::PEM)
        });
    }
    if is_lenient {
        return Ok(());
    }
    let message = "there are none on this machine: install ca-certificates, or set SSL_CERT_FILE";
    Err(TlsError::input(format!("TLS context: {NAME}"), message))
}

/// Whether this is a file with something in it, or such a directory.
fn has_something(path: &Path) -> bool {
    match path.read_dir() {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() > 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_is_nothing() {
        let directory = env::temp_dir().join(format!("fend-roots-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let file = directory.join("file");
        assert!(!has_something(&directory) && !has_something(&file));
        std::fs::write(&file, "").unwrap();
        assert!(has_something(&directory) && !has_something(&file));
        std::fs::write(&file, "x").unwrap();
        assert!(has_something(&file));
        std::fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn openssl_says_where_it_looks() {
        assert!(sys::default_roots().into_iter().all(Path::is_absolute));
    }
}
