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
/// [`std::net::ToSocketAddrs`] this never asks a name server, which would block the worker: a host name is an error
/// that says so, and `localhost` is one too. A name is resolved first, for example on the blocking pool:
///
/// ```
/// use std::net::{SocketAddr, ToSocketAddrs};
///
/// # fend::block_on(async {
/// let lookup = || "localhost:80".to_socket_addrs().map(Iterator::collect);
/// let addrs: Vec<SocketAddr> = fend::spawn_blocking(lookup).await??;
/// assert!(addrs.iter().all(|address| address.ip().is_loopback()));
/// // `TcpStream::connect(addrs)` tries them in turn.
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
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for text that is not an IP address and a port.
    fn into_addrs(self) -> io::Result<Self::Addrs>;
}

/// The iterator of a single address.
type One = option::IntoIter<SocketAddr>;

fn one(address: impl Into<SocketAddr>) -> io::Result<One> {
    Ok(Some(address.into()).into_iter())
}

fn not_an_address(text: &str, form: &str) -> io::Error {
    let message = format!(
        "{text:?} is not {form}; sockets take IP addresses, not host names: resolve it first, for example with \
         std::net::ToSocketAddrs in fend::spawn_blocking"
    );
    io::Error::new(io::ErrorKind::InvalidInput, message)
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
        let ip: IpAddr = text.parse().map_err(|_| not_an_address(text, "an IP address"))?;
        one((ip, port))
    }
}

impl IntoAddrs for &str {
    type Addrs = One;
    fn into_addrs(self) -> io::Result<One> {
        let address: SocketAddr =
            self.parse().map_err(|_| not_an_address(self, "an IP address and a port"))?;
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

    #[test]
    fn a_host_name_is_refused_with_advice() {
        for error in [first("localhost:80").unwrap_err(), first(("localhost", 80)).unwrap_err()] {
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().contains("ToSocketAddrs in fend::spawn_blocking"), "{error}");
        }
    }
}
