//! A UDP socket of the load: one datagram is under way, and is sent again when its answer does not come.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use crate::sys;

use super::client::{Client, Shared};
use super::exchange::wrong;
use super::stamp::Stamp;
use super::transport::unless_blocked;

/// An answer that takes longer is lost.
const LOST_AFTER: Duration = Duration::from_millis(100);
/// How old a datagram that was sent twice may be when its second answer comes, in requests.
const OLDEST: u64 = 100;

#[derive(Debug)]
pub(super) struct Datagram {
    socket: Option<OwnedFd>,
    stamp: Stamp,
    /// How often the request has been sent.
    sent: u32,
    /// Of all requests, some were sent more than once, so that an earlier answer may still come.
    repeated: bool,
}

impl Datagram {
    pub(super) fn new(connection: usize) -> Datagram {
        Datagram { socket: None, stamp: Stamp::first_of(connection as u64), sent: 0, repeated: false }
    }

    fn send(&mut self, shared: &mut Shared) -> io::Result<()> {
        let Some(socket) = &self.socket else { return Ok(()) };
        self.sent += 1;
        self.stamp.write(&mut shared.message);
        // What the socket does not take is as lost as what the network drops.
        unless_blocked(sys::send(socket.as_fd(), &shared.message)).map(drop)
    }

    /// Whether this is the answer; a late one of an earlier request is not, and no error either.
    fn is_answer(&self, received: &[u8], size: usize) -> io::Result<bool> {
        if received.len() != size {
            return Err(wrong(format!("{} bytes came back of the {size} that were sent", received.len())));
        }
        if self.sent > 0 && self.stamp.is_in(received, 0, size) {
            return Ok(true);
        }
        let late = |requests| self.stamp.earlier(requests).is_in(received, 0, size);
        if self.repeated && (0..OLDEST).any(late) {
            return Ok(false);
        }
        Err(wrong(format!("what came back is not what was sent, {size} bytes")))
    }
}

impl Client for Datagram {
    const LOOK: Duration = Duration::from_millis(20);

    fn start(&mut self, shared: &mut Shared, token: u64) -> io::Result<()> {
        self.stamp = self.stamp.next();
        self.sent = 0;
        if self.socket.is_none() {
            let any: SocketAddr = match shared.address {
                SocketAddr::V4(_) => ([0; 4], 0).into(),
                SocketAddr::V6(_) => ([0; 16], 0).into(),
            };
            let socket = sys::udp_bind(any)?;
            sys::connect(socket.as_fd(), shared.address)?;
            shared.epoll.add(socket.as_fd(), (libc::EPOLLIN | libc::EPOLLET) as u32, token)?;
            self.socket = Some(socket);
        }
        self.send(shared)
    }

    fn ready(&mut self, shared: &mut Shared, _flags: u32) -> io::Result<bool> {
        while let Some(socket) = &self.socket {
            let Some(count) = unless_blocked(sys::recv(socket.as_fd(), &mut shared.buffer))? else { break };
            if self.is_answer(&shared.buffer[..count], shared.message.len())? {
                self.sent = 0;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn look(&mut self, shared: &mut Shared, waited: Duration) -> io::Result<bool> {
        if waited < LOST_AFTER * self.sent {
            return Ok(false);
        }
        self.repeated = true;
        self.send(shared)?;
        Ok(true)
    }

    fn abandon(&mut self) {
        self.socket = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(stamp: Stamp) -> [u8; 20] {
        let mut message = [0; 20];
        stamp.write(&mut message);
        message
    }

    #[test]
    fn an_answer_to_an_earlier_request_is_late_if_that_was_repeated() {
        let mut datagram = Datagram::new(7);
        datagram.sent = 1;
        let now = message(datagram.stamp);
        let earlier = message(datagram.stamp.earlier(3));
        assert!(datagram.is_answer(&now, 20).unwrap());
        assert!(datagram.is_answer(&earlier, 20).is_err());
        datagram.repeated = true;
        assert!(!datagram.is_answer(&earlier, 20).unwrap());
        datagram.sent = 0;
        assert!(!datagram.is_answer(&now, 20).unwrap(), "it has been answered already");
    }

    #[test]
    fn other_bytes_are_an_error() {
        let mut datagram = Datagram::new(7);
        (datagram.sent, datagram.repeated) = (1, true);
        let now = message(datagram.stamp);
        assert!(datagram.is_answer(&now[..19], 20).is_err());
        assert!(datagram.is_answer(&message(datagram.stamp.next()), 20).is_err());
    }
}
