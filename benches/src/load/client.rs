//! One of the connections of a load, as the engine sees it, and what all of them share.

use std::fmt::Debug;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::sys::Epoll;

/// Bytes received by one call at most.
const RECEIVED: usize = 64 * 1024;

/// What a connection needs while it runs, one for all.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) epoll: Epoll,
    pub(super) address: SocketAddr,
    /// The request. Each stamps it before it sends.
    pub(super) message: Vec<u8>,
    /// Where answers are received.
    pub(super) buffer: Vec<u8>,
    pub(super) sources: Sources,
}

impl Shared {
    pub(super) fn new(address: SocketAddr, message: Vec<u8>, sources: Sources) -> io::Result<Shared> {
        Ok(Shared { epoll: Epoll::new()?, address, message, buffer: vec![0; RECEIVED], sources })
    }
}

/// A connection: it sends a request when told to, and takes events until the answer is whole.
pub(super) trait Client: Debug {
    /// How often requests under way are to be looked at.
    const LOOK: Duration = Duration::from_secs(1);

    /// Sends a request, and connects before that where there is no connection. `token` is what its events carry.
    ///
    /// # Errors
    ///
    /// The connection is of no more use.
    fn start(&mut self, shared: &mut Shared, token: u64) -> io::Result<()>;

    /// An event has come. Whether the request is done with it.
    ///
    /// # Errors
    ///
    /// The connection is of no more use.
    fn ready(&mut self, shared: &mut Shared, flags: u32) -> io::Result<bool>;

    /// The request has been under way for so long. Whether it was sent again.
    ///
    /// # Errors
    ///
    /// The connection is of no more use.
    fn look(&mut self, _shared: &mut Shared, _waited: Duration) -> io::Result<bool> {
        Ok(false)
    }

    /// Drops the connection after an error. The next request makes a new one.
    fn abandon(&mut self);
}

/// The addresses that connections come from. A connection that the client closes first leaves its port in `TIME_WAIT` for a minute; with
/// these in turn, tens of thousands of connections per second find one.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sources {
    /// The kernel chooses.
    Any,
    /// The next one of 127.0.0.2 to 127.0.0.251.
    Loopback(u8),
}

impl Sources {
    /// For connections to this server.
    pub(super) fn for_many(server: SocketAddr) -> Sources {
        match server.ip() {
            IpAddr::V4(ip) if ip.is_loopback() => Sources::Loopback(0),
            _ => Sources::Any,
        }
    }

    pub(super) fn next(&mut self) -> Option<Ipv4Addr> {
        match self {
            Sources::Any => None,
            Sources::Loopback(next) => {
                let source = Ipv4Addr::new(127, 0, 0, *next + 2);
                *next = (*next + 1) % 250;
                Some(source)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_take_turns() {
        let mut sources = Sources::for_many("127.0.0.1:80".parse().unwrap());
        let seen: Vec<_> = (0..251).map(|_| sources.next().unwrap().octets()[3]).collect();
        assert_eq!((seen[0], seen[249], seen[250]), (2, 251, 2));
        assert_eq!(Sources::for_many("[::1]:80".parse().unwrap()).next(), None);
        assert_eq!(Sources::for_many("192.0.2.1:80".parse().unwrap()).next(), None);
    }
}
