//! The server that a URI names: its origin (RFC 6454, section 4), without who the user is and what is wanted of it.

use std::io;
use std::net::Ipv6Addr;

use http::Uri;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    #[cfg(feature = "tls")]
    Https,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) scheme: Scheme,
    /// Without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// As the URI has it, for errors. A password must not get into a log.
    pub(super) text: String,
}

impl Origin {
    pub(super) fn of(uri: &Uri) -> io::Result<Origin> {
        let text = text(uri);
        let refuse = |reason: &str| {
            let message = format!("connect {text}: {reason}");
            Err(io::Error::new(io::ErrorKind::InvalidInput, message))
        };
        let (scheme, usual_port) = match uri.scheme_str() {
            Some("http") => (Scheme::Http, 80),
            #[cfg(feature = "tls")]
            Some("https") => (Scheme::Https, 443),
            #[cfg(not(feature = "tls"))]
            Some("https") => return refuse("https needs fend's feature `tls`"),
            Some(_) => return refuse("the scheme is neither http nor https"),
            None => return refuse("the scheme is missing: http:// or https://"),
        };
        let (host, port) = match apart(place(uri)) {
            Ok((host, _)) if host.is_empty() || host == "*" => return refuse("the host is missing"),
            Ok((host, "")) => (host, usual_port),
            Ok((host, digits)) => match port_of(digits) {
                Some(port) => (host, port),
                None => return refuse(&format!("the port {digits:?} is not a number of 0 to 65535")),
            },
            Err(reason) => return refuse(reason),
        };
        Ok(Origin { scheme, host, port, text })
    }
}

/// Scheme, host and port.
fn text(uri: &Uri) -> String {
    let place = place(uri);
    match uri.scheme_str() {
        Some(scheme) => format!("{scheme}://{place}"),
        // A path alone, perhaps.
        None if place.is_empty() => format!("{uri:?}"),
        None => place.to_owned(),
    }
}

/// Host and port, as they are written, without the user.
fn place(uri: &Uri) -> &str {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    authority.rsplit_once('@').map_or(authority, |(_user, place)| place)
}

/// Host and port. A port that is missing is empty.
///
/// Not by the methods of `Uri`: it takes a port that is none for a missing one, whatever is in brackets for a host, and leaves out what
/// follows them. So a URI that a reader, or a list of what is allowed, takes for one server would lead to another.
fn apart(place: &str) -> Result<(String, &str), &'static str> {
    let (host, rest) = match place.strip_prefix('[') {
        Some(inside) => {
            let (address, rest) = inside.split_once(']').unwrap_or((inside, ""));
            (ipv6(address).ok_or("no IPv6 address is in the brackets")?, rest)
        }
        None => {
            let (host, rest) = place.split_at(place.find(':').unwrap_or(place.len()));
            (host.to_owned(), rest)
        }
    };
    match rest.strip_prefix(':') {
        Some(port) => Ok((host, port)),
        None if rest.is_empty() => Ok((host, "")),
        None => Err("more than a port is behind the IPv6 address"),
    }
}

/// An address with its zone as this machine has it: in a URI the sign between them is encoded itself, `fe80::1%25eth0` (RFC 6874). Where it is
/// not, that is taken too.
fn ipv6(text: &str) -> Option<String> {
    let (address, zone) = text.split_once('%').map_or((text, None), |(address, zone)| (address, Some(zone)));
    address.parse::<Ipv6Addr>().ok()?;
    Some(match zone {
        None => address.to_owned(),
        // The interface of the number 25 is left alone.
        Some(zone) => {
            let zone = zone.strip_prefix("25").filter(|zone| !zone.is_empty()).unwrap_or(zone);
            format!("{address}%{zone}")
        }
    })
}

/// Without a sign, which `parse` would take.
fn port_of(digits: &str) -> Option<u16> {
    digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(uri: &str) -> io::Result<(String, u16)> {
        Origin::of(&uri.parse().unwrap()).map(|origin| (origin.host, origin.port))
    }

    #[test]
    fn a_uri_gives_host_and_port() {
        for (uri, host, port) in [
            ("http://example.org", "example.org", 80),
            ("http://example.org:/", "example.org", 80),
            ("HTTP://example.org:8080/path?query", "example.org", 8080),
            ("http://user:password@example.org:81/", "example.org", 81),
            ("http://user@[2001:db8::1]/", "2001:db8::1", 80),
            ("http://[::1]:8080/", "::1", 8080),
            ("http://192.0.2.1:0", "192.0.2.1", 0),
            ("http://[::1]:/", "::1", 80),
            ("http://user:80@example.org/", "example.org", 80),
            ("http://[fe80::1%25eth0]:81/", "fe80::1%eth0", 81),
            ("http://[fe80::1%eth0]/", "fe80::1%eth0", 80),
            ("http://[fe80::1%25]/", "fe80::1%25", 80),
            ("http://Example.ORG./", "Example.ORG.", 80),
        ] {
            assert_eq!(origin(uri).unwrap(), (host.to_owned(), port), "{uri}");
        }
    }

    #[cfg(feature = "tls")]
    #[test]
    fn https_has_a_port_of_its_own() {
        let origin = Origin::of(&"https://example.org/".parse().unwrap()).unwrap();
        assert_eq!((origin.scheme, origin.port), (Scheme::Https, 443));
        assert_eq!(origin.text, "https://example.org");
    }

    #[test]
    fn a_uri_that_names_no_server_is_refused_for_what_is_wrong_with_it() {
        for (uri, message) in [
            ("/path", "connect /path: the scheme is missing: http:// or https://"),
            ("*", "connect *: the scheme is missing: http:// or https://"),
            ("example.org:80", "connect example.org:80: the scheme is missing: http:// or https://"),
            ("ftp://example.org/", "connect ftp://example.org: the scheme is neither http nor https"),
            ("http://*/", "connect http://*: the host is missing"),
            ("http://me:secret@:80/", "connect http://:80: the host is missing"),
            ("http://[]/", "connect http://[]: no IPv6 address is in the brackets"),
            ("http://[example.org]/", "connect http://[example.org]: no IPv6 address is in the brackets"),
            ("http://[127.0.0.1]/", "connect http://[127.0.0.1]: no IPv6 address is in the brackets"),
            (
                "http://[::1].example.org:80/",
                "connect http://[::1].example.org:80: more than a port is behind the IPv6 address",
            ),
            (
                "http://example.org:+80/",
                "connect http://example.org:+80: the port \"+80\" is not a number of 0 to 65535",
            ),
            (
                "http://example.org:99999/",
                "connect http://example.org:99999: the port \"99999\" is not a number of 0 to 65535",
            ),
        ] {
            let error = match uri.parse() {
                Ok(uri) => Origin::of(&uri).unwrap_err(),
                Err(error) => panic!("{uri}: {error}"),
            };
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert_eq!(error.to_string(), message);
        }
    }
}
