//! What the fuzzer of `fend-dns/fuzz` calls: it is only there when built by `.ci/fuzz`.
//!
//! Whatever a message holds, reading it must not panic, and what has been read must keep the promises of its types. Time and memory
//! are watched by the fuzzer itself.

use crate::name::{MAX_NAME, Name};
use crate::record::{Record, RecordData};
use crate::wire::{Message, Query, mix_case};

/// Reads bytes as a message, and holds what it has read against the promises of its types.
///
/// # Panics
///
/// If one is broken.
pub fn message(bytes: &[u8]) {
    let question = Message::parse_question(bytes);
    let Ok(message) = Message::parse(bytes) else { return };
    let question = question.expect("the whole message has been read").question;
    assert_eq!(question.is_some(), message.question_count > 0);
    if let Some(question) = &question {
        name(&question.name);
        ask(&question.name);
    }
    // A record has at least 11 bytes. To look at a few takes less time.
    assert!(message.answers.len() + message.authorities.len() <= bytes.len() / 11);
    message.answers.iter().chain(&message.authorities).take(100).for_each(record);
}

fn name(name: &Name) {
    assert!((1..=MAX_NAME).contains(&name.as_wire().len()));
    let text = name.to_string();
    assert!(text.is_ascii() && text.ends_with('.') && text.bytes().all(|byte| (b'!'..=b'~').contains(&byte)));
    assert!(text.parse::<Name>().is_ok_and(|read| read.eq_exact(name)), "{text}");
    assert!(name.to_lowercase() == *name && name.cmp(name).is_eq());
    let above: Vec<Name> = std::iter::successors(name.parent(), Name::parent).collect();
    assert_eq!(above.len(), name.labels().count());
    assert!(above.iter().all(|zone| name.ends_with(zone) && zone < name && !zone.ends_with(name)));
}

/// A question for a name of the message, which must be read as it was asked.
fn ask(name: &Name) {
    let name = mix_case(name, &[0x5A; 32]);
    let mut out = Vec::new();
    Query { id: 7, name: &name, record_type: 28.into(), edns: Some(1232), want_authentic: true }
        .encode(&mut out);
    let question = Message::parse(&out).expect("it is well-formed").question.expect("it has one");
    assert!(question.name.eq_exact(&name));
}

fn record(record: &Record) {
    assert!(record.ttl <= i32::MAX as u32);
    name(&record.name);
    names(&record.data);
    let text = record.to_string();
    assert!(text.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte)), "{text}");
}

fn names(data: &RecordData) {
    match data {
        RecordData::Cname(target) | RecordData::Ns(target) | RecordData::Ptr(target) => name(target),
        RecordData::Mx(mx) => name(&mx.exchange),
        RecordData::Srv(srv) => name(&srv.target),
        RecordData::Soa(soa) => [&soa.primary, &soa.mailbox].into_iter().for_each(name),
        RecordData::Svcb(svcb) | RecordData::Https(svcb) => {
            name(&svcb.target);
            assert!(svcb.parameters.is_sorted_by_key(|(key, _)| *key));
        }
        RecordData::Txt(txt) => assert!(!txt.strings.is_empty()),
        RecordData::A(_) | RecordData::Aaaa(_) | RecordData::Caa(_) | RecordData::Other(..) => {}
    }
}
