//! An address of either family, told apart by its form.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::linux::net::SocketAddrExt;
use std::path::PathBuf;

use fend::net::unix;

use crate::arguments::Value;

#[derive(Debug, Clone)]
pub(crate) enum Address {
    Tcp(SocketAddr),
    Path(PathBuf),
    Abstract(String),
}

impl Address {
    /// What a Unix socket takes; nothing for TCP.
    pub(crate) fn unix(&self) -> io::Result<Option<unix::SocketAddr>> {
        match self {
            Address::Tcp(_) => Ok(None),
            Address::Path(path) => unix::IntoUnixAddr::into_unix_addr(path).map(Some),
            Address::Abstract(name) => unix::SocketAddr::from_abstract_name(name).map(Some),
        }
    }
}

impl Default for Address {
    fn default() -> Address {
        Address::Tcp(SocketAddr::from(([127, 0, 0, 1], 7008)))
    }
}

impl Value for Address {
    fn read(text: &str) -> Result<Address, String> {
        match text.strip_prefix('@') {
            Some("") => Err("an abstract name has at least one character".to_owned()),
            Some(name) => Ok(Address::Abstract(name.to_owned())),
            None if text.contains('/') => Ok(Address::Path(text.into())),
            None => text
                .parse()
                .map(Address::Tcp)
                .map_err(|_| "neither an IP address and port, nor a path with a slash, nor @NAME".to_owned()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => address.fmt(f),
            Address::Path(path) => path.display().fmt(f),
            Address::Abstract(name) => write!(f, "@{name}"),
        }
    }
}
