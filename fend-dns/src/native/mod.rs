//! Questions to name servers, over sockets of fend.
//!
//! | file | idea |
//! |---|---|
//! | `inquiry` | a question until its answer: servers, attempts, chains of CNAMEs |
//! | `servers`, `failure` | in which order to ask, and what is remembered of whom; what to tell when nobody had an answer |
//! | `question` | what is sent, and what answers it |
//! | `datagram`, `port` | an exchange by UDP, from a port that nobody can guess |
//! | `stream`, `connections`, `tls` | an exchange by TCP or TLS, and connections that wait for the next one |
//! | `answer` | from messages to an answer |
//! | `limit` | how many questions have sockets at once |
//!
//! # Sockets
//!
//! A question has one socket at a time, from a [place](limit::Places) among [`Settings::sockets`], and waits for one in order when all are
//! taken. That wait counts against no time limit. Beside those, up to 4 connections for each server wait for the next question, in each
//! runtime that asks.
//!
//! # Time
//!
//! An attempt at a server takes [`Settings::timeout`] at most, with all that belongs to it: the question without EDNS0 that follows one
//! with, and the one by TCP that follows a truncated answer. All of a question takes `attempts` x `servers` x `timeout` at most, however many
//! CNAMEs lead to further questions.

mod answer;
mod connections;
mod datagram;
mod failure;
mod inquiry;
mod limit;
mod port;
mod question;
mod servers;
mod stream;
#[cfg(feature = "tls")]
mod tls;

use std::net::SocketAddr;
use std::time::Duration;

use connections::Connections;
use inquiry::Inquiry;
use limit::Places;
use servers::Servers;

use crate::error::LookupError;
use crate::name::Name;
use crate::record::{Record, RecordType};
use crate::resolver::NameServer;

/// How to ask.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) servers: Vec<NameServer>,
    /// For each attempt at a server.
    pub(crate) timeout: Duration,
    /// How often each server is asked.
    pub(crate) attempts: u8,
    pub(crate) rotate: bool,
    /// The size of datagrams that EDNS0 announces; `None`: no EDNS0.
    pub(crate) edns: Option<u16>,
    /// Sets the AD bit in questions, and believes it in answers.
    pub(crate) trust_ad: bool,
    /// Asks every server by TCP at once.
    pub(crate) use_tcp: bool,
    /// Mixes the case of the question's letters, and takes no answer that does not repeat it ("0x20").
    pub(crate) mix_case: bool,
    /// How many sockets may be open for questions at once.
    pub(crate) sockets: usize,
    /// For servers that are asked over TLS.
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<fend_tls::TlsConnector>,
}

/// What came of a question.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) outcome: Outcome,
    /// The chain of CNAME records, then the records of the type; TTLs as they came.
    pub(crate) records: Vec<Record>,
    /// Where the chain ended: the question's own name when there is none.
    pub(crate) name: Name,
    /// How many seconds this may be kept: the lowest TTL of `records`, or that of the "no" (RFC 2308). 0: not at all.
    pub(crate) ttl: u32,
    pub(crate) server: SocketAddr,
    /// The server has verified it by DNSSEC, and we trust the server (`trust_ad`).
    pub(crate) is_authentic: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Found,
    /// NODATA: the name exists, without records of the type.
    NoData,
    /// NXDOMAIN.
    NotFound,
}

/// Asks the servers of its settings, and remembers which of them answer.
#[derive(Debug)]
pub(crate) struct Client {
    places: Places,
    servers: Servers,
    connections: Connections,
    settings: Settings,
}

impl Client {
    pub(crate) fn new(settings: Settings) -> Client {
        Client {
            places: Places::new(settings.sockets),
            servers: Servers::new(settings.servers.len(), settings.timeout),
            connections: Connections::new(
                #[cfg(feature = "tls")]
                settings.tls.clone(),
            ),
            settings,
        }
    }

    /// Asks for the records of `name`, which is taken as it is: no search list, no hosts file, no cache. "No such name" and "no such records"
    /// are answers.
    ///
    /// # Errors
    ///
    /// The most telling of what went wrong with the servers: what one of them said (SERVFAIL, REFUSED) rather than that another was silent.
    /// It names the question and that server. A chain of CNAMEs that is a loop, or longer than 16.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes its socket at once, and gives its place to the next one that waits.
    pub(crate) async fn query(&self, name: &Name, record_type: RecordType) -> Result<Answer, LookupError> {
        let _place = self.places.take().await;
        Inquiry::new(self, record_type).run(name).await
    }
}

#[cfg(test)]
mod tests;
