//! The addresses of one name: the questions for A and AAAA side by side, and what their answers come to together.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use fend_reactor::time::{Sleep, sleep};

use super::addresses::text;
use super::ask::{Ask, Stop};
use crate::cache::{Kept, Question};
use crate::error::{Cause, LookupError};
use crate::hints::Family;
use crate::name::Name;
use crate::native::Outcome;
use crate::record::{RecordData, RecordType};

/// Which addresses are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Families {
    pub(super) v4: bool,
    pub(super) v6: bool,
}

impl Families {
    pub(super) const BOTH: Families = Families { v4: true, v6: true };
    pub(super) const V4: Families = Families { v4: true, v6: false };
    pub(super) const NONE: Families = Families { v4: false, v6: false };

    pub(super) fn of(family: Family) -> Families {
        Families { v4: family != Family::V6, v6: family != Family::V4 }
    }

    pub(super) fn as_family(self) -> Family {
        match (self.v4, self.v6) {
            (true, false) => Family::V4,
            (false, true) => Family::V6,
            _ => Family::Any,
        }
    }

    pub(super) fn both(self, other: Families) -> Families {
        Families { v4: self.v4 && other.v4, v6: self.v6 && other.v6 }
    }

    pub(super) fn has(self, address: &SocketAddr) -> bool {
        if address.is_ipv4() { self.v4 } else { self.v6 }
    }

    pub(super) fn no_data(self, host: &str) -> LookupError {
        LookupError::new(host, self.no_data_cause())
    }

    fn no_data_cause(self) -> Cause {
        let text = match self.as_family() {
            Family::V4 => "no IPv4 address",
            Family::V6 => "no IPv6 address",
            Family::Any => "no address",
        };
        Cause::NoData(text.to_owned())
    }
}

/// How the questions are asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// One after the other, for name servers that mix two questions from one socket up.
    pub(super) single_request: bool,
    pub(super) canonical_name: bool,
    /// How long to wait for AAAA when A has come (RFC 8305, section 3); `None`: as long as it takes.
    pub(super) resolution_delay: Option<Duration>,
}

/// What was found: addresses with port 0, and the name where the chain of CNAMEs ended, when it was asked for.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) canonical: Option<String>,
}

/// The addresses of `name`, IPv4 first as in C, where the order of RFC 6724 leaves it open. An answer for one family is enough: what the
/// other question has failed with is then left out, as the C library does.
pub(super) async fn of_name<A: Ask>(
    asker: &A,
    name: &Name,
    families: Families,
    manner: Manner,
) -> Result<Found, Stop> {
    let (v6, v4) = ask(asker, name, families, manner).await;
    let mut answers = [None, None];
    let mut failure = None;
    for (answer, place) in [v4, v6].into_iter().flatten().zip(&mut answers) {
        match answer {
            Ok(kept) => *place = Some(kept),
            Err(Stop::Unknown) => return Err(Stop::Unknown),
            Err(Stop::Failed(error)) => failure = Some(error),
        }
    }
    let found = found(&answers, manner.canonical_name);
    found.ok_or_else(|| Stop::Failed(failure.unwrap_or_else(|| no(&answers, name, families))))
}

type Answered = Option<Result<Kept, Stop>>;

async fn ask<A: Ask>(asker: &A, name: &Name, families: Families, manner: Manner) -> (Answered, Answered) {
    let question = |record_type| Question { name: name.clone(), record_type };
    if families == Families::BOTH && !manner.single_request {
        let v6 = pin!(asker.ask(question(RecordType::Aaaa)));
        let v4 = pin!(asker.ask(question(RecordType::A)));
        let mut both =
            SideBySide { v6, v4, answers: (None, None), delay: manner.resolution_delay, patience: None };
        return poll_fn(|cx| both.poll(cx)).await;
    }
    let v4 = if families.v4 { Some(asker.ask(question(RecordType::A)).await) } else { None };
    let v6 = if families.v6 { Some(asker.ask(question(RecordType::Aaaa)).await) } else { None };
    (v6, v4)
}

struct SideBySide<'a, F6, F4> {
    v6: Pin<&'a mut F6>,
    v4: Pin<&'a mut F4>,
    answers: (Answered, Answered),
    delay: Option<Duration>,
    patience: Option<Sleep>,
}

impl<F6, F4> SideBySide<'_, F6, F4>
where
    F6: Future<Output = Result<Kept, Stop>>,
    F4: Future<Output = Result<Kept, Stop>>,
{
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<(Answered, Answered)> {
        poll_one(self.v6.as_mut(), &mut self.answers.0, cx);
        poll_one(self.v4.as_mut(), &mut self.answers.1, cx);
        let is_over = match &self.answers {
            (Some(_), Some(_)) => true,
            (None, Some(Ok(v4))) => v4.answer.outcome == Outcome::Found && self.delay_is_over(cx),
            _ => false,
        };
        match is_over {
            true => Poll::Ready((self.answers.0.take(), self.answers.1.take())),
            false => Poll::Pending,
        }
    }

    fn delay_is_over(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(delay) = self.delay else { return false };
        let patience = self.patience.get_or_insert_with(|| sleep(delay));
        Pin::new(patience).poll(cx).is_ready()
    }
}

fn poll_one<F: Future<Output = Result<Kept, Stop>>>(
    future: Pin<&mut F>,
    answer: &mut Answered,
    cx: &mut Context<'_>,
) {
    if answer.is_none() {
        if let Poll::Ready(value) = future.poll(cx) {
            *answer = Some(value);
        }
    }
}

type Answers = [Option<Kept>; 2];

fn found(answers: &Answers, canonical_name: bool) -> Option<Found> {
    let records = answers.iter().flatten().flat_map(|kept| &kept.answer.records);
    let addresses: Vec<SocketAddr> = records.filter_map(|record| address(&record.data)).collect();
    if addresses.is_empty() {
        return None;
    }
    let mut of_found = answers.iter().flatten().filter(|kept| kept.answer.outcome == Outcome::Found);
    let canonical = of_found.next().filter(|_| canonical_name).map(|kept| text(&kept.answer.name));
    Some(Found { addresses, canonical })
}

fn address(data: &RecordData) -> Option<SocketAddr> {
    match data {
        RecordData::A(address) => Some(SocketAddr::from((*address, 0))),
        RecordData::Aaaa(address) => Some(SocketAddr::from((*address, 0))),
        _ => None,
    }
}

/// Servers have answered, and all have said no. Without such a name there is none of either type; one NODATA says there is one.
fn no(answers: &Answers, name: &Name, families: Families) -> LookupError {
    let subject = name.to_string();
    let mut answers = answers.iter().flatten();
    let first = answers.clone().next();
    let exists = answers.find(|kept| kept.answer.outcome != Outcome::NotFound);
    match (exists, first) {
        (Some(kept), _) => LookupError::of_server(subject, kept.answer.server, families.no_data_cause()),
        (None, Some(kept)) => LookupError::of_server(subject, kept.answer.server, Cause::NotFound),
        (None, None) => families.no_data(&subject),
    }
}
