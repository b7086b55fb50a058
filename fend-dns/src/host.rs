//! What a host may be given as.

use std::net::IpAddr;

/// A host, as a lookup takes it: a name, an IP address as text (`fe80::1%eth0` too), or none (`None`, `""`, `"*"`) for the wildcard or
/// the loopback address.
pub trait IntoHost: sealed::Sealed {
    #[doc(hidden)]
    fn into_host(self) -> Option<String>;
}

mod sealed {
    pub trait Sealed {}
}

/// A host, understood.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Host {
    /// The wildcard when passive, else loopback.
    None,
    /// An address, and the interface's index of a link-local one.
    Literal(IpAddr, u32),
    Name(String),
}

impl sealed::Sealed for &str {}
impl IntoHost for &str {
    fn into_host(self) -> Option<String> {
        Some(self.to_owned())
    }
}
