//! Names that no server is asked for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::name::Name;

/// What a name is in place of what a server would say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Special {
    /// The loopback: localhost, and what is below it (RFC 6761, section 6.3).
    Loopback,
    /// Not there: what is below invalid never is (RFC 6761, section 6.4), and what is below onion is for Tor alone. Asking for that would tell on
    /// the user (RFC 7686, section 2).
    Nobody,
}

/// By the last label.
pub(super) fn special(name: &Name) -> Option<Special> {
    let top = name.labels().last()?;
    let is = |label: &[u8]| top.eq_ignore_ascii_case(label);
    if is(b"localhost") {
        return Some(Special::Loopback);
    }
    (is(b"onion") || is(b"invalid")).then_some(Special::Nobody)
}

impl Special {
    /// Its addresses.
    pub(super) fn addresses(self) -> &'static [SocketAddr] {
        const LOOPBACK: [SocketAddr; 2] = [
            SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 0),
            SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
        ];
        match self {
            Special::Loopback => &LOOPBACK,
            Special::Nobody => &[],
        }
    }
}
