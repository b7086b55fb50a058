//! Handshakes between two contexts, in memory.

mod alpn;
mod authority;
mod callbacks;
mod client_certificates;
mod configuration;
mod dial;
mod directory;
mod errors;
mod host_names;
mod keylog;
mod negotiation;
mod ocsp;
mod pair;
mod resumption;
mod revocation;
mod sni;
mod verify;

use authority::{Authority, Validity};
use dial::Dial;
use directory::Directory;

use super::*;
use crate::{Certificate, PrivateKey, sys};
