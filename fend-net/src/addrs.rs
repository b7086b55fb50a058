//! [`IntoAddrs`]: the forms in which an address may be given.

use std::io;
use std::iter::Copied;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::option;
use std::slice;
use std::vec;

/// What [`TcpListener::bind`](crate::TcpListener::bind) and [`TcpStream::connect`](crate::TcpStream::connect) take: one or
/// more IP addresses with a port.
///
/// Text must be an IP address and a port (`"127.0.0.1:8080"`, `"[::1]:8080"`). Unlike
/// [`std::net::ToSocketAddrs`] this never asks a name server: a host name is an error that says so, and `localhost` is one too. Names are
/// for `fend::connect`, or for `fend::dns::lookup`, whose addresses are taken here:
///
/// ```
/// use fend::net::{TcpListener, TcpStream};
///
/// # fend::block_on(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let port = listener.local_addr()?.port();
/// let stream = fend::connect(("localhost", port)).await?;
///
/// // In two steps: `TcpStream::connect` takes the first address that answers.
/// let addresses = fend::dns::lookup("localhost", port).await?;
/// let stream = TcpStream::connect(addresses).await?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
///
/// # Examples
///
/// ```
/// use fend::net::IntoAddrs;
///
/// assert_eq!("127.0.0.1:80".into_addrs()?.next(), Some(([127, 0, 0, 1], 80).into()));
/// assert_eq!(("::1", 80).into_addrs()?.next(), "[::1]:80".parse().ok());
/// assert!("localhost:80".into_addrs().is_err());
/// # std::io::Result::Ok(())
/// ```
pub trait IntoAddrs {
    /// The addresses, in the order in which they are tried.
    type Addrs: Iterator<Item = SocketAddr> + Send;

    /// The addresses.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for text that is not an IP address and a port: it says which of the two is missing
    /// or wrong.
    fn into_addrs(self) -> io::Result<Self::Addrs>;
}

/// The iterator of a single address.
type One = option::IntoIter<SocketAddr>;

fn one(address: impl Into<SocketAddr>) -> io::Result<One> {
    Ok(Some(address.into()).into_iter())
}

