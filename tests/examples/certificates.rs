//! Certificates for tests, in files.

use fend::tls::Identity;

use crate::scratch::Scratch;

/// A certificate that vouches for itself, and its key.
pub(crate) struct Files {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// Makes both in `scratch`, as `name.pem` and `name.key`.
pub(crate) fn self_signed(scratch: &Scratch, name: &str, names: &[&str]) -> Files {
    let identity = Identity::self_signed(names).expect("an identity");
    Files {
        certificate: scratch.write(&format!("{name}.pem"), identity.certificate().to_pem()),
        key: scratch.write(&format!("{name}.key"), identity.key().to_pem()),
    }
}
