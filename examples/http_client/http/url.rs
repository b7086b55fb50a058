//! URLs of `http` and `https`, as they are typed and as servers redirect to them.
//!
//! What was typed may lack its `http://`, and must have no blanks. A redirect may be relative (RFC 3986, section 5.2), and its blanks are
//! written as curl writes them. In both, characters beyond ASCII become `%XX`, a fragment stays here, and `.` and `..` are worked out.

mod host;
mod percent;
mod reference;

use std::fmt;

pub(crate) use host::Host;

use super::credentials::Credentials;
use super::error::Error;

/// What can be fetched, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Url {
    scheme: Scheme,
    credentials: Option<Credentials>,
    host: Host,
    port: Option<u16>,
    /// The path, which begins with a slash, and the query if there is one.
    target: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    fn name(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    fn port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

impl Url {
    /// Reads what a person has typed.
    pub(crate) fn parse(typed: &str) -> Result<Url, Error> {
        let wrong = |reason: &str| Error::BadUrl { url: typed.to_owned(), reason: reason.to_owned() };
        let text = percent::typed(typed).map_err(wrong)?;
        match reference::split_scheme(&text) {
            Some((scheme, rest)) if rest.starts_with("//") => Url::of(scheme, rest, typed),
            // `localhost:7007` looks like a scheme, but for what follows.
            _ => Url::of("http", &format!("//{text}"), typed),
        }
    }

    /// What `location`, the field of a redirect from here, means.
    pub(crate) fn join(&self, location: &[u8]) -> Result<Url, Error> {
        let shown = String::from_utf8_lossy(location);
        let wrong =
            |reason: &str| Error::BadUrl { url: shown.clone().into_owned(), reason: reason.to_owned() };
        let text = percent::redirect(location).map_err(wrong)?;
        if let Some((scheme, rest)) = reference::split_scheme(&text) {
            return Url::of(scheme, rest, &shown);
        }
        if text.starts_with("//") {
            return Url::of(self.scheme.name(), &text, &shown);
        }
        Ok(Url { target: reference::resolve(&self.target, &text), ..self.clone() })
    }

    /// `rest` is everything behind the colon of the scheme. `shown` is for the error.
    fn of(scheme: &str, rest: &str, shown: &str) -> Result<Url, Error> {
        let wrong = |reason: &str| Error::BadUrl { url: shown.to_owned(), reason: reason.to_owned() };
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => return Err(Error::UnknownScheme(other.to_owned())),
        };
        let rest = rest.strip_prefix("//").ok_or_else(|| wrong("the scheme has no // behind it"))?;
        let rest = reference::without_fragment(rest);
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        // A name may have an @ in it by mistake; the host cannot.
        let (userinfo, place) = match authority.rsplit_once('@') {
            Some((userinfo, place)) => (Some(userinfo), place),
            None => (None, authority),
        };
        let (host, port) = host::split(place).map_err(wrong)?;
        Ok(Url {
            scheme,
            credentials: userinfo.map(|text| Credentials::of_userinfo(&percent::decode(text))),
            host,
            port,
            target: reference::resolve("/", target),
        })
    }

    pub(crate) fn is_https(&self) -> bool {
        self.scheme == Scheme::Https
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port.unwrap_or(self.scheme.port())
    }

    /// The path and the query: what is asked for.
    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// Host and port as the `Host` field has them: without a port that goes without saying.
    pub(crate) fn authority(&self) -> String {
        match self.port {
            Some(port) if port != self.scheme.port() => format!("{}:{port}", self.host),
            _ => self.host.to_string(),
        }
    }

    /// Whether both are of one origin (RFC 6454): what was meant for one may go to the other.
    pub(crate) fn same_origin(&self, other: &Url) -> bool {
        self.scheme == other.scheme && self.host == other.host && self.port() == other.port()
    }
}

