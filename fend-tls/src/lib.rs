//! TLS for the fend runtime.

mod certificate;
mod der;
mod error;
mod identity;
mod pem;
mod private_key;
#[expect(unsafe_code, reason = "calls of OpenSSL that have no safe form")]
mod sys;

pub use certificate::Certificate;
pub use error::TlsError;
pub use identity::Identity;
pub use private_key::PrivateKey;
