//! DN4: 64 KiB of the worst. Each of these messages is made to cost as much as it can: time, or memory.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::{MOST_MEMORY, Message};
use super::{Bytes, QUESTION};
use crate::record::{Record, RecordData};

const MOST: usize = u16::MAX as usize;

/// What reading may take. A debug build is many times slower.
const LIMIT: Duration =
    if cfg!(debug_assertions) { Duration::from_millis(50) } else { Duration::from_millis(1) };

/// Records of one type that fill a message, their names and the ends of their data pointers to `target`.
fn records(mut bytes: Bytes, target: usize, record_type: u16, data: &[u8], pointers: usize) -> Bytes {
    let length = 12 + data.len() + 2 * pointers;
    while bytes.0.len() + length <= MOST {
        let mut data = data.to_vec();
        for _ in 0..pointers {
            data.extend_from_slice(&(0xC000 | target as u16).to_be_bytes());
        }
        bytes.pointer(target);
        bytes.record(record_type, 1, 0, &data);
    }
    bytes
}

/// A message that holds a record of no known type with these bytes, from [`START`] on, and leaves its counts as high as can be.
fn behind(bytes: &[u8]) -> Bytes {
    let mut message = Bytes::response([0, u16::MAX, 0, 0]);
    message.0.push(0);
    message.record(65280, 1, 0, bytes);
    message
}

const START: usize = QUESTION + 11;

/// A name of the most labels, of which each but the last is followed by a pointer to the next. The last one, which is the first of the
/// name, starts at the second value.
fn labels_with_pointers() -> (Vec<u8>, usize) {
    let mut bytes = b"\x01a\0".to_vec();
    let mut last = START;
    for _ in 1..127 {
        let next = START + bytes.len();
        bytes.extend_from_slice(b"\x01a");
        bytes.extend_from_slice(&(0xC000 | last as u16).to_be_bytes());
        last = next;
    }
    (bytes, last)
}

fn bare_pointers() -> (Vec<u8>, usize) {
    let mut bytes = vec![0];
    let mut last = START;
    for _ in 0..126 {
        let next = START + bytes.len();
        bytes.extend_from_slice(&(0xC000 | last as u16).to_be_bytes());
        last = next;
    }
    (bytes, last)
}

fn long_labels() -> (Vec<u8>, usize) {
    let label = [&[63][..], &[b'a'; 63]].concat();
    ([&label[..], &label, &label, &[61], &[b'a'; 61], &[0]].concat(), START)
}

fn short_labels() -> (Vec<u8>, usize) {
    ([b"\x01a".repeat(127), vec![0]].concat(), START)
}

fn svcb_keys(keys: u16) -> Vec<u8> {
    let mut data = b"\0\x01\0".to_vec();
    for key in 7..7 + keys {
        data.extend_from_slice(&key.to_be_bytes());
        data.extend_from_slice(&[0, 0]);
    }
    data
}

fn worst_messages() -> Vec<(String, Bytes)> {
    let mut worst = Vec::new();
    let names = [
        ("labels with pointers", labels_with_pointers()),
        ("bare pointers", bare_pointers()),
        ("long labels", long_labels()),
        ("short labels", short_labels()),
    ];
    for (what, (bytes, target)) in names {
        for (record_type, data, pointers) in
            [(1, &[0; 4][..], 0), (65280, b"", 0), (2, b"", 1), (15, &[0; 2], 1)]
        {
            let message = records(behind(&bytes), target, record_type, data, pointers);
            worst.push((format!("type {record_type} and {what}"), message));
        }
    }
    for count in [1, 250, 1000, 16_000, 32_000, 65_000] {
        worst.push((
            format!("TXT, {count} empty strings"),
            records(behind(&[0]), START, 16, &vec![0; count], 0),
        ));
        let strings = b"\x01a".repeat(count / 2 + 1);
        worst.push((format!("TXT, {count}/2 strings"), records(behind(&[0]), START, 16, &strings, 0)));
    }
    for keys in [1, 100, 16_000] {
        worst.push((format!("SVCB, {keys} keys"), records(behind(&[0]), START, 64, &svcb_keys(keys), 0)));
    }
    // In the question there may be as many names as in the rest.
    let mut questions = Bytes::response([u16::MAX, 0, 0, 0]);
    questions.0.resize(MOST, 0);
    worst.push(("questions".to_owned(), questions));
    worst
}

