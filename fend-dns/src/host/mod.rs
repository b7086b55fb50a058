//! What a host may be given as: a name, an address as text, or none; and which of them a text is.
//!
//! Text is tried as C's getaddrinfo(3) tries it: as an IPv4 address in any form of inet_aton(3), as an IPv6 address with or without an
//! interface after a `%`, and what is neither is a name.

mod ascii;
mod ipv4;

use std::net::{IpAddr, Ipv6Addr};

use crate::error::LookupError;
use crate::sys;

/// A host, as a lookup takes it: a name, an IP address as text (`fe80::1%eth0` too), or none (`None`, `""`, `"*"`) for the wildcard or
/// the loopback address.
pub trait IntoHost: sealed::Sealed {
    #[doc(hidden)]
    fn into_host(self) -> Option<String>;
}

mod sealed {
    pub trait Sealed {}
}

impl sealed::Sealed for &str {}
impl IntoHost for &str {
    fn into_host(self) -> Option<String> {
        Some(self.to_owned())
    }
}

impl sealed::Sealed for String {}
impl IntoHost for String {
    fn into_host(self) -> Option<String> {
        Some(self)
    }
}

impl sealed::Sealed for &String {}
impl IntoHost for &String {
    fn into_host(self) -> Option<String> {
        Some(self.clone())
    }
}

impl sealed::Sealed for Option<&str> {}
impl IntoHost for Option<&str> {
    fn into_host(self) -> Option<String> {
        self.map(str::to_owned)
    }
}

impl sealed::Sealed for IpAddr {}
impl IntoHost for IpAddr {
    fn into_host(self) -> Option<String> {
        Some(self.to_string())
    }
}

/// A host, understood.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Host {
    /// The wildcard when passive, else loopback.
    None,
    /// An address, and the interface's index of a link-local one.
    Literal(IpAddr, u32),
    /// In ASCII.
    Name(String),
}

impl Host {
    /// Understands `text`, without any lookup.
    ///
    /// # Errors
    ///
    /// Input that cannot be a host: a name where `is_numeric` asks for an address, an interface that is not there, letters beyond ASCII
    /// without the feature `idna`, and what is often taken for a host: one in brackets or with a port, a URL.
    pub(crate) fn parse(text: Option<&str>, is_numeric: bool) -> Result<Host, LookupError> {
        let Some(text) = text.filter(|text| !matches!(*text, "" | "*")) else { return Ok(Host::None) };
        if text.is_ascii() {
            return Host::parse_ascii(text, text, is_numeric);
        }
        // Its ASCII form may be an address: there are digits beyond ASCII too.
        Host::parse_ascii(text, &ascii::of(text)?, is_numeric)
    }

    /// `given` is what the caller wrote.
    fn parse_ascii(given: &str, text: &str, is_numeric: bool) -> Result<Host, LookupError> {
        if let Some(address) = ipv4::parse(text) {
            return Ok(Host::Literal(address.into(), 0));
        }
        if let Some(literal) = ipv6(given, text)? {
            return Ok(literal);
        }
        if let Some(message) = no_name(text) {
            return Err(LookupError::input(given, message));
        }
        if is_numeric {
            return Err(LookupError::input(given, "it is not an IP address, which numeric_host asks for"));
        }
        Ok(Host::Name(text.to_owned()))
    }
}

/// A host as certificates have it: letters beyond ASCII by the rules of IDNA, and all else as it is. For connects by name.
#[doc(hidden)]
pub fn in_ascii(host: &str) -> Result<String, LookupError> {
    if host.is_ascii() { Ok(host.to_owned()) } else { ascii::of(host) }
}

fn ipv6(given: &str, text: &str) -> Result<Option<Host>, LookupError> {
    let (address, interface) = match text.split_once('%') {
        Some((address, interface)) => (address, Some(interface)),
        None => (text, None),
    };
    let Ok(address) = address.parse::<Ipv6Addr>() else { return Ok(None) };
    let scope = match interface {
        Some(interface) => {
            scope_of(address, interface).map_err(|message| LookupError::input(given, message))?
        }
        None => 0,
    };
    Ok(Some(Host::Literal(address.into(), scope)))
}

/// The index of an interface that is given by its name or index. Names are for link-local addresses alone, as in C: other addresses mean the
/// same on every interface.
fn scope_of(address: Ipv6Addr, interface: &str) -> Result<u32, String> {
    if is_link_local(address) {
        if let Some(index) = sys::interface_index(interface) {
            return Ok(index);
        }
    }
    // Without a sign, which `parse` would take.
    let is_number = interface.bytes().all(|byte| byte.is_ascii_digit());
    match interface.parse() {
        Ok(index) if is_number => Ok(index),
        _ if interface.is_empty() => Err("there is no interface after the \"%\"".to_owned()),
        _ if is_number => Err(format!("{interface} is no index of a network interface")),
        _ if is_link_local(address) => Err(format!("there is no network interface {interface:?}")),
        _ => Err(format!("{address} is no link-local address, and so has no interface {interface:?}")),
    }
}

/// Of one interface's link alone: fe80::/10, and multicast of scope 2.
fn is_link_local(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.octets();
    (first == 0xfe && second & 0xc0 == 0x80) || (first == 0xff && second & 0x0f == 0x02)
}

/// Why `text`, which is no address, cannot be a name either: what it was meant to be, where that can be told.
fn no_name(text: &str) -> Option<String> {
    if let Some(inner) = text.strip_prefix('[') {
        let inner = inner.split_once(']').map_or(inner, |(inner, _)| inner);
        return Some(format!(
            "an IPv6 address is given here without brackets, and its port apart: {inner:?}"
        ));
    }
    if text.contains("://") {
        return Some("it is a URL, of which a lookup takes the host alone".to_owned());
    }
    if let Some((host, port)) = text.split_once(':') {
        if !port.contains(':') {
            return Some(format!("the port is given apart from the host: {host:?}, {port:?}"));
        }
        return Some("it is not an IPv6 address".to_owned());
    }
    let is_foreign = |c: char| c.is_ascii_control() || c.is_ascii_whitespace() || "/\\@[]".contains(c);
    text.chars().find(|&c| is_foreign(c)).map(|c| format!("no host name has {c:?} in it"))
}

#[cfg(test)]
mod tests;