/// Without the credentials: it is shown to people, and kept in logs.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme.name(), self.authority(), self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(typed: &str) -> String {
        Url::parse(typed).unwrap_or_else(|error| panic!("{typed}: {error}")).to_string()
    }

    #[test]
    fn what_is_typed() {
        for (typed, meant) in [
            ("http://a.example", "http://a.example/"),
            ("a.example", "http://a.example/"),
            ("localhost:7007/x", "http://localhost:7007/x"),
            ("localhost/?to=https://a.example/", "http://localhost/?to=https://a.example/"),
            ("HTTPS://A.Example:443/B?c#d", "https://a.example/B?c"),
            ("https://a.example:80", "https://a.example:80/"),
            ("http://a.example:", "http://a.example/"),
            ("http://a.example?q", "http://a.example/?q"),
            ("http://a.example#f/?", "http://a.example/"),
            ("http://[::1]:7007/x", "http://[::1]:7007/x"),
            ("http://[0:0::1]", "http://[::1]/"),
            ("http://me:secret@a.example/", "http://a.example/"),
            ("http://a.example/b/./c/../d?e/../f", "http://a.example/b/d?e/../f"),
            ("http://a.example/straße", "http://a.example/stra%C3%9Fe"),
            ("http://a.example/100%", "http://a.example/100%"),
        ] {
            assert_eq!(parse(typed), meant, "{typed}");
        }
    }

    #[test]
    fn what_is_no_url() {
        for (typed, reason) in [
            ("", "no host"),
            ("http://", "no host"),
            ("http:///path", "no host"),
            ("http://a b/", "a blank"),
            ("http://a.example/b c", "a blank"),
            ("http://a.example/\n", "a control character"),
            ("http://a.example:99999/", "port"),
            ("http://a.example:x/", "port"),
            ("http://a.example:+80/", "port"),
            ("http://::1/", "brackets"),
            ("http://[::1/", "bracket"),
            ("http://[::1]x/", "port"),
            ("http://[localhost]/", "IPv6"),
            ("http://straße.example/", "xn--"),
            ("http://a%2eexample/", "xn--"),
            ("http://a.example\\b.example/", "host"),
        ] {
            match Url::parse(typed) {
                Err(error @ Error::BadUrl { .. }) => assert!(error.to_string().contains(reason), "{error}"),
                other => panic!("{typed:?}: {other:?}"),
            }
        }
        let error = Url::parse("ftp://a.example/").unwrap_err();
        assert!(matches!(&error, Error::UnknownScheme(scheme) if scheme == "ftp"), "{error}");
    }

    #[test]
    fn credentials_are_decoded_and_the_last_at_ends_them() {
        let url = Url::parse("http://m%40e:se:c@ret@a.example/").unwrap();
        assert_eq!(url.credentials(), Some(&Credentials::of_userinfo(b"m@e:se:c@ret")));
        assert_eq!(url.authority(), "a.example");
    }

    #[test]
    fn a_redirect_from_here() {
        let base = Url::parse("http://me@a.example:81/b/c/d;p?q").unwrap();
        for (location, meant) in [
            ("", "http://a.example:81/b/c/d;p?q"),
            ("g", "http://a.example:81/b/c/g"),
            ("./g/", "http://a.example:81/b/c/g/"),
            ("/g?y#s", "http://a.example:81/g?y"),
            ("//b.example/g", "http://b.example/g"),
            ("https:g", "an error"),
            ("https://b.example", "https://b.example/"),
            ("g:h", "an error"),
            ("a b?c d", "http://a.example:81/b/c/a%20b?c+d"),
            ("?to=http://b.example/", "http://a.example:81/b/c/d;p?to=http://b.example/"),
        ] {
            let url = base.join(location.as_bytes()).map_or("an error".to_owned(), |url| url.to_string());
            assert_eq!(url, meant, "{location:?}");
        }
        assert_eq!(base.join(b"caf\xe9").unwrap().target(), "/b/c/caf%E9");
        assert!(base.join(b"g").unwrap().credentials().is_some());
        assert!(base.join(b"//a.example:81/g").unwrap().credentials().is_none());
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let url = Url::parse("http://a.example/b").unwrap();
        for (other, same) in [
            ("http://A.example:80/c", true),
            ("http://a.example:81/b", false),
            ("https://a.example/b", false),
            ("https://a.example:80/b", false),
            ("http://b.example/b", false),
        ] {
            assert_eq!(url.same_origin(&Url::parse(other).unwrap()), same, "{other}");
        }
    }
}
