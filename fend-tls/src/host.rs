//! The host that a client wants to talk to: a name or an address, as it is compared with a certificate.

use std::fmt;
use std::net::IpAddr;

/// A host, as somebody has typed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    /// Not said: only for a context that compares no names.
    None,
    Name(String),
    Addr(IpAddr),
}

/// The longest name of DNS, in text.
const LONGEST: usize = 253;

impl Host {
    /// Reads a name, an IPv4 address, or an IPv6 address with or without brackets. The error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Host, String> {
        if text.is_empty() {
            return Ok(Host::None);
        }
        let inside = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        // A zone is this machine's own business, and in no certificate.
        let address = inside.split_once('%').map_or(inside, |(address, _zone)| address);
        if let Ok(address) = address.parse() {
            return Ok(Host::Addr(address));
        }
        // The dot at the end says that a name is whole. Certificates and SNI go without.
        let name = text.strip_suffix('.').unwrap_or(text);
        if !name.is_ascii() {
            return Err(format!("host {text:?}: not ASCII; an international name is to be given as xn--..."));
        }
        let fits = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        if name.len() > LONGEST || !name.split('.').all(fits) {
            return Err(format!("host {text:?}: neither a host name nor an IP address"));
        }
        Ok(Host::Name(name.to_ascii_lowercase()))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::None => f.write_str("no host"),
            Host::Name(name) => f.write_str(name),
            Host::Addr(address) => address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_told_apart() {
        let name = |text: &str| Host::Name(text.to_owned());
        assert_eq!(Host::parse("Example.ORG."), Ok(name("example.org")));
        assert_eq!(Host::parse("_sip.example.org"), Ok(name("_sip.example.org")));
        for text in ["::1", "[::1]", "[::1%eth0]", "::1%1"] {
            assert_eq!(Host::parse(text), Ok(Host::Addr("::1".parse().unwrap())), "{text}");
        }
        assert_eq!(Host::parse("127.0.0.1"), Ok(Host::Addr("127.0.0.1".parse().unwrap())));
        assert_eq!(Host::parse(""), Ok(Host::None));
    }

    #[test]
    fn what_is_no_host_is_refused_with_its_text() {
        let long = "a".repeat(64);
        for text in ["a b", "a\0b", "a..b", ".", "example.org:443", "*.example.org", "[::1]:80", &long] {
            let error = Host::parse(text).unwrap_err();
            assert!(error.contains(&format!("{text:?}")), "{error}");
        }
        assert!(Host::parse("bücher.example").unwrap_err().contains("xn--"));
    }
}
