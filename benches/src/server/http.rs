//! What every HTTP server here answers. Those on hyper share the service and the settings: hyper's own, without a timer.

use std::convert::Infallible;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::{Request, Response};

/// hyper adds `content-length: 13` and `date`.
pub(super) async fn hello(_request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::new(Bytes::from_static(b"Hello, World!")));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    Ok(response)
}

pub(super) fn builder() -> http1::Builder {
    http1::Builder::new()
}

/// The whole answer, byte by byte what hyper makes of [`hello`], for the raw server.
pub(super) fn answer(date: &str, keep_alive: bool) -> Vec<u8> {
    let connection = if keep_alive { "" } else { "connection: close\r\n" };
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n{connection}content-length: 13\r\ndate: {date}\r\n\r\n\
         Hello, World!"
    )
    .into_bytes()
}
