//! What is connected to: a host and a port, as somebody has typed them.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// What [`connect`](crate::connect) takes: a host, which is a name or an IP address, with a port, which is a number or a service.
///
/// | form | for example |
/// |---|---|
/// | text | `"example.org:443"`, `"example.org:https"`, `"192.0.2.1:443"`, `"[::1]:443"`, `"[fe80::1%eth0]:443"` |
/// | host and port | `("example.org", 443)`, `("::1", 443)`, `(ip, 443)` |
/// | host and service | `("example.org", "https")` |
/// | an address | a [`SocketAddr`], for which nothing is looked up |
///
/// A list of addresses goes to [`TcpStream::connect`](crate::net::TcpStream::connect).
pub trait IntoTarget: sealed::Sealed {
    /// The target, or what is wrong with it.
    #[doc(hidden)]
    fn into_target(self) -> io::Result<Target>;
}

mod sealed {
    pub trait Sealed {}
}

/// A target, understood. Nobody outside can name it.
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub(super) place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Address(SocketAddr),
    /// The host without brackets.
    Named {
        host: String,
        service: String,
    },
}

impl Target {
    fn of_address(address: impl Into<SocketAddr>) -> Target {
        Target { place: Place::Address(address.into()) }
    }

    fn parse(text: &str) -> io::Result<Target> {
        let refuse = |reason: &str| Err(refused(format!("connect {text:?}: {reason}")));
        if text.contains("://") {
            return refuse("a URL; a host and a port are wanted, like \"example.org:https\"");
        }
        let (host, rest) = match text.strip_prefix('[') {
            Some(inside) => match inside.split_once(']') {
                Some((host, rest)) if is_ipv6(host) => (host, rest),
                Some(_) => return refuse("no IPv6 address is in the brackets"),
                None => return refuse("no \"]\" is behind the IPv6 address, like \"[::1]:443\""),
            },
            None if text.matches(':').count() > 1 => {
                return refuse("an IPv6 address with a port has brackets, like \"[::1]:443\"");
            }
            None => text.split_at(text.find(':').unwrap_or(text.len())),
        };
        match rest.strip_prefix(':') {
            _ if is_no_host(host) => refuse("the host is missing, like \"example.org:443\""),
            None | Some("") => {
                refuse("the port is missing, like \"example.org:443\" or \"example.org:https\"")
            }
            Some(service) => Target::named(host, service).or_else(|reason| refuse(&reason)),
        }
    }

    /// Of a host and a port that are given apart.
    fn of_two(host: &str, service: &str) -> io::Result<Target> {
        let refuse = |reason: &str| Err(refused(format!("connect {:?}: {reason}", (host, service))));
        if is_no_host(host) {
            return refuse("the host is missing");
        }
        if host.starts_with('[') {
            return refuse("an IPv6 address without its port has no brackets");
        }
        if host.contains(':') && !is_ipv6(host) {
            return refuse("the host has a port, which is given already beside it");
        }
        if service.is_empty() {
            return refuse("the port is missing");
        }
        Target::named(host, service).or_else(|reason| refuse(&reason))
    }

    fn named(host: &str, service: &str) -> Result<Target, String> {
        if service.bytes().all(|byte| byte.is_ascii_digit()) && service.parse::<u16>().is_err() {
            return Err(format!("the port {service:?} is not a number of 0 to 65535"));
        }
        Ok(Target { place: Place::Named { host: host.to_owned(), service: service.to_owned() } })
    }

    /// What a certificate must be for.
    #[cfg(feature = "tls")]
    pub(super) fn host(&self) -> String {
        match &self.place {
            Place::Address(address) => address.ip().to_string(),
            Place::Named { host, .. } => host.clone(),
        }
    }
}

/// A lookup takes these for this machine itself.
fn is_no_host(host: &str) -> bool {
    host.is_empty() || host == "*"
}

/// With its interface too, "fe80::1%eth0".
fn is_ipv6(text: &str) -> bool {
    let address = text.split_once('%').map_or(text, |(address, _interface)| address);
    address.parse::<Ipv6Addr>().is_ok()
}

fn refused(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Address(address) => address.fmt(f),
            Place::Named { host, service } if host.contains(':') => write!(f, "[{host}]:{service}"),
            // As somebody has typed it, with a line feed perhaps.
            Place::Named { host, service } => {
                write!(f, "{}:{}", host.escape_debug(), service.escape_debug())
            }
        }
    }
}

impl sealed::Sealed for &str {}
impl IntoTarget for &str {
    fn into_target(self) -> io::Result<Target> {
        Target::parse(self)
    }
}

impl sealed::Sealed for String {}
impl IntoTarget for String {
    fn into_target(self) -> io::Result<Target> {
        Target::parse(&self)
    }
}

impl sealed::Sealed for &String {}
impl IntoTarget for &String {
    fn into_target(self) -> io::Result<Target> {
        Target::parse(self)
    }
}

impl sealed::Sealed for (&str, u16) {}
impl IntoTarget for (&str, u16) {
    fn into_target(self) -> io::Result<Target> {
        Target::of_two(self.0, &self.1.to_string())
    }
}

