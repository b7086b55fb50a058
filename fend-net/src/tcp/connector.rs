//! [`TcpConnector`]: connecting with other times than the usual ones.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::TcpStream;
use super::connect::Patience;
use super::race::race;
use crate::addrs::IntoAddrs;

/// How to connect: the times that [`TcpStream::connect`] takes as given. One value serves any number of connections.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use fend::net::{TcpConnector, TcpListener};
///
/// # fend::block_on(async {
/// # let listener = TcpListener::bind("127.0.0.1:0").await?;
/// # let addresses = [listener.local_addr()?];
/// let connector =
///     TcpConnector::new().attempt_delay(Duration::from_millis(100)).timeout(Duration::from_secs(3));
/// let stream = connector.connect(&addresses).await?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a connector does nothing until it connects"]
pub struct TcpConnector {
    patience: Patience,
}

impl TcpConnector {
    /// What [`TcpStream::connect`] does: 250 ms before the next address is tried, and no time limit.
    pub fn new() -> Self {
        TcpConnector::default()
    }

    /// How long an attempt has before the next address is tried beside it (RFC 8305: Connection Attempt Delay, 250 ms unless it is set
    /// here). The RFC recommends 100 ms to 2 s, and never less than 10 ms, so as not to burden a network that is full already.
    ///
    /// Zero begins all attempts at once, [`Duration::MAX`] tries the next address only when one has failed.
    pub fn attempt_delay(mut self, delay: Duration) -> Self {
        self.patience.attempt_delay = delay;
        self
    }

    /// How long a [`connect`](Self::connect) may take, all addresses together. No limit but the kernel's unless it is set here.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.patience.timeout = Some(timeout);
        self
    }

    /// Connects to an address; of several, to the first that answers. See [`TcpStream::connect`].
    ///
    /// # Errors
    ///
    /// As [`TcpStream::connect`], and [`TimedOut`](io::ErrorKind::TimedOut) with the addresses and the time.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future gives the attempts up and closes their sockets at once.
    pub async fn connect(&self, addrs: impl IntoAddrs) -> io::Result<TcpStream> {
        TcpStream::connect_with(addrs, self.patience).await
    }

    /// For connects by name: the error is a [`ConnectError`](super::ConnectError) for a single address too, and `spent` of the timeout is over.
    #[doc(hidden)]
    pub async fn race(&self, addrs: Vec<SocketAddr>, spent: Duration) -> io::Result<TcpStream> {
        let patience = Patience { spent, ..self.patience };
        race(addrs, patience).await.map(TcpStream::from_registered)
    }
}
