//! The page and what belongs to it: four files, built in, so that nothing is fetched from elsewhere.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Response, StatusCode, header};

pub(crate) type Answer = Response<Full<Bytes>>;

/// What the page may do: run its own script, use its own style and picture, and connect to where it comes from. Whatever else a message
/// might smuggle into it, the browser does not run or fetch.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const FIELDS: [(HeaderName, &str); 4] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    // The next version of this program has another one.
    (header::CACHE_CONTROL, "no-cache"),
];

/// The file at this path, with its media type.
fn file(path: &str) -> Option<(&'static str, &'static str)> {
    Some(match path {
        "/" => ("text/html; charset=utf-8", include_str!("page.html")),
        "/page.css" => ("text/css; charset=utf-8", include_str!("page.css")),
        "/page.js" => ("text/javascript; charset=utf-8", include_str!("page.js")),
        "/icon.svg" => ("image/svg+xml", include_str!("icon.svg")),
        _ => return None,
    })
}

/// The answer to a GET or HEAD of `path`. hyper leaves the body out where it must.
pub(crate) fn answer(path: &str) -> Answer {
    let Some((media_type, text)) = file(path) else {
        return refuse(StatusCode::NOT_FOUND, "There is a page at /.");
    };
    with_fields(media_type, Full::new(Bytes::from_static(text.as_bytes())))
}

/// An answer that says in a sentence why there is no other.
pub(crate) fn refuse(status: StatusCode, why: &'static str) -> Answer {
    let mut answer = with_fields("text/plain; charset=utf-8", Full::new(Bytes::from(format!("{why}\n"))));
    *answer.status_mut() = status;
    answer
}

fn with_fields(media_type: &'static str, body: Full<Bytes>) -> Answer {
    let mut answer = Response::new(body);
    let fields = answer.headers_mut();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    for (name, value) in FIELDS {
        fields.insert(name, HeaderValue::from_static(value));
    }
    answer
}
