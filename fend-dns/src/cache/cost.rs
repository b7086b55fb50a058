//! About how many bytes an answer takes that is kept.

use std::mem::size_of;

use super::Question;
use crate::name::Name;
use crate::native::Answer;
use crate::record::{Record, RecordData};

/// What the allocator adds to each allocation, about.
const ALLOCATION: usize = 16;

/// A place in the hash map (key, value, control byte), at the half load that follows a growth, and one in the list of free slots.
const MAP_PLACE: usize = 2 * (size_of::<usize>() * 2 + 1) + size_of::<usize>();

/// The two counts in front of what an `Arc` holds.
const ARC: usize = 2 * size_of::<usize>() + ALLOCATION;

/// Of question and answer; the slot itself is the cache's to add.
pub(super) fn of(question: &Question, answer: &Answer) -> usize {
    let question = ARC + size_of::<Question>() + name(&question.name);
    let records: usize = answer.records.iter().map(record).sum();
    let list = bytes(answer.records.capacity().saturating_sub(answer.records.len()) * size_of::<Record>());
    MAP_PLACE + question + ARC + size_of::<Answer>() + name(&answer.name) + list + records
}

fn record(record: &Record) -> usize {
    let data = match &record.data {
        RecordData::A(_) | RecordData::Aaaa(_) => 0,
        RecordData::Cname(target) | RecordData::Ns(target) | RecordData::Ptr(target) => name(target),
        RecordData::Mx(mx) => name(&mx.exchange),
        RecordData::Txt(txt) => pieces(txt.strings.iter().map(|string| string.len()), size_of::<Box<[u8]>>()),
        RecordData::Srv(srv) => name(&srv.target),
        RecordData::Soa(soa) => name(&soa.primary) + name(&soa.mailbox),
        RecordData::Caa(caa) => bytes(caa.tag.len()) + bytes(caa.value.len()),
        RecordData::Svcb(svcb) | RecordData::Https(svcb) => {
            let parameters = svcb.parameters.iter().map(|(_, value)| value.len());
            name(&svcb.target) + pieces(parameters, size_of::<(u16, Box<[u8]>)>())
        }
        RecordData::Other(_, data) => bytes(data.len()),
    };
    size_of::<Record>() + name(&record.name) + data
}

fn name(name: &Name) -> usize {
    bytes(name.as_wire().len())
}

fn bytes(length: usize) -> usize {
    length + ALLOCATION
}

/// A list of pieces of these lengths, each with so much in the list itself.
fn pieces(lengths: impl Iterator<Item = usize>, each: usize) -> usize {
    ALLOCATION + lengths.map(|length| each + bytes(length)).sum::<usize>()
}
