//! Lines on standard error, which journald and container logs put a time to.

use std::fmt::Display;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

/// What happens to the service.
pub fn info(message: impl Display) {
    line(format_args!("info {message}"));
}

/// What somebody should look at.
pub fn error(message: impl Display) {
    line(format_args!("error {message}"));
}

/// One request. The path stands last, since it is the client's to choose; it has no blanks and no control characters.
pub fn request(peer: SocketAddr, method: &str, path: &str, status: u16, took: Duration) {
    line(format_args!("request {peer} {status} {:.1}ms {method} {path}", took.as_secs_f64() * 1e3));
}

/// When standard error is closed nobody wants to hear it.
fn line(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}
