//! Lines on standard error, which journald and container logs put a time to.

use std::fmt::Display;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use hyper::{Method, StatusCode};

/// What happens to the service.
pub fn info(message: impl Display) {
    line(format_args!("info {message}"));
}

/// What somebody should look at.
pub fn error(message: impl Display) {
    line(format_args!("error {message}"));
}

/// One request. The path stands last, since it is the client's to choose: it has no blanks, and what is not ASCII, which some terminals take for
/// commands, is escaped.
pub fn request(peer: Option<SocketAddr>, method: &Method, path: &str, status: StatusCode, took: Duration) {
    let peer = peer.map_or_else(|| "-".to_owned(), |peer| peer.to_string());
    let milliseconds = took.as_secs_f64() * 1e3;
    let (status, path) = (status.as_u16(), path.escape_default());
    line(format_args!("request {peer} {status} {milliseconds:.1}ms {method} {path}"));
}

/// When standard error is closed nobody wants to hear it.
fn line(line: impl Display) {
    // In one piece, so that lines of several threads do not mix.
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}
