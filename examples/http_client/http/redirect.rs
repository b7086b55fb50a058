//! Redirects: where they lead, and what becomes of the request (RFC 9110, section 15.4).
//!
//! | status | method | body |
//! |---|---|---|
//! | 301, 302 | POST becomes GET, as everybody does it | gone with the POST |
//! | 303 | GET, but HEAD stays | gone |
//! | 307, 308 | stays | stays |
//!
//! What was meant for one origin is not for the next: credentials, cookies and a `Host` of the caller's stay behind, for good.

use super::error::Error;
use super::head::Head;
use super::request::Request;
use super::url::Url;

/// How far redirects are followed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    /// How many there may be for one request.
    pub(crate) most: usize,
    /// Whether one may lead from https to http.
    pub(crate) allow_downgrade: bool,
}

/// Where the response from `url` leads, if it leads anywhere.
pub(crate) fn target(head: &Head, url: &Url) -> Result<Option<Url>, Error> {
    if !matches!(head.status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let mut locations = head.values("Location");
    match (locations.next(), locations.next()) {
        (None, _) => Ok(None),
        (Some(location), None) => url.join(location).map(Some),
        (Some(_), Some(_)) => Err(Error::bad_response("it leads to several places")),
    }
}

/// Prepares the next request. `so_far` is how many redirects were followed before.
pub(crate) fn follow(
    request: &mut Request,
    policy: Policy,
    so_far: usize,
    status: u16,
    from: &Url,
    to: &Url,
) -> Result<(), Error> {
    if so_far >= policy.most {
        return Err(Error::TooManyRedirects(policy.most));
    }
    if from.is_https() && !to.is_https() && !policy.allow_downgrade {
        return Err(Error::Downgrade(to.to_string()));
    }
    match (status, request.method()) {
        (301 | 302, "POST") => request.become_get(),
        (303, method) if !matches!(method, "GET" | "HEAD") => request.become_get(),
        _ => {}
    }
    if !from.same_origin(to) {
        request.remove_credentials();
        request.remove_fields(|name| {
            ["authorization", "cookie", "host", "proxy-authorization"]
                .iter()
                .any(|private| name.eq_ignore_ascii_case(private))
        });
    }
    if let Some(credentials) = to.credentials() {
        request.set_credentials(credentials.clone());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::credentials::Credentials;
    use super::*;

    const POLICY: Policy = Policy { most: 10, allow_downgrade: false };

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn head(text: &str) -> Head {
        Head::parse(text.as_bytes()).unwrap()
    }

    /// A request with everything, as it goes on after `status`.
    fn followed(method: &str, status: u16, to: &str) -> String {
        let mut request = Request::get();
        request.set_method(method).unwrap();
        request.set_body(b"body".to_vec());
        request.set_credentials(Credentials::of_userinfo(b"me:secret"));
        for field in ["Cookie: secret", "Content-Type: text/plain", "X-Mine: yes", "Host: other"] {
            request.add_field(field).unwrap();
        }
        let to = url(to);
        follow(&mut request, POLICY, 0, status, &url("http://a.example/"), &to).unwrap();
        String::from_utf8([&request.head(&to), request.body()].concat()).unwrap()
    }

    #[test]
    fn the_method_and_the_body() {
        for (method, status, then) in [
            ("POST", 301, "GET"),
            ("POST", 302, "GET"),
            ("POST", 303, "GET"),
            ("PUT", 301, "PUT"),
            ("PUT", 302, "PUT"),
            ("PUT", 303, "GET"),
            ("HEAD", 303, "HEAD"),
            ("POST", 307, "POST"),
            ("POST", 308, "POST"),
            ("DELETE", 308, "DELETE"),
        ] {
            let text = followed(method, status, "http://a.example/b");
            assert!(text.starts_with(&format!("{then} /b HTTP/1.1\r\n")), "{method} {status}: {text}");
            let keeps_body = then == method;
            assert_eq!(text.ends_with("\r\n\r\nbody"), keeps_body, "{method} {status}: {text}");
            assert_eq!(
                text.contains("Content-Type: text/plain\r\n"),
                keeps_body,
                "{method} {status}: {text}"
            );
        }
    }

    #[test]
    fn secrets_stay_with_their_origin() {
        let same = followed("GET", 302, "http://a.example:80/b");
        assert!(
            same.contains("Authorization: ") && same.contains("Cookie: ") && same.contains("Host: other")
        );
        for to in ["http://b.example/", "http://a.example:81/", "https://a.example/"] {
            let text = followed("GET", 302, to);
            assert!(!text.contains("secret") && !text.contains("Authorization"), "{to}: {text}");
            assert!(text.contains("X-Mine: yes\r\n") && !text.contains("other"), "{to}: {text}");
        }
        assert!(followed("GET", 302, "http://you:secret@b.example/").contains("Authorization: Basic "));
    }

    #[test]
    fn there_are_limits() {
        let (plain, tls) = (url("http://a.example/"), url("https://a.example/"));
        let follow = |policy, so_far, from, to| follow(&mut Request::get(), policy, so_far, 302, from, to);
        assert!(follow(POLICY, 9, &plain, &tls).is_ok());
        assert!(matches!(follow(POLICY, 10, &plain, &tls), Err(Error::TooManyRedirects(10))));
        assert!(matches!(follow(POLICY, 0, &tls, &plain), Err(Error::Downgrade(_))));
        assert!(follow(Policy { allow_downgrade: true, ..POLICY }, 0, &tls, &plain).is_ok());
    }

    #[test]
    fn what_leads_elsewhere() {
        let from = url("http://a.example/b/c");
        for (text, to) in [
            ("HTTP/1.1 302 x\r\nLocation: d\r\n\r\n", Some("http://a.example/b/d")),
            ("HTTP/1.1 302 x\r\n\r\n", None),
            ("HTTP/1.1 300 x\r\nLocation: d\r\n\r\n", None),
            ("HTTP/1.1 304 x\r\nLocation: d\r\n\r\n", None),
            ("HTTP/1.1 200 x\r\nLocation: d\r\n\r\n", None),
        ] {
            let found = target(&head(text), &from).unwrap().map(|url| url.to_string());
            assert_eq!(found.as_deref(), to, "{text:?}");
        }
        assert!(target(&head("HTTP/1.1 302 x\r\nLocation: d\r\nLocation: e\r\n\r\n"), &from).is_err());
        assert!(target(&head("HTTP/1.1 302 x\r\nLocation: ftp://d/\r\n\r\n"), &from).is_err());
    }
}