impl sealed::Sealed for (String, u16) {}
impl IntoTarget for (String, u16) {
    fn into_target(self) -> io::Result<Target> {
        (self.0.as_str(), self.1).into_target()
    }
}

impl sealed::Sealed for (&String, u16) {}
impl IntoTarget for (&String, u16) {
    fn into_target(self) -> io::Result<Target> {
        (self.0.as_str(), self.1).into_target()
    }
}

impl sealed::Sealed for (&str, &str) {}
impl IntoTarget for (&str, &str) {
    fn into_target(self) -> io::Result<Target> {
        Target::of_two(self.0, self.1)
    }
}

impl sealed::Sealed for SocketAddr {}
impl IntoTarget for SocketAddr {
    fn into_target(self) -> io::Result<Target> {
        Ok(Target::of_address(self))
    }
}

impl sealed::Sealed for &SocketAddr {}
impl IntoTarget for &SocketAddr {
    fn into_target(self) -> io::Result<Target> {
        Ok(Target::of_address(*self))
    }
}

impl sealed::Sealed for SocketAddrV4 {}
impl IntoTarget for SocketAddrV4 {
    fn into_target(self) -> io::Result<Target> {
        Ok(Target::of_address(self))
    }
}

impl sealed::Sealed for SocketAddrV6 {}
impl IntoTarget for SocketAddrV6 {
    fn into_target(self) -> io::Result<Target> {
        Ok(Target::of_address(self))
    }
}

impl sealed::Sealed for (IpAddr, u16) {}
impl IntoTarget for (IpAddr, u16) {
    fn into_target(self) -> io::Result<Target> {
        Ok(Target::of_address(self))
    }
}

impl sealed::Sealed for (Ipv4Addr, u16) {}
impl IntoTarget for (Ipv4Addr, u16) {
    fn into_target(self) -> io::Result<Target> {
        Ok(Target::of_address(self))
    }
}

impl sealed::Sealed for (Ipv6Addr, u16) {}
impl IntoTarget for (Ipv6Addr, u16) {
    fn into_target(self) -> io::Result<Target> {
        Ok(Target::of_address(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(host: &str, service: &str) -> Target {
        Target::named(host, service).unwrap()
    }

    #[test]
    fn every_form_gives_host_and_port() {
        let name = named("example.org", "443");
        assert_eq!("example.org:443".into_target().unwrap(), name);
        assert_eq!(String::from("example.org:443").into_target().unwrap(), name);
        assert_eq!(("example.org", 443).into_target().unwrap(), name);
        assert_eq!((String::from("example.org"), 443).into_target().unwrap(), name);
        assert_eq!(("example.org", "443").into_target().unwrap(), name);
        assert_eq!("example.org.:https".into_target().unwrap(), named("example.org.", "https"));
        assert_eq!("[::1]:443".into_target().unwrap(), named("::1", "443"));
        assert_eq!("[fe80::1%eth0]:443".into_target().unwrap(), named("fe80::1%eth0", "443"));
        assert_eq!(("::1", 443).into_target().unwrap(), named("::1", "443"));
        let address: SocketAddr = "[::1]:443".parse().unwrap();
        assert_eq!(address.into_target().unwrap(), Target::of_address(address));
        assert_eq!((Ipv6Addr::LOCALHOST, 443).into_target().unwrap(), Target::of_address(address));
    }

    #[test]
    fn a_target_reads_as_it_was_typed() {
        for text in ["example.org:https", "[fe80::1%eth0]:443", "127.0.0.1:80"] {
            assert_eq!(text.into_target().unwrap().to_string(), text);
        }
        assert_eq!(("::1", 80).into_target().unwrap().to_string(), "[::1]:80");
        assert_eq!("a\nb:80".into_target().unwrap().to_string(), "a\\nb:80");
    }

    #[test]
    fn text_that_is_no_target_is_refused_for_what_is_wrong_with_it() {
        for (text, reason) in [
            ("", "the host is missing"),
            (":443", "the host is missing"),
            ("*:443", "the host is missing"),
            ("example.org", "the port is missing"),
            ("example.org:", "the port is missing"),
            ("[::1]", "the port is missing"),
            ("[::1]443", "the port is missing"),
            ("example.org:65536", "the port \"65536\" is not a number of 0 to 65535"),
            ("::1:443", "brackets, like \"[::1]:443\""),
            ("::1", "brackets, like \"[::1]:443\""),
            ("a:b:c", "brackets"),
            ("[::1:443", "no \"]\""),
            ("[example.org]:443", "no IPv6 address is in the brackets"),
            ("https://example.org", "a URL"),
        ] {
            let error = text.into_target().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            let message = error.to_string();
            assert!(
                message.starts_with(&format!("connect {text:?}: ")) && message.contains(reason),
                "{message}"
            );
        }
    }

    #[test]
    fn two_that_are_no_target_are_refused_for_what_is_wrong_with_them() {
        for (host, service, reason) in [
            ("", "443", "the host is missing"),
            ("[::1]", "443", "has no brackets"),
            ("example.org:80", "443", "given already beside it"),
            ("example.org", "", "the port is missing"),
            ("example.org", "70000", "the port \"70000\""),
        ] {
            let message = (host, service).into_target().unwrap_err().to_string();
            assert!(message.contains(reason), "{message}");
        }
    }
}
