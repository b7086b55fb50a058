//! Answers that break the format: an error at once, or the next server, and nothing worse.

use std::io;
use std::time::Duration;

use fend::dns::NameServer;

use crate::ask::{ask, builder, failed, soon};
use crate::lying::LyingServer;
use crate::message::{A, CNAME, Question, REAL, Reply, name, record};
use crate::scaled;

on_every_dispatcher!(
    no_malformed_answer_is_believed,
    after_a_malformed_answer_the_next_server_is_asked,
    a_name_of_255_bytes_is_good,
    shorter_than_a_header,
    damaged_answers_come_to_an_end,
);

/// A type of record that nobody understands.
const PRIVATE: u16 = 65_280;

const ADDRESS: [u8; 4] = [203, 0, 113, 66];

/// A pointer to a place in the message.
fn pointer(to: usize) -> Vec<u8> {
    u16::try_from(0xC000 | to).expect("within reach").to_be_bytes().to_vec()
}

/// An answer with these bytes in place of records.
fn answer(question: &Question, count: u16, records: &[u8]) -> Vec<u8> {
    let mut message = Reply::to(question).write();
    message[6..8].copy_from_slice(&count.to_be_bytes());
    message.extend_from_slice(records);
    message
}

/// Bytes without a pattern.
fn junk(length: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    };
    (0..length).map(|_| next()).collect()
}

/// A name of `labels` labels of 50 bytes.
fn long(labels: usize) -> Vec<u8> {
    let label = [&[50_u8][..], &[b'x'; 50]].concat();
    [label.repeat(labels), vec![0]].concat()
}

/// What is wrong, and the answer.
fn flawed(question: &Question) -> Vec<(&'static str, Vec<u8>)> {
    // Where the first record begins.
    let end = Reply::to(question).write().len();
    let one = |owner: &[u8], data: &[u8]| answer(question, 1, &record(owner, A, 60, data));
    let alias = |target: &[u8]| answer(question, 1, &record(&pointer(12), CNAME, 60, target));
    let whole = record(&pointer(12), A, 60, &ADDRESS);
    // Each points to the one before it.
    let ladder: Vec<u8> = (0..4000).flat_map(|step| pointer(end + 12 + 2 * step)).collect();
    let ladder = [
        record(&pointer(12), PRIVATE, 60, &[&[0, 0], &ladder[..]].concat()),
        record(&pointer(end + 8012), CNAME, 60, &pointer(12)),
    ]
    .concat();
    vec![
        ("a pointer to itself", one(&pointer(end), &ADDRESS)),
        ("two pointers to each other", one(&[pointer(end + 2), pointer(end)].concat(), &ADDRESS)),
        ("a label before a pointer to it", one(&[&[1, b'a'][..], &pointer(end)].concat(), &ADDRESS)),
        ("a forward pointer", one(&pointer(end + 12), &ADDRESS)),
        ("a pointer beyond the end", one(&pointer(0x3FFF), &ADDRESS)),
        ("a ladder of pointers", answer(question, 2, &ladder)),
        ("an alias that points to itself", alias(&pointer(end + 12))),
        ("an alias that points ahead", alias(&pointer(end + 14))),
        ("a name of 256 bytes", alias(&[&long(4)[..204], &[50], &[b'y'; 50], &[0]].concat())),
        ("a name of 1,021 bytes", alias(&long(20))),
        ("a label of a kind that is not", one(&[0x41, b'a', 0], &ADDRESS)),
        ("another one", one(&[0x80, b'a', 0], &ADDRESS)),
        ("an address of 3 bytes", one(&pointer(12), &ADDRESS[..3])),
        ("an address of 5 bytes", one(&pointer(12), &[1, 2, 3, 4, 5])),
        ("an address of none", one(&pointer(12), &[])),
        ("an alias of nothing", alias(&[])),
        ("an alias and more", alias(&[&name("a.example")[..], &[7]].concat())),
        ("a record that is cut off", answer(question, 1, &whole[..whole.len() - 1])),
        ("a record without its data", answer(question, 1, &whole[..12])),
        ("more records than there are", answer(question, 2, &whole)),
        ("65,535 records that are not there", answer(question, u16::MAX, &[])),
        ("junk", answer(question, u16::MAX, &junk(60_000))),
        ("junk up to 64 KiB", answer(question, 7, &junk(65_535 - end))),
        ("64 KiB of zeros", answer(question, u16::MAX, &vec![0; 65_535 - end])),
        ("64 KiB of pointers", answer(question, u16::MAX, &vec![0xC0; 65_535 - end])),
    ]
}

fn count_of_flaws() -> usize {
    let question =
        Question::read(&[&[0; 5][..], &[1], &[0; 6], &name("www.example"), &[0, 1, 0, 1]].concat());
    flawed(&question).len()
}

