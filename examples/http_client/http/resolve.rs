//! From a URL's host to addresses: said by the caller, by the URL itself, or by the system's resolver.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use super::error::Error;
use super::url::{Host, Url};

/// Addresses to use for a host and port, in place of what the resolver says.
#[derive(Debug, Clone)]
pub(crate) struct Override {
    host: String,
    port: u16,
    addresses: Vec<IpAddr>,
}

impl Override {
    /// Reads `host:port:address` and `host:port:address,address`. An IPv6 address may stand in brackets.
    pub(crate) fn parse(text: &str) -> Result<Override, String> {
        let mut parts = text.splitn(3, ':');
        let (Some(host), Some(port), Some(addresses)) = (parts.next(), parts.next(), parts.next()) else {
            return Err("not HOST:PORT:ADDRESS".to_owned());
        };
        let port = port.parse().map_err(|_| format!("the port {port:?} is no number up to 65535"))?;
        let address = |text: &str| {
            let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
            bare.parse().map_err(|_| format!("{text:?} is no IP address"))
        };
        let addresses = addresses.split(',').map(address).collect::<Result<_, String>>()?;
        Ok(Override { host: host.to_ascii_lowercase(), port, addresses })
    }

    fn fits(&self, url: &Url) -> bool {
        self.host == url.host().to_string() && self.port == url.port()
    }
}

pub(super) async fn resolve(url: &Url, overrides: &[Override]) -> Result<Vec<SocketAddr>, Error> {
    let port = url.port();
    if let Some(found) = overrides.iter().find(|one| one.fits(url)) {
        return Ok(found.addresses.iter().map(|&address| (address, port).into()).collect());
    }
    match url.host() {
        Host::Ip(address) => Ok(vec![(*address, port).into()]),
        Host::Name(name) => {
            let error = |error| Error::Resolve { host: name.clone(), error };
            ask_the_system(name.clone(), port).await.map_err(error)
        }
    }
}

/// On the blocking pool, since it takes its time.
async fn ask_the_system(name: String, port: u16) -> io::Result<Vec<SocketAddr>> {
    let lookup = move || (name.as_str(), port).to_socket_addrs().map(Iterator::collect);
    fend::spawn_blocking(lookup).await?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_is_for_one_host_and_port() {
        let one = Override::parse("A.example:443:127.0.0.1,[::1],::2").unwrap();
        assert_eq!(one.addresses.len(), 3);
        for (url, fits) in [
            ("https://a.example/", true),
            ("http://a.example:443", true),
            ("http://a.example", false),
            ("https://b.example", false),
        ] {
            assert_eq!(one.fits(&Url::parse(url).unwrap()), fits, "{url}");
        }
        for text in ["", "a", "a:80", "a:80:", "a:x:127.0.0.1", "a:80:b", "a:65536:127.0.0.1"] {
            assert!(Override::parse(text).is_err(), "{text:?}");
        }
    }

    #[fend::test]
    async fn an_address_needs_no_resolver() {
        for (url, address) in [("http://127.0.0.1", "127.0.0.1:80"), ("https://[::1]", "[::1]:443")] {
            let found = resolve(&Url::parse(url).unwrap(), &[]).await.unwrap();
            assert_eq!(found, [address.parse().unwrap()]);
        }
        let said = [Override::parse("nowhere.invalid:80:127.0.0.1").unwrap()];
        let url = Url::parse("http://nowhere.invalid").unwrap();
        assert_eq!(resolve(&url, &said).await.unwrap(), ["127.0.0.1:80".parse().unwrap()]);
    }
}
