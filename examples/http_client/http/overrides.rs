//! Addresses of a URL's host that the caller has said.

use std::net::{IpAddr, SocketAddr};

use super::url::Url;

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

/// The addresses to use for `url`; `None` when nobody has said any.
pub(super) fn find(url: &Url, overrides: &[Override]) -> Option<Vec<SocketAddr>> {
    let found = overrides.iter().find(|one| one.fits(url))?;
    Some(found.addresses.iter().map(|&address| (address, found.port).into()).collect())
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

    #[test]
    fn the_first_that_fits_is_taken() {
        let said = ["b.example:80:127.0.0.1", "a.example:80:127.0.0.2,::1", "a.example:80:127.0.0.3"];
        let said = said.map(|text| Override::parse(text).unwrap());
        let found = find(&Url::parse("http://a.example").unwrap(), &said).unwrap();
        assert_eq!(found, ["127.0.0.2:80", "[::1]:80"].map(|address| address.parse().unwrap()));
        assert_eq!(find(&Url::parse("http://c.example").unwrap(), &said), None);
    }
}
