//! The server that a URI names: its origin (RFC 6454, section 4), without who the user is and what is wanted of it.

use std::io;

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
        let host = match uri.host() {
            None | Some("" | "*") => return refuse("the host is missing"),
            Some(host) => host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host),
        };
        let port = match (uri.port_u16(), port_text(uri)) {
            (Some(port), _) => port,
            (None, "") => usual_port,
            (None, port) => return refuse(&format!("the port {port:?} is not a number of 0 to 65535")),
        };
        Ok(Origin { scheme, host: host.to_owned(), port, text })
    }
}

/// Scheme, host and port.
fn text(uri: &Uri) -> String {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let place = authority.rsplit_once('@').map_or(authority, |(_user, place)| place);
    match uri.scheme_str() {
        Some(scheme) => format!("{scheme}://{place}"),
        // A path alone, perhaps.
        None if place.is_empty() => format!("{uri:?}"),
        None => place.to_owned(),
    }
}

/// What is behind the colon. The `http` crate takes a port that is none for a missing one.
fn port_text(uri: &Uri) -> &str {
    let (Some(authority), Some(host)) = (uri.authority(), uri.host()) else { return "" };
    let authority = authority.as_str();
    let place = authority.rsplit_once('@').map_or(authority, |(_user, place)| place);
    place.strip_prefix(host).and_then(|rest| rest.strip_prefix(':')).unwrap_or("")
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
