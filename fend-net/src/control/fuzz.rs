//! The parser against bytes that no kernel writes, and the builder against the parser.

use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::layout::{HEADER, header, message_at};
use super::*;

/// A million where that is quick, or is asked for.
fn cases() -> u32 {
    match std::env::var_os("FEND_TEST_FULL").is_some() || !cfg!(debug_assertions) {
        true => 1_000_000,
        false => 20_000,
    }
}

fn check<S: Strategy>(strategy: S, test: impl Fn(S::Value)) {
    let config = Config { cases: cases(), failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&strategy, |value| {
        test(value);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

/// Finds and reads all there is in `bytes`: how many messages. They lie in the buffer, in order, and apart.
fn parse(bytes: &[u8]) -> usize {
    let mut count = 0;
    let mut end = 0;
    let mut start = 0;
    while let Some(message) = message_at(bytes, start) {
        assert!(message.data.start >= end + HEADER && message.data.end >= message.data.start);
        assert!(message.next >= message.data.end && message.next <= bytes.len());
        assert!(message.next > start, "it goes on");
        (start, end) = (message.next, message.data.end);
        count += 1;
    }
    let mut data = 0;
    for message in RawControlMessages::new(bytes) {
        data += message.data.len();
        match ControlMessage::of_raw(message) {
            ControlMessage::Descriptors(descriptors) => assert!(descriptors.is_empty(), "made of bytes"),
            ControlMessage::PidFd(_) => panic!("made of bytes"),
            ControlMessage::Unknown { level, kind, data } => {
                assert_eq!((level, kind, &data[..]), (message.level, message.kind, message.data));
            }
            _ => {}
        }
    }
    assert!(data + count * HEADER <= bytes.len());
    assert_eq!(RawControlMessages::new(bytes).count(), count);
    count
}

/// Levels and kinds with a meaning, drawn by number.
const KNOWN: [(i32, i32); 24] = [
    (libc::SOL_SOCKET, libc::SCM_RIGHTS),
    (libc::SOL_SOCKET, SCM_PIDFD),
    (libc::SOL_SOCKET, libc::SCM_CREDENTIALS),
    (libc::SOL_SOCKET, libc::SO_RXQ_OVFL),
    (libc::SOL_SOCKET, libc::SCM_TIMESTAMP),
    (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS),
    (libc::SOL_SOCKET, libc::SCM_TIMESTAMPING),
    (libc::SOL_SOCKET, 63),
    (libc::SOL_SOCKET, 64),
    (libc::SOL_SOCKET, 65),
    (libc::IPPROTO_IP, libc::IP_PKTINFO),
    (libc::IPPROTO_IP, libc::IP_ORIGDSTADDR),
    (libc::IPPROTO_IP, libc::IP_TOS),
    (libc::IPPROTO_IP, libc::IP_TTL),
    (libc::IPPROTO_IP, libc::IP_RECVERR),
    (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO),
    (libc::IPPROTO_IPV6, libc::IPV6_ORIGDSTADDR),
    (libc::IPPROTO_IPV6, libc::IPV6_TCLASS),
    (libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT),
    (libc::IPPROTO_IPV6, libc::IPV6_RECVERR),
    (libc::SOL_UDP, libc::UDP_GRO),
    (libc::SOL_UDP, libc::UDP_SEGMENT),
    (0, 0),
    (-1, i32::MIN),
];

/// Bytes that are nearly control messages: known kinds, with lengths that are right, a little off, or absurd, at any offset
/// from a word's boundary. From a seed, which costs a tenth of what drawing each byte would.
fn forged(mut seed: u64) -> Vec<u8> {
    let mut next = move || {
        seed = seed.wrapping_mul(0xD134_2543_DE82_EF95).wrapping_add(0x9E37_79B9_7F4A_7C15);
        (seed ^ (seed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 16
    };
    let mut bytes = Vec::with_capacity(256);
    for _ in 0..next() % 5 {
        let (level, kind) = KNOWN[next() as usize % KNOWN.len()];
        let len = [0, 1, 3, 4, 8, 12, 16, 20, 28, 32, 44, 48][next() as usize % 12];
        let start = bytes.len();
        bytes.extend_from_slice(&header(level, kind, len));
        for _ in 0..len {
            // Families and small numbers at times, so that addresses and sizes are believed.
            bytes.push([next() as u8, 0, 2, 10][next() as usize % 4]);
        }
        match next() % 8 {
            0 => bytes[start..start + 8].copy_from_slice(&(next() % 64).to_ne_bytes()),
            1 => bytes[start..start + 8].copy_from_slice(&next().wrapping_neg().to_ne_bytes()),
            2 => bytes[start..start + 8].copy_from_slice(&(u64::MAX - next() % 32).to_ne_bytes()),
            _ => {}
        }
        bytes.resize(bytes.len().next_multiple_of(8), 0);
    }
    match next() % 4 {
        0 => bytes.truncate(next() as usize % (bytes.len() + 1)),
        1 => bytes.extend(next().to_ne_bytes()),
        _ => {}
    }
    bytes
}

#[test]
fn control_parser_survives_any_bytes() {
    check(proptest::collection::vec(any::<u8>(), 0..40), |bytes| _ = parse(&bytes));
}

#[test]
fn control_parser_survives_forged_messages() {
    let seen = std::cell::Cell::new([0_u64; 3]);
    check((any::<u64>(), 0..8_usize), |(seed, offset)| {
        let forged = forged(seed);
        // Any alignment: the bytes begin `offset` after a boundary, and end where their allocation ends.
        let mut bytes = vec![0; offset];
        bytes.extend_from_slice(&forged);
        bytes.shrink_to_fit();
        let count = parse(&bytes[offset..]);
        let mut counts = seen.get();
        counts[count.min(2)] += 1;
        seen.set(counts);
    });
    let [none, one, more] = seen.get();
    assert!(none > 0 && one > 0 && more > u64::from(cases() / 10), "{:?}: not worth its time", seen.get());
}

/// What can be pushed. Descriptors are that of standard error, which is open.
#[derive(Debug, Clone)]
enum Push {
    Descriptors(usize),
    Credentials(i32, u32, u32),
    PacketInfo(IpAddr, u32),
    Tos(u8),
    TrafficClass(u8),
    Ttl(u8),
    HopLimit(u8),
    SegmentSize(u16),
    Raw(i32, Vec<u8>),
}

fn push() -> impl Strategy<Value = Push> {
    prop_oneof![
        (0..4_usize).prop_map(Push::Descriptors),
        any::<(i32, u32, u32)>().prop_map(|(pid, uid, gid)| Push::Credentials(pid, uid, gid)),
        any::<(IpAddr, u32)>().prop_map(|(address, interface)| Push::PacketInfo(address, interface)),
        any::<u8>().prop_map(Push::Tos),
        any::<u8>().prop_map(Push::TrafficClass),
        any::<u8>().prop_map(Push::Ttl),
        any::<u8>().prop_map(Push::HopLimit),
        any::<u16>().prop_map(Push::SegmentSize),
        any::<(i32, Vec<u8>)>().prop_map(|(kind, data)| Push::Raw(kind, data)),
    ]
}

fn apply<'fd>(push: &Push, buffer: &mut ControlBuffer<'fd>, descriptor: BorrowedFd<'fd>) {
    match push {
        Push::Descriptors(count) => buffer.push_descriptors(&vec![descriptor; *count]).expect("few"),
        Push::Credentials(pid, uid, gid) => {
            buffer.push_credentials(Credentials { pid: *pid, uid: *uid, gid: *gid });
        }
        Push::PacketInfo(address, interface) => buffer.push_packet_info(*address, *interface),
        Push::Tos(tos) => buffer.push_tos(*tos),
        Push::TrafficClass(class) => buffer.push_traffic_class(*class),
        Push::Ttl(hops) => buffer.push_ttl(*hops),
        Push::HopLimit(hops) => buffer.push_hop_limit(*hops),
        Push::SegmentSize(bytes) => buffer.push_segment_size(*bytes),
        Push::Raw(kind, data) => buffer.push_raw(-7, *kind, data).expect("no descriptors"),
    }
}

fn assert_reads_as(message: RawControlMessage<'_>, push: &Push) {
    match (ControlMessage::of_raw(message), push) {
        (ControlMessage::Descriptors(owned), Push::Descriptors(count)) => {
            assert!(owned.is_empty());
            assert_eq!(message.data, std::io::stderr().as_fd().as_raw_fd().to_ne_bytes().repeat(*count));
        }
        (ControlMessage::Credentials(read), Push::Credentials(pid, uid, gid)) => {
            assert_eq!(read, Credentials { pid: *pid, uid: *uid, gid: *gid });
        }
        (ControlMessage::PacketInfo(read), Push::PacketInfo(address, interface)) => {
            assert_eq!((read.local, read.interface), (*address, *interface));
        }
        (ControlMessage::Tos(read), Push::Tos(tos) | Push::TrafficClass(tos)) => assert_eq!(read, *tos),
        (ControlMessage::Ttl(read), Push::Ttl(hops) | Push::HopLimit(hops)) => assert_eq!(read, *hops),
        (ControlMessage::Unknown { level, kind, data }, Push::SegmentSize(bytes)) => {
            assert_eq!(
                (level, kind, &data[..]),
                (libc::SOL_UDP, libc::UDP_SEGMENT, &bytes.to_ne_bytes()[..])
            );
        }
        (ControlMessage::Unknown { level, kind, data }, Push::Raw(raw_kind, raw)) => {
            assert_eq!((level, kind, &data), (-7, *raw_kind, raw));
        }
        (read, push) => panic!("{push:?} reads as {read:?}"),
    }
}

#[test]
fn control_builder_is_read_as_it_was_built() {
    let descriptor = std::io::stderr();
    let strategy = proptest::collection::vec(push(), 0..6);
    let config = Config { cases: cases() / 20, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&strategy, |pushes| {
            let mut buffer = ControlBuffer::new();
            pushes.iter().for_each(|push| apply(push, &mut buffer, descriptor.as_fd()));
            let mut messages = RawControlMessages::new(buffer.as_bytes());
            for push in pushes.iter().filter(|push| !matches!(push, Push::Descriptors(0))) {
                assert_reads_as(messages.next().expect("as many as were pushed"), push);
            }
            assert_eq!(messages.next(), None);
            Ok(())
        })
        .unwrap();
}

#[test]
fn control_messages_of_wrong_sizes_are_unknown() {
    for (level, kind) in KNOWN {
        for len in [0, 2, 3, 5, 7, 9, 11, 13, 15, 17, 19] {
            let data = vec![0; len];
            let message = RawControlMessage { level, kind, data: &data };
            match ControlMessage::of_raw(message) {
                ControlMessage::Unknown { data, .. } => assert_eq!(data.len(), len),
                // Part of a descriptor is none, and what follows an error's sixteen bytes is the offender, or is not.
                ControlMessage::Descriptors(none) => assert!(none.is_empty()),
                ControlMessage::ExtendedError(error) => assert!(len >= 16 && error.offender.is_none()),
                other => panic!("{other:?} of {len} bytes"),
            }
        }
    }
}
