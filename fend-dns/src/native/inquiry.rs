//! [`Inquiry`]: one question until its answer.
//!
//! ```text
//!  run ── for each name of a chain of CNAMEs
//!   └ ask_servers ── for each attempt, for each server
//!      └ attempt ── a time limit; once again when a runtime has gone
//!         └ ask ── with EDNS0, and without when the server does not know that
//!            └ put ── by datagram, and by TCP when that does not do
//! ```

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::{Duration, Instant};

use fend_reactor::time::{now, timeout};

use super::answer::{Chain, Step, is_lame};
use super::datagram::{self, Reply};
use super::failure::{Failure, Failures};
use super::question::{Manner, Question};
use super::servers::Servers;
use super::{Answer, Client};
use crate::error::{Cause, LookupError};
use crate::name::Name;
use crate::record::RecordType;
use crate::resolver::Transport;
use crate::wire::{Message, Rcode};

pub(super) struct Inquiry<'a> {
    client: &'a Client,
    record_type: RecordType,
    start: Instant,
    /// How long all of it may take. The first name of a chain cannot take longer.
    limit: Duration,
}

impl<'a> Inquiry<'a> {
    /// Its time begins now.
    pub(super) fn new(client: &'a Client, record_type: RecordType) -> Inquiry<'a> {
        let settings = &client.settings;
        let servers = u32::try_from(settings.servers.len()).unwrap_or(u32::MAX);
        let limit = settings.timeout.saturating_mul(servers.saturating_mul(u32::from(attempts(client))));
        Inquiry { client, record_type, start: now(), limit }
    }

    pub(super) async fn run(&self, name: &Name) -> Result<Answer, LookupError> {
        let subject = || self.subject(name);
        let mut chain = Chain::new(name, self.record_type);
        let mut is_authentic = self.client.settings.trust_ad;
        loop {
            let limit = if chain.has_begun() { self.limit } else { Duration::MAX };
            let result = self.ask_servers(chain.name(), limit).await;
            let (server, message) = result.map_err(|failures| failures.into_error(&subject()))?;
            // Of a chain over several messages each must be.
            is_authentic &= message.is_authentic;
            match chain.follow(message) {
                Ok(Step::Onward) => {}
                Ok(Step::End(end)) => return Ok(end.into_answer(server, is_authentic)),
                Err(wrong) => {
                    return Err(LookupError::of_server(subject(), server, Cause::Malformed(wrong)));
                }
            }
        }
    }

    /// "example.org (A)".
    fn subject(&self, name: &Name) -> String {
        let name = name.to_string();
        // The root is nothing but its dot.
        let name = name.strip_suffix('.').filter(|name| !name.is_empty()).unwrap_or(&name);
        format!("{name} ({})", self.record_type)
    }

    /// Until `limit` after the start.
    async fn ask_servers(&self, name: &Name, limit: Duration) -> Result<(SocketAddr, Message), Failures> {
        let settings = &self.client.settings;
        let order = self.client.servers.order(settings.rotate);
        let mut failures = Failures::default();
        for _ in 0..attempts(self.client) {
            for &index in &order {
                let server = settings.servers[index].address;
                let left = limit.saturating_sub(now().saturating_duration_since(self.start));
                if left.is_zero() {
                    failures.out_of_time(server, limit);
                    return Err(failures);
                }
                match self.attempt(index, name, left.min(settings.timeout)).await {
                    Ok(message) => return Ok((server, message)),
                    Err(failure) => failures.add(server, failure),
                }
            }
        }
        Err(failures)
    }

    async fn attempt(&self, index: usize, name: &Name, limit: Duration) -> Result<Message, Failure> {
        let wait = Wait { servers: &self.client.servers, index, start: now() };
        let twice = async {
            match self.ask(index, name).await {
                Err(Failure::RuntimeGone(_)) => self.ask(index, name).await,
                result => result,
            }
        };
        match timeout(limit, twice).await {
            Ok(result) => {
                wait.end(result.as_ref().map_or_else(Failure::is_of_server, |_| true));
                result
            }
            Err(_) => Err(Failure::TimedOut(limit)),
        }
    }

    async fn ask(&self, index: usize, name: &Name) -> Result<Message, Failure> {
        let servers = &self.client.servers;
        let edns = self.client.settings.edns.filter(|_| servers.knows_edns(index));
        let message = self.put(index, name, edns).await?;
        if edns.is_none() || !may_be_about_edns(message.rcode) {
            return judge(message, name);
        }
        let knows_other = message.has_edns && message.rcode != Rcode::BAD_VERSION;
        let message = self.put(index, name, None).await?;
        if !knows_other && !may_be_about_edns(message.rcode) {
            servers.refused_edns(index);
        }
        judge(message, name)
    }

    async fn put(&self, index: usize, name: &Name, edns: Option<u16>) -> Result<Message, Failure> {
        let settings = &self.client.settings;
        let server = &settings.servers[index];
        let manner = Manner { edns, want_authentic: settings.trust_ad, mix_case: false };
        if server.transport != Transport::Udp || settings.use_tcp {
            return self.put_by_stream(index, name, manner).await;
        }
        let question =
            Question::new(name, self.record_type, Manner { mix_case: settings.mix_case, ..manner })?;
        match datagram::exchange(server.address, &question, edns).await? {
            Reply::Message(message) => Ok(message),
            Reply::Truncated => self.put_by_stream(index, name, manner).await,
            Reply::Flooded => {
                let result = self.put_by_stream(index, name, manner).await;
                result.map_err(|failure| Failure::Flooded(Box::new(failure)))
            }
        }
    }

    /// On the heap, so that a question by datagram stays small.
    fn put_by_stream<'b>(
        &'b self,
        index: usize,
        name: &'b Name,
        manner: Manner,
    ) -> Pin<Box<dyn Future<Output = Result<Message, Failure>> + Send + 'b>> {
        Box::pin(async move {
            let server = &self.client.settings.servers[index];
            let question = Question::new(name, self.record_type, manner)?;
            #[cfg(feature = "tls")]
            let question = match &server.transport {
                Transport::Tls(_) => question.padded(),
                _ => question,
            };
            self.client.connections.ask(index, server, &question).await
        })
    }
}

/// A wait for a server. Whoever drops it says that nothing came in time: the limit has run out, or somebody above has lost patience, who would
/// otherwise come back to the same silent server each time.
struct Wait<'a> {
    servers: &'a Servers,
    index: usize,
    start: Instant,
}

impl Wait<'_> {
    fn end(self, is_there: bool) {
        if is_there {
            self.servers.answered(self.index);
        }
        std::mem::forget(self);
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.servers.waited(self.index, now().saturating_duration_since(self.start));
    }
}

fn attempts(client: &Client) -> u8 {
    client.settings.attempts.max(1)
}

/// Whether the server may have said so for the OPT record's sake: RFC 6891, section 7.
fn may_be_about_edns(rcode: Rcode) -> bool {
    matches!(rcode, Rcode::FORMAT_ERROR | Rcode::NOT_IMPLEMENTED | Rcode::BAD_VERSION)
}

/// Whether the message says something of the name, so that no other server need be asked.
fn judge(message: Message, name: &Name) -> Result<Message, Failure> {
    match message.rcode {
        Rcode::NO_ERROR if is_lame(&message, name) => Err(Failure::Lame),
        Rcode::NO_ERROR | Rcode::NAME_ERROR => Ok(message),
        rcode => Err(Failure::Rcode(rcode)),
    }
}