/// A server with one flaw. What does not fit into a datagram comes by TCP.
fn server(flaw: usize) -> LyingServer {
    LyingServer::start(move |asked, back| {
        let (_, message) = flawed(&asked.question).swap_remove(flaw);
        if message.len() > 1200 && !back.by_tcp() {
            back.send(&Reply::to(&asked.question).truncated());
        } else {
            back.send_bytes(&message);
        }
    })
}

fn what(flaw: usize, server: &LyingServer) -> &'static str {
    flawed(&server.asked()[0].question)[flaw].0
}

/// DN4. The limit of time is that of [`soon`], far below the resolver's.
async fn no_malformed_answer_is_believed() -> io::Result<()> {
    for flaw in 0..count_of_flaws() {
        let server = server(flaw);
        for name_server in [NameServer::new(server.address()), NameServer::tcp(server.address())] {
            let resolver = builder().name_server(name_server).build().map_err(failed)?;
            match soon(ask(&resolver, "www.example")).await {
                Ok(addresses) => panic!("{}: {addresses:?}", what(flaw, &server)),
                Err(error) => {
                    assert!(!error.is_timeout(), "{}: {error}", what(flaw, &server));
                    assert!(!error.is_not_found(), "{}: {error}", what(flaw, &server));
                    assert_eq!(error.server(), Some(server.address()), "{error}");
                }
            }
        }
    }
    Ok(())
}

/// DN4.
async fn after_a_malformed_answer_the_next_server_is_asked() -> io::Result<()> {
    let good = LyingServer::honest();
    for flaw in [0, 3, 8, 17, 21] {
        let bad = server(flaw);
        let resolver =
            builder().name_server(bad.address()).name_server(good.address()).build().map_err(failed)?;
        assert_eq!(
            soon(ask(&resolver, "www.example")).await.map_err(failed)?,
            [REAL],
            "{}",
            what(flaw, &bad)
        );
    }
    Ok(())
}

/// DN4: the longest that there may be.
async fn a_name_of_255_bytes_is_good() -> io::Result<()> {
    let longest = || [&long(4)[..204], &[49], &[b'y'; 49], &[0]].concat();
    assert_eq!(longest().len(), 255);
    let server = LyingServer::start(move |asked, back| {
        let records =
            [record(&pointer(12), CNAME, 60, &longest()), record(&longest(), A, 60, &REAL.octets())].concat();
        back.send_bytes(&answer(&asked.question, 2, &records));
    });
    let resolver = builder().name_server(server.address()).build().map_err(failed)?;
    assert_eq!(soon(ask(&resolver, "www.example")).await.map_err(failed)?, [REAL]);
    Ok(())
}

/// DN4: what cannot be told from a forger's datagram does no harm to the answer that follows.
async fn shorter_than_a_header() -> io::Result<()> {
    let server = LyingServer::start(|asked, back| {
        let message = crate::message::honest(&asked.question).write();
        for length in [0, 1, 2, 11, 12, 13, 20] {
            back.send_bytes(&message[..length]);
        }
        back.send_bytes(&message);
    });
    let resolver = builder().name_server(server.address()).build().map_err(failed)?;
    match soon(ask(&resolver, "www.example")).await {
        Ok(addresses) => assert_eq!(addresses, [REAL]),
        Err(error) => assert!(!error.is_timeout() && !error.is_not_found(), "{error}"),
    }
    Ok(())
}

/// DN4: good answers with bytes that were changed or cut off, by UDP and TCP. What is in them may have become another address, but each
/// lookup comes to its end.
async fn damaged_answers_come_to_an_end() -> io::Result<()> {
    let server = LyingServer::start(|asked, back| {
        let question = &asked.question;
        let alias = Reply::to(question).cname(&question.name, 60, "alias.example").soa("example", 60, 60);
        let mut message = alias.address("alias.example", 60, REAL).write();
        let seed = usize::from(question.id);
        let noise = junk(seed % 1000 + 10);
        for pair in noise.rchunks_exact(2).take(seed % 4) {
            let at = (usize::from(pair[0]) + seed) % message.len();
            // Of most, header and question stay whole.
            let at = if seed & 0x70 != 0 { at.max(12 + question.name.len() + 6) } else { at };
            message[at] ^= pair[1] | 1;
        }
        if seed & 0x700 == 0 {
            message.truncate(seed % message.len());
        }
        back.send_bytes(&message);
    });
    let resolver = builder()
        .name_server(server.address())
        .name_server(NameServer::tcp(server.address()))
        .timeout(Duration::from_millis(100))
        .cache_size(0_usize)
        .build()
        .map_err(failed)?;
    let lookups: Vec<_> = (0..scaled(1000, 10_000))
        .map(|number| {
            let resolver = resolver.clone();
            fend::spawn(async move { ask(&resolver, &format!("{number}.example")).await })
        })
        .collect();
    let mut good = 0;
    for lookup in lookups {
        good += usize::from(lookup.await.expect("no panic").is_ok_and(|addresses| addresses == [REAL]));
    }
    assert!(good > 0, "some are whole");
    Ok(())
}
