//! Questions to name servers, over sockets of fend.

use std::net::SocketAddr;
use std::time::Duration;

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
    #[expect(dead_code)]
    settings: Settings,
}

impl Client {
    pub(crate) fn new(settings: Settings) -> Client {
        Client { settings }
    }

    /// Asks for the records of `name`, which is taken as it is: no search list, no hosts file, no cache.
    ///
    /// Dropping the future closes its sockets at once.
    pub(crate) async fn query(&self, _name: &Name, _record_type: RecordType) -> Result<Answer, LookupError> {
        unimplemented!("the native part")
    }
}
