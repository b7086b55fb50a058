//! A certificate chain and its key.

use crate::{Certificate, PrivateKey};

/// Chain and key.
#[derive(Debug, Clone)]
pub struct Identity {
    pub(crate) chain: Vec<Certificate>,
    pub(crate) key: PrivateKey,
}