fn memory(records: &[Record]) -> usize {
    let data = |data: &RecordData| match data {
        RecordData::A(_) | RecordData::Aaaa(_) => 0,
        RecordData::Cname(name) | RecordData::Ns(name) | RecordData::Ptr(name) => name.as_wire().len(),
        RecordData::Mx(mx) => mx.exchange.as_wire().len(),
        RecordData::Srv(srv) => srv.target.as_wire().len(),
        RecordData::Soa(soa) => soa.primary.as_wire().len() + soa.mailbox.as_wire().len(),
        RecordData::Txt(txt) => size_of::<Box<[u8]>>() * txt.strings.capacity() + txt.to_bytes().len(),
        RecordData::Caa(caa) => caa.tag.capacity() + caa.value.len(),
        RecordData::Svcb(svcb) | RecordData::Https(svcb) => {
            let values: usize = svcb.parameters.iter().map(|(_, value)| value.len()).sum();
            values + svcb.target.as_wire().len() + size_of::<(u16, Box<[u8]>)>() * svcb.parameters.capacity()
        }
        RecordData::Other(_, bytes) => bytes.len(),
    };
    records.iter().map(|record| record.name.as_wire().len() + data(&record.data)).sum()
}

fn memory_of(message: &Message) -> usize {
    let lists = message.answers.capacity() + message.authorities.capacity();
    size_of::<Record>() * lists + memory(&message.answers) + memory(&message.authorities)
}

/// The least of many attempts, up to the first that is in time: other programs are at work too.
fn time_of(bytes: &[u8]) -> Duration {
    let attempt = || {
        let start = Instant::now();
        let result = Message::parse(bytes);
        drop(std::hint::black_box(result));
        start.elapsed()
    };
    let mut least = attempt();
    for _ in 0..50 {
        if least >= LIMIT {
            least = least.min(attempt());
        }
    }
    least
}

// DN4.
#[test]
fn the_worst_message_is_read_in_time() {
    let mut slow = Vec::new();
    for (what, bytes) in worst_messages() {
        assert!(bytes.0.len() <= MOST);
        let time = time_of(&bytes.0);
        eprintln!("{time:>10.1?} {what}: {}", bytes.parse().map(|_| ()).unwrap_err());
        if time >= LIMIT {
            slow.push((what, time));
        }
    }
    assert!(slow.is_empty(), "{slow:?}");
}

/// The same messages, cut so that they can be read: as many records as the steps allow.
// DN4.
#[test]
fn the_worst_message_takes_bounded_memory() {
    let mut most = 0;
    for (what, mut bytes) in worst_messages() {
        let mut count = 0_u16;
        for bit in (0..16).rev() {
            let more = count | 1 << bit;
            bytes.0[6..8].copy_from_slice(&more.to_be_bytes());
            if bytes.parse().is_ok() {
                count = more;
            }
        }
        bytes.0[6..8].copy_from_slice(&count.to_be_bytes());
        let Ok(message) = bytes.parse() else { continue };
        let memory = memory_of(&message);
        eprintln!("{memory:>10} {what}: {count}");
        assert!(memory < MOST_MEMORY, "{what}: {memory}");
        most = most.max(memory);
    }
    // The messages above are bad enough.
    assert!(most > MOST_MEMORY / 2, "{most}");
}

/// What a server may well send in 64 KiB is read, however much it is.
#[test]
fn steps_are_enough_for_real_messages() {
    let address = crate::Name::reverse("2001:db8::1".parse().unwrap()).to_string();
    for (name, record_type, data) in [
        (&address[..], 12, &b"\x04host\x04sub1\x03net\x07example\x03org\0"[..]),
        ("a.host.of.many.addresses.example.org", 1, &[0; 4]),
        ("a.host.of.many.addresses.example.org", 28, &[0; 16]),
        ("_sip._tcp.example.org", 33, b"\0\0\0\0\0\0\x04host\x03net\x07example\x03org\0"),
    ] {
        let mut bytes = Bytes::response([1, 0, 0, 0]);
        bytes.question(name, record_type);
        let start = bytes.0.len();
        let mut bytes = records(bytes, QUESTION, record_type, data, 0);
        let count = (bytes.0.len() - start) / (12 + data.len());
        bytes.0[6..8].copy_from_slice(&(count as u16).to_be_bytes());
        assert_eq!(bytes.parse().unwrap().answers.len(), count, "{record_type}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    // DN4.
    #[test]
    fn random_bytes_are_no_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..MOST), is_response: bool) {
        if is_response && bytes.len() > 12 {
            bytes[2..12].copy_from_slice(b"\x81\x80\0\0\xFF\xFF\xFF\xFF\xFF\xFF");
        }
        let _ = Message::parse(&bytes);
        let _ = Message::parse_question(&bytes);
    }

    /// A real message in which a few bytes are others.
    #[test]
    fn broken_messages_are_no_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = super::messages::real_answer().0;
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(message) = Message::parse(&bytes) {
            for record in message.answers.iter().chain(&message.authorities) {
                prop_assert!(!record.to_string().is_empty());
            }
        }
    }
}
