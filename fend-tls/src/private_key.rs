//! Private keys.

use openssl::pkey::{PKey, Private};

/// A private key.
#[derive(Debug, Clone)]
pub struct PrivateKey(pub(crate) PKey<Private>);
