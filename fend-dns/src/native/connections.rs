//! Connections to servers: new ones, and those that wait for the next question.
//!
//! A connection that has brought its answer, and nothing else, is kept for [`KEPT_FOR`], so that a question by TCP costs no handshake each
//! time and one over TLS even less (RFC 7766, section 6.2; RFC 7858, section 3.4). It belongs to the runtime in which it was made, and only questions
//! of that runtime get it: elsewhere it would be of no use after that runtime's shutdown. Nobody watches the time for the sake of a few
//! sockets: those that are past it are closed with the next question, or with the client.

use std::time::{Duration, Instant};

use fend_net::TcpStream;
use fend_reactor::runtime::{Handle, Id};
use fend_reactor::time::now;

use super::failure::Failure;
use super::question::Question;
use super::stream::{Connection, exchange};
#[cfg(feature = "tls")]
use super::tls::Tls;
use crate::resolver::NameServer;
#[cfg(feature = "tls")]
use crate::resolver::Transport;
use crate::sync::Mutex;
use crate::wire::Message;

/// How long a connection waits for the next question.
const KEPT_FOR: Duration = Duration::from_secs(10);

/// Connections to one server that wait, in one runtime.
const MAX_KEPT: usize = 4;

#[derive(Debug)]
pub(super) struct Connections {
    idle: Mutex<Vec<Idle>>,
    #[cfg(feature = "tls")]
    tls: Tls,
}

/// Where a connection leads: the server's place in the settings, and the runtime it belongs to. Outside any it is the default one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    server: usize,
    runtime: Option<Id>,
}

#[derive(Debug)]
struct Idle {
    key: Key,
    since: Instant,
    connection: Connection,
}

impl Connections {
    pub(super) fn new(#[cfg(feature = "tls")] connector: Option<fend_tls::TlsConnector>) -> Connections {
        Connections {
            idle: Mutex::default(),
            #[cfg(feature = "tls")]
            tls: Tls::new(connector),
        }
    }

    /// Asks a server, whose place in the settings is `index`, over a connection that waits, or a new one, and waits without end: the caller has the clock.
    ///
    /// # Errors
    /// What connection or handshake say, and what is wrong with the answer.
    pub(super) async fn ask(
        &self,
        index: usize,
        server: &NameServer,
        question: &Question,
    ) -> Result<Message, Failure> {
        let key = Key { server: index, runtime: Handle::try_current().map(|handle| handle.id()) };
        if let Some(connection) = self.take(key) {
            match self.ask_over(connection, key, question).await {
                // The server may close what waits at any time, or send what nobody has asked for: that says nothing about a new one.
                Err(
                    Failure::Io(_)
                    | Failure::RuntimeGone(_)
                    | Failure::Unreachable(_)
                    | Failure::Malformed(_),
                ) => {}
                result => return result,
            }
        }
        let connection = self.connect(server).await?;
        self.ask_over(connection, key, question).await
    }

    async fn ask_over(
        &self,
        connection: Connection,
        key: Key,
        question: &Question,
    ) -> Result<Message, Failure> {
        let exchanged = exchange(&connection, question).await?;
        if exchanged.is_clean {
            self.keep(key, connection);
        }
        Ok(exchanged.message)
    }

    async fn connect(&self, server: &NameServer) -> Result<Connection, Failure> {
        let stream = TcpStream::connect(server.address).await?;
        #[cfg(feature = "tls")]
        if let Transport::Tls(host) = &server.transport {
            return self.tls.handshake(host, stream).await;
        }
        Ok(Connection::Tcp(stream))
    }

    /// The one that has waited for the shortest time: the server is the least likely to have closed it.
    fn take(&self, key: Key) -> Option<Connection> {
        let expired = self.remove_expired();
        drop(expired);
        let mut idle = self.idle.lock();
        let last = idle.iter().rposition(|idle| idle.key == key)?;
        Some(idle.remove(last).connection)
    }

    fn keep(&self, key: Key, connection: Connection) {
        let expired = self.remove_expired();
        drop(expired);
        let since = now();
        let mut idle = self.idle.lock();
        let mut same = idle.iter().enumerate().filter(|(_, idle)| idle.key == key).map(|(index, _)| index);
        let oldest = same.next();
        let is_full = oldest.is_some() && same.count() + 1 >= MAX_KEPT;
        let gone = oldest.filter(|_| is_full).map(|oldest| idle.remove(oldest));
        idle.push(Idle { key, since, connection });
        drop(idle);
        // Closes a socket, and the runtime learns of it: not under the lock.
        drop(gone);
    }

    /// Clocks of runtimes may differ when one was set by hand: what is from the future has waited for no time.
    fn remove_expired(&self) -> Vec<Idle> {
        let now = now();
        let is_expired = |idle: &Idle| now.saturating_duration_since(idle.since) >= KEPT_FOR;
        let mut idle = self.idle.lock();
        if !idle.iter().any(is_expired) {
            return Vec::new();
        }
        let (expired, left) = idle.drain(..).partition(is_expired);
        *idle = left;
        expired
    }

    /// How many wait.
    #[cfg(test)]
    pub(super) fn idle(&self) -> usize {
        self.idle.lock().len()
    }
}
