//! The order in which to try addresses: RFC 6724, section 6.

use std::net::SocketAddr;

use crate::config::Policy;

/// Sorts by the rules of RFC 6724; what they leave open stays as it came.
pub(crate) fn sort(_addresses: &mut Vec<SocketAddr>, _policy: &Policy) {
    unimplemented!("the order's part")
}
