//! Handshakes between two contexts, in memory.

mod alpn;
mod authority;
mod callbacks;
mod configuration;
mod directory;
mod errors;
mod key_updates;
mod keylog;
mod negotiation;
mod ocsp;
mod pair;
mod resumption;
mod revocation;
mod sni;
mod verify;

use authority::{Authority, Validity};
use directory::Directory;
use pair::Dial;

use super::*;
use crate::{Certificate, PrivateKey, sys};
