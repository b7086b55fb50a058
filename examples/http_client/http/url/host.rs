//! The host of a URL, and the port behind it.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// A name, in small letters, or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    Name(String),
    Ip(IpAddr),
}

impl Host {
    /// As a certificate has it: an address without brackets, a name without the dot of the root.
    pub(crate) fn in_certificate(&self) -> String {
        match self {
            Host::Name(name) => name.strip_suffix('.').unwrap_or(name).to_owned(),
            Host::Ip(address) => address.to_string(),
        }
    }
}

/// As it stands in a URL: an IPv6 address in brackets.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => f.write_str(name),
            Host::Ip(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Host::Ip(address) => write!(f, "{address}"),
        }
    }
}

/// Reads `host`, `host:port`, `[::1]` and `[::1]:port`.
pub(super) fn split(place: &str) -> Result<(Host, Option<u16>), &'static str> {
    if let Some(rest) = place.strip_prefix('[') {
        let (address, port) = rest.split_once(']').ok_or("the bracket of its IPv6 address is not closed")?;
        let address =
            address.parse::<Ipv6Addr>().map_err(|_| "what is in the brackets is no IPv6 address")?;
        return Ok((Host::Ip(address.into()), read_port(port)?));
    }
    let (host, port) = place.split_at(place.find(':').unwrap_or(place.len()));
    if port.matches(':').count() > 1 {
        return Err("it has too many colons: an IPv6 address stands in brackets");
    }
    Ok((read_host(host)?, read_port(port)?))
}

fn read_host(text: &str) -> Result<Host, &'static str> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(Host::Ip(address));
    }
    match text {
        "" | "." => Err("it has no host"),
        _ if text.contains('%') => Err("its host is not plain ASCII: such a name is written as xn--..."),
        _ if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)) => {
            Ok(Host::Name(text.to_ascii_lowercase()))
        }
        _ => Err("its host has characters that no host has"),
    }
}

/// Reads `:port`, and its absence.
fn read_port(text: &str) -> Result<Option<u16>, &'static str> {
    match text.strip_prefix(':') {
        None if text.is_empty() => Ok(None),
        Some("") => Ok(None),
        // `parse` would take a sign too.
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().map(Some).map_err(|_| "its port is more than 65535")
        }
        _ => Err("its port is no number"),
    }
}
