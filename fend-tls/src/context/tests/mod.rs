//! Handshakes between two contexts, in memory.

mod alpn;
mod authority;
mod callbacks;
mod errors;
mod keylog;
mod negotiation;
mod ocsp;
mod pair;
mod resumption;
mod sni;
mod verify;

use authority::{Authority, Validity};
use pair::Dial;

use super::*;
use crate::{Certificate, PrivateKey, sys};
