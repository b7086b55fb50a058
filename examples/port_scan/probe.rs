//! One port: what becomes of a connection to it, and what the service says.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use fend::net::TcpStream;
use fend::time::timeout;

/// The bytes of a banner that are shown.
const BANNER: usize = 120;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Open,
    /// The host has refused.
    Closed,
    /// Nobody has answered, or somebody on the way has said that there is no way.
    Filtered,
}

/// How ports are looked at.
pub(crate) struct Probe {
    pub(crate) timeout: Duration,
    pub(crate) banners: bool,
    /// What is sent first.
    pub(crate) say: Vec<u8>,
}

impl Probe {
    /// An error is one of this machine, such as a lack of descriptors, and says nothing of the port.
    pub(crate) async fn look_at(&self, address: SocketAddr) -> io::Result<(State, Option<String>)> {
        let stream = match TcpStream::connect_timeout(address, self.timeout).await {
            Ok(stream) => stream,
            Err(error) => return state_of(error).map(|state| (state, None)),
        };
        if is_ourselves(&stream) {
            return Ok((State::Closed, None));
        }
        let banner = if self.banners { self.banner(&stream).await } else { None };
        Ok((State::Open, banner))
    }

    /// The beginning of what the service says. `None` when it says nothing in time, or ends.
    async fn banner(&self, stream: &TcpStream) -> Option<String> {
        let mut bytes = [0; BANNER];
        let talk = async {
            stream.send_all(&self.say).await?;
            stream.recv(&mut bytes).await
        };
        match timeout(self.timeout, talk).await {
            Ok(Ok(length)) if length > 0 => Some(printable(&bytes[..length])),
            _ => None,
        }
    }
}

/// A connection to a port of the range from which the kernel takes the port of our own end may get that very port: it is then one with
/// itself, and nobody listens (RFC 9293 3.5: simultaneous open).
fn is_ourselves(stream: &TcpStream) -> bool {
    matches!((stream.local_addr(), stream.peer_addr()), (Ok(ours), Ok(theirs)) if ours == theirs)
}

fn state_of(error: io::Error) -> io::Result<State> {
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => Ok(State::Closed),
        // The last: a firewall has refused, here or on the way.
        ErrorKind::TimedOut
        | ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable
        | ErrorKind::PermissionDenied => Ok(State::Filtered),
        _ => Err(error),
    }
}

/// On one line, without what would change a terminal.
fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes.trim_ascii());
    text.chars().map(|letter| if letter.is_control() { '.' } else { letter }).collect()
}