fn refused(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// Why `text` is no IP address and port. What is not numeric is taken for a host name.
fn not_an_address(text: &str) -> io::Error {
    if let Some(rest) = text.strip_prefix('[') {
        return not_in_brackets(text, rest);
    }
    if text.parse::<Ipv4Addr>().is_ok() {
        return refused(format!("{text:?} has no port: \"{text}:80\" has one"));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    if host.contains(':') || text.parse::<Ipv6Addr>().is_ok() {
        return refused(format!("{text:?}: an IPv6 address with a port has brackets, like \"[::1]:80\""));
    }
    if host.is_empty() {
        return refused(format!(
            "{text:?} has no IP address: it takes one and a port, like \"127.0.0.1:80\""
        ));
    }
    if host.parse::<Ipv4Addr>().is_ok() {
        return bad_port(text, port.unwrap_or_default());
    }
    not_an_ip(text, host, "an IP address and a port")
}

/// Why text that begins with a bracket is no IPv6 address and port. `rest` comes after the bracket.
fn not_in_brackets(text: &str, rest: &str) -> io::Error {
    let Some((ip, port)) = rest.split_once(']') else {
        return refused(format!("{text:?} has no \"]\" after the IPv6 address: like \"[::1]:80\""));
    };
    if format!("[{ip}]:0").parse::<SocketAddrV6>().is_err() {
        return refused(format!("{text:?}: {ip:?} is not an IPv6 address"));
    }
    match port.strip_prefix(':') {
        Some(port) => bad_port(text, port),
        None => refused(format!("{text:?} has no port: \"[{ip}]:80\" has one")),
    }
}

fn bad_port(text: &str, port: &str) -> io::Error {
    refused(format!("{text:?}: the port {port:?} is not a number of 0 to 65535"))
}

/// Why `host`, which is `text` or a part of it, is no IP address. `form` is what `text` should have been.
fn not_an_ip(text: &str, host: &str, form: &str) -> io::Error {
    if host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return refused(format!("{text:?}: {host:?} is not an IPv4 address, four numbers of 0 to 255"));
    }
    refused(format!(
        "{text:?} is not {form}; sockets take IP addresses, not host names: look it up first with \
         fend::dns::lookup, or connect by name with fend::connect"
    ))
}

/// Why `text` is no IP address alone, where the port is given beside it.
fn not_a_bare_ip(text: &str) -> io::Error {
    if text.is_empty() {
        return refused(format!("{text:?} is not an IP address"));
    }
    if text.parse::<SocketAddr>().is_ok() {
        return refused(format!("{text:?} has a port, which is given already beside it"));
    }
    if text.starts_with('[') {
        return refused(format!("{text:?}: an IP address without its port has no brackets"));
    }
    if text.contains(':') {
        return refused(format!("{text:?} is not an IPv6 address"));
    }
    not_an_ip(text, text, "an IP address")
}

impl IntoAddrs for SocketAddr {
    type Addrs = One;
    fn into_addrs(self) -> io::Result<One> {
        one(self)
    }
}

impl IntoAddrs for &SocketAddr {
    type Addrs = One;
    fn into_addrs(self) -> io::Result<One> {
        one(*self)
    }
}

impl IntoAddrs for SocketAddrV4 {
    type Addrs = One;
    fn into_addrs(self) -> io::Result<One> {
        one(self)
    }
}

impl IntoAddrs for SocketAddrV6 {
    type Addrs = One;
    fn into_addrs(self) -> io::Result<One> {
        one(self)
    }
}

impl IntoAddrs for (IpAddr, u16) {
    type Addrs = One;
    fn into_addrs(self) -> io::Result<One> {
        one(self)
    }
}

impl IntoAddrs for (Ipv4Addr, u16) {
    type Addrs = One;
    fn into_addrs(self) -> io::Result<One> {
        one(self)
    }
}

impl IntoAddrs for (Ipv6Addr, u16) {
    type Addrs = One;
    fn into_addrs(self) -> io::Result<One> {
        one(self)
    }
}

/// The text is the bare IP address, without brackets.
impl IntoAddrs for (&str, u16) {
    type Addrs = One;
    fn into_addrs(self) -> io::Result<One> {
        let (text, port) = self;
        let ip: IpAddr = text.parse().map_err(|_| not_a_bare_ip(text))?;
        one((ip, port))
    }
}

impl IntoAddrs for &str {
    type Addrs = One;
    fn into_addrs(self) -> io::Result<One> {
        let address: SocketAddr = self.parse().map_err(|_| not_an_address(self))?;
        one(address)
    }
}

impl IntoAddrs for String {
    type Addrs = One;
    fn into_addrs(self) -> io::Result<One> {
        self.as_str().into_addrs()
    }
}

impl IntoAddrs for &String {
    type Addrs = One;
    fn into_addrs(self) -> io::Result<One> {
        self.as_str().into_addrs()
    }
}

impl<'a> IntoAddrs for &'a [SocketAddr] {
    type Addrs = Copied<slice::Iter<'a, SocketAddr>>;
    fn into_addrs(self) -> io::Result<Self::Addrs> {
        Ok(self.iter().copied())
    }
}

impl<'a, const N: usize> IntoAddrs for &'a [SocketAddr; N] {
    type Addrs = Copied<slice::Iter<'a, SocketAddr>>;
    fn into_addrs(self) -> io::Result<Self::Addrs> {
        Ok(self.iter().copied())
    }
}

impl IntoAddrs for Vec<SocketAddr> {
    type Addrs = vec::IntoIter<SocketAddr>;
    fn into_addrs(self) -> io::Result<Self::Addrs> {
        Ok(self.into_iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(addrs: impl IntoAddrs) -> io::Result<SocketAddr> {
        addrs.into_addrs().map(|mut addrs| addrs.next().expect("an address"))
    }

    #[test]
    fn every_form_gives_the_same_address() {
        let address: SocketAddr = "127.0.0.1:80".parse().unwrap();
        let ip = Ipv4Addr::LOCALHOST;
        assert_eq!(first(address).unwrap(), address);
        assert_eq!((&address).into_addrs().unwrap().next(), Some(address));
        assert_eq!(first((ip, 80)).unwrap(), address);
        assert_eq!(first((IpAddr::V4(ip), 80)).unwrap(), address);
        assert_eq!(first(SocketAddrV4::new(ip, 80)).unwrap(), address);
        assert_eq!(first(("127.0.0.1", 80)).unwrap(), address);
        assert_eq!(first("127.0.0.1:80").unwrap(), address);
        assert_eq!(first(String::from("127.0.0.1:80")).unwrap(), address);
        assert_eq!(first(&[address][..]).unwrap(), address);
        assert_eq!(first(&[address]).unwrap(), address);
        assert_eq!(first(vec![address]).unwrap(), address);
    }

    #[test]
    fn ipv6_takes_brackets_with_its_port_only() {
        let address: SocketAddr = "[::1]:80".parse().unwrap();
        assert_eq!(first("[::1]:80").unwrap(), address);
        assert_eq!(first(("::1", 80)).unwrap(), address);
        assert_eq!(first((Ipv6Addr::LOCALHOST, 80)).unwrap(), address);
        assert!(first("::1:80:").is_err());
    }

    /// The advice to resolve a name is for names.
    #[test]
    fn a_numeric_address_is_refused_for_what_is_wrong_with_it() {
        let refusals = [
            ("", "no IP address"),
            (":80", "no IP address"),
            ("80", "\"80\" is not an IPv4 address"),
            ("127.0.0.1", "has no port: \"127.0.0.1:80\" has one"),
            ("127.0.0.1:", "the port \"\" is not a number of 0 to 65535"),
            ("127.0.0.1:70000", "the port \"70000\" is not a number of 0 to 65535"),
            ("127.0.0.1:http", "the port \"http\" is not a number of 0 to 65535"),
            ("256.0.0.1:80", "\"256.0.0.1\" is not an IPv4 address"),
            ("127.1:80", "\"127.1\" is not an IPv4 address"),
            ("[::1:80", "has no \"]\" after the IPv6 address"),
            ("[::1]", "has no port: \"[::1]:80\" has one"),
            ("[::1]80", "has no port: \"[::1]:80\" has one"),
            ("[::1]:70000", "the port \"70000\" is not a number of 0 to 65535"),
            ("[::g]:80", "\"::g\" is not an IPv6 address"),
            ("::1", "has brackets"),
            ("::1:80:", "has brackets"),
        ];
        for (text, reason) in refusals {
            let error = first(text).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            let message = error.to_string();
            assert!(message.starts_with(&format!("{text:?}")) && message.contains(reason), "{message}");
            assert!(!message.contains("host names"), "{message}");
        }
    }

    #[test]
    fn a_bare_address_is_refused_for_what_is_wrong_with_it() {
        let refusals = [
            ("", "is not an IP address"),
            ("127.0.0.1:80", "has a port"),
            ("[::1]:80", "has a port"),
            ("[::1]", "has no brackets"),
            ("::g", "is not an IPv6 address"),
            ("300.0.0.1", "is not an IPv4 address"),
        ];
        for (text, reason) in refusals {
            let message = first((text, 80)).unwrap_err().to_string();
            assert!(message.contains(reason) && !message.contains("host names"), "{message}");
        }
    }

    #[test]
    fn a_host_name_is_refused_with_advice() {
        let names =
            ["localhost:80", "localhost", "example.com:http", "x.1:80"].map(|name| first(name).unwrap_err());
        let bare = ["localhost", "example.com"].map(|name| first((name, 80)).unwrap_err());
        for error in names.into_iter().chain(bare) {
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(
                error.to_string().contains("fend::dns::lookup, or connect by name with fend::connect"),
                "{error}"
            );
        }
    }
}
