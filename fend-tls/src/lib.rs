//! TLS for the fend runtime.

mod certificate;
mod context;
mod der;
mod error;
mod identity;
mod ocsp;
mod pem;
mod private_key;
mod session_cache;
mod state;
#[expect(unsafe_code, reason = "calls of OpenSSL that have no safe form")]
mod sys;

pub use certificate::Certificate;
pub use context::{Context, ContextBuilder, Mode, Protocol, Sni, UnknownProtocol, Verify, VerifyInfo};
pub use error::TlsError;
pub use identity::Identity;
/// The crate whose types [`ContextBuilder::options`] and [`ContextBuilder::with_openssl`] take, in the right version.
pub use openssl;
pub use private_key::PrivateKey;
