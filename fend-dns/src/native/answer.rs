//! From messages to an [`Answer`]: the chain of CNAMEs, the records at its end, and how long they may be kept.
//!
//! A message may have the whole chain, a part of it, or the first CNAME alone. [`Chain`] goes as far as a message leads; from there the
//! caller asks again. Only records of names on the chain are taken: whatever else a server puts into its answer, it is not asked for. (A
//! DNAME comes with the CNAME that it stands for: RFC 6672, section 3.1.)

use std::net::SocketAddr;

use super::{Answer, Outcome};
use crate::name::Name;
use crate::record::{Record, RecordData, RecordType};
use crate::wire::{Message, Rcode};

/// CNAMEs that are followed, whether they come in one message or in several.
const MAX_HOPS: usize = 16;

/// QTYPE *, which asks for all that there is (RFC 1035, section 3.2.3).
const ANY: u16 = 255;

/// A chain of CNAMEs that is being followed.
#[derive(Debug)]
pub(super) struct Chain {
    record_type: RecordType,
    /// Where it has come to.
    name: Name,
    /// The CNAMEs on it.
    records: Vec<Record>,
}

/// Where a message leads.
#[derive(Debug)]
pub(super) enum Step {
    End(End),
    /// To a name that the message does not speak of. The next question is for that.
    Onward,
}

/// What came of all questions.
#[derive(Debug)]
pub(super) struct End {
    pub(super) outcome: Outcome,
    pub(super) records: Vec<Record>,
    pub(super) name: Name,
    pub(super) ttl: u32,
}

impl Chain {
    pub(super) fn new(name: &Name, record_type: RecordType) -> Chain {
        Chain { record_type, name: name.clone(), records: Vec::new() }
    }

    /// Whether some of it is known.
    pub(super) fn has_begun(&self) -> bool {
        !self.records.is_empty()
    }

    /// The name to ask for next.
    pub(super) fn name(&self) -> &Name {
        &self.name
    }

    /// Goes as far as a message leads.
    ///
    /// # Errors
    /// What is wrong with the chain: it is a loop, or too long.
    pub(super) fn follow(&mut self, message: Message) -> Result<Step, String> {
        let from = self.records.len();
        let found = self.go_along(&message)?;
        if message.rcode == Rcode::NAME_ERROR {
            return Ok(self.end_without(Outcome::NotFound, &message));
        }
        if found {
            return Ok(self.end_with(message.answers));
        }
        let is_onward = self.records.len() > from;
        if is_onward && self.negative_ttl(&message).is_none() {
            return Ok(Step::Onward);
        }
        Ok(self.end_without(Outcome::NoData, &message))
    }

    /// Follows the CNAMEs in a message, in whatever order they come. Whether there are records of the type at the end.
    fn go_along(&mut self, message: &Message) -> Result<bool, String> {
        loop {
            if message.answers.iter().any(|record| self.is_wanted(record)) {
                return Ok(true);
            }
            let next = message.answers.iter().find_map(|record| match &record.data {
                RecordData::Cname(target) if record.name == self.name => Some((record, target)),
                _ => None,
            });
            let Some((record, target)) = next else { return Ok(false) };
            self.hop(record, target)?;
        }
    }

    fn hop(&mut self, record: &Record, target: &Name) -> Result<(), String> {
        if *target == self.name || self.records.iter().any(|passed| passed.name == *target) {
            return Err(format!("its CNAME records lead back to {target}"));
        }
        if self.records.len() == MAX_HOPS {
            return Err(format!("more than {MAX_HOPS} CNAME records in a row, up to {target}"));
        }
        self.records.push(record.clone());
        self.name = target.clone();
        Ok(())
    }

    fn is_wanted(&self, record: &Record) -> bool {
        let is_of_type = self.record_type.code() == ANY || self.record_type == record.data.record_type();
        is_of_type && record.name == self.name
    }

    fn end_with(&mut self, answers: Vec<Record>) -> Step {
        let mut records = std::mem::take(&mut self.records);
        records.extend(answers.into_iter().filter(|record| self.is_wanted(record)));
        let ttl = records.iter().map(ttl_of).min().unwrap_or(0);
        self.end(Outcome::Found, records, ttl)
    }

    fn end_without(&mut self, outcome: Outcome, message: &Message) -> Step {
        let negative = self.negative_ttl(message).unwrap_or(0);
        let records = std::mem::take(&mut self.records);
        let ttl = records.iter().map(ttl_of).fold(negative, u32::min);
        self.end(outcome, records, ttl)
    }

    fn end(&self, outcome: Outcome, records: Vec<Record>, ttl: u32) -> Step {
        Step::End(End { outcome, records, name: self.name.clone(), ttl })
    }

    /// How long a "no" may be kept: RFC 2308, section 5. `None` without an SOA record of a zone in which the name lies: without one it may
    /// not be kept at all, and a chain that ends so is not a "no" yet.
    fn negative_ttl(&self, message: &Message) -> Option<u32> {
        message.authorities.iter().find_map(|record| match &record.data {
            RecordData::Soa(soa) if self.name.ends_with(&record.name) => {
                Some(ttl_of(record).min(limited(soa.minimum)))
            }
            _ => None,
        })
    }
}

impl End {
    pub(super) fn into_answer(self, server: SocketAddr, is_authentic: bool) -> Answer {
        let End { outcome, records, name, ttl } = self;
        Answer { outcome, records, name, ttl, server, is_authentic }
    }
}

/// Whether the message only says that its sender is not the one to ask about `name`: neither records nor a "no", from a server that does not
/// have the zone and either names others or asks none itself. The C library goes on to the next server then, too.
pub(super) fn is_lame(message: &Message, name: &Name) -> bool {
    let has = |is: fn(&RecordData) -> bool| message.authorities.iter().any(|record| is(&record.data));
    message.rcode == Rcode::NO_ERROR
        && !message.answers.iter().any(|record| record.name == *name)
        && !message.is_authoritative
        && !has(|data| matches!(data, RecordData::Soa(_)))
        && (has(|data| matches!(data, RecordData::Ns(_))) || !message.recursion_available)
}

fn ttl_of(record: &Record) -> u32 {
    limited(record.ttl)
}

/// With the highest bit set it is as good as 0: RFC 2181, section 8.
fn limited(ttl: u32) -> u32 {
    if ttl > i32::MAX.unsigned_abs() { 0 } else { ttl }
}

#[cfg(test)]
mod tests;
