//! Answers that are not the server's, or not to the question: none of them counts, and the real one still does.

use std::io;
use std::net::UdpSocket;

use fend::dns::NameServer;

use crate::ask::{ask, builder, failed, resolver, soon};
use crate::lying::{Asked, Back, LyingServer};
use crate::message::{NXDOMAIN, REAL, Reply, honest, lie, name};

on_every_dispatcher!(
    the_server_itself_is_understood,
    an_answer_with_another_id_is_ignored,
    an_answer_to_another_question_is_ignored,
    an_answer_from_another_port_is_ignored,
    an_answer_from_another_address_is_ignored,
    a_question_in_place_of_an_answer_is_ignored,
    an_answer_to_another_operation_is_ignored,
    all_lies_together_are_ignored,
    a_lie_by_tcp_is_never_believed,
    a_no_with_another_id_is_ignored,
    an_answer_in_another_case_is_ignored_when_case_is_mixed,
    an_answer_in_another_case_will_do_when_case_is_not_mixed,
);

type Lie = fn(&Asked, &Back);

fn other_id(asked: &Asked, back: &Back) {
    for distance in [1, u16::MAX, 0x8000, 0x0100] {
        back.send(&Reply { id: asked.question.id.wrapping_add(distance), ..lie(&asked.question) });
    }
}

fn other_question(asked: &Asked, back: &Back) {
    let question = &asked.question;
    for (name, record_type, class) in [
        (name("other.example"), question.record_type, question.class),
        // Longer and shorter by a label.
        (name(&format!("www.{}", question.name)), question.record_type, question.class),
        (name("example"), question.record_type, question.class),
        (name(&question.name), question.record_type + 1, question.class),
        (name(&question.name), question.record_type, 3),
    ] {
        back.send(&Reply { question: Some((name, record_type, class)), ..lie(question) });
    }
    back.send(&Reply { question: None, ..lie(question) });
}

fn other_port(asked: &Asked, back: &Back) {
    let elsewhere = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    back.send_from(&elsewhere, &lie(&asked.question).write());
}

fn other_operation(asked: &Asked, back: &Back) {
    for opcode in [1, 2, 4, 5, 15] {
        back.send(&Reply { opcode, ..lie(&asked.question) });
    }
}

fn no_answer_at_all(asked: &Asked, back: &Back) {
    back.send(&Reply { is_response: false, ..lie(&asked.question) });
}

/// Lies to each question, and then tells the truth.
fn liar(lies: &'static [Lie]) -> LyingServer {
    LyingServer::start(move |asked, back| {
        lies.iter().for_each(|lie| lie(asked, back));
        back.send(&honest(&asked.question));
    })
}

async fn sees_through(lies: &'static [Lie]) -> io::Result<()> {
    let server = liar(lies);
    let resolver = resolver(&server);
    assert_eq!(soon(ask(&resolver, "www.example")).await.map_err(failed)?, [REAL]);
    assert_eq!(server.count(), 1, "asked once: {:?}", server.asked());
    // From the cache.
    assert_eq!(ask(&resolver, "www.example").await.map_err(failed)?, [REAL]);
    assert_eq!(server.count(), 1);
    Ok(())
}

/// What the tests of this binary rest upon, without a resolver.
async fn the_server_itself_is_understood() -> io::Result<()> {
    let server = liar(&[other_id]);
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let mut question = [&[0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], &name("wWw.example")].concat();
    question.extend_from_slice(&[0, 1, 0, 1]);
    socket.send_to(&question, server.address())?;
    let mut buf = [0; 512];
    let mut answers = Vec::new();
    for _ in 0..5 {
        let (length, from) = socket.recv_from(&mut buf)?;
        assert_eq!(from, server.address());
        answers.push(buf[..length].to_vec());
    }
    assert_eq!(answers[0][..2], [0xab, 0xce]);
    let real = &answers[4];
    assert_eq!(real[..12], [0xab, 0xcd, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
    assert_eq!(real[12..question.len()], question[12..]);
    assert_eq!(
        real[question.len()..],
        *[&name("wWw.example")[..], &[0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1]].concat()
    );
    server.was_asked(1).await;
    let asked = &server.asked()[0];
    assert_eq!((&asked.question.name[..], asked.question.edns, asked.by_tcp), ("wWw.example", None, false));
    assert_eq!(asked.from, socket.local_addr()?);
    Ok(())
}

/// DN1.
async fn an_answer_with_another_id_is_ignored() -> io::Result<()> {
    sees_through(&[other_id]).await
}

/// DN1.
async fn an_answer_to_another_question_is_ignored() -> io::Result<()> {
    sees_through(&[other_question]).await
}

/// DN1.
async fn an_answer_from_another_port_is_ignored() -> io::Result<()> {
    sees_through(&[other_port]).await
}

/// DN1.
async fn an_answer_from_another_address_is_ignored() -> io::Result<()> {
    let server = LyingServer::start(|asked, back| {
        // The same port, of another address.
        let elsewhere = UdpSocket::bind(("127.0.0.2", asked.to.port())).expect("all of 127/8 is ours");
        back.send_from(&elsewhere, &lie(&asked.question).write());
        back.send(&honest(&asked.question));
    });
    assert_eq!(soon(ask(&resolver(&server), "www.example")).await.map_err(failed)?, [REAL]);
    assert_eq!(server.count(), 1);
    Ok(())
}

/// DN1.
async fn a_question_in_place_of_an_answer_is_ignored() -> io::Result<()> {
    sees_through(&[no_answer_at_all]).await
}

/// DN1.
async fn an_answer_to_another_operation_is_ignored() -> io::Result<()> {
    sees_through(&[other_operation]).await
}

/// DN1.
async fn all_lies_together_are_ignored() -> io::Result<()> {
    sees_through(&[other_port, other_id, no_answer_at_all, other_question, other_operation, other_id]).await
}

/// DN1. By TCP only the server can write: it may be given up as broken, but what it says to others is no answer.
async fn a_lie_by_tcp_is_never_believed() -> io::Result<()> {
    let lies: [Lie; 4] = [other_id, other_question, other_operation, no_answer_at_all];
    for told in lies {
        let server = LyingServer::start(move |asked, back| {
            told(asked, back);
            back.send(&honest(&asked.question));
        });
        let resolver = builder().name_server(NameServer::tcp(server.address())).build().map_err(failed)?;
        match soon(ask(&resolver, "www.example")).await {
            Ok(addresses) => assert_eq!(addresses, [REAL]),
            Err(error) => assert_eq!(error.server(), Some(server.address()), "{error}"),
        }
    }
    Ok(())
}

/// DN1: a forged "no" would do as much harm as a forged address.
async fn a_no_with_another_id_is_ignored() -> io::Result<()> {
    sees_through(&[|asked, back| {
        let no = Reply::to(&asked.question).rcode(NXDOMAIN).soa("example", 60, 60);
        back.send(&Reply { id: asked.question.id ^ 1, ..no });
    }])
    .await
}

/// Long enough that no mixing leaves it in lower case: 2^-40.
const LONG_NAME: &str = "abcdefghijklmnopqrst.uvwxyzabcdefghijklmn.example";

fn flip_case(text: &str) -> String {
    let flip = |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    text.chars().map(flip).collect()
}

/// DN1, 0x20.
async fn an_answer_in_another_case_is_ignored_when_case_is_mixed() -> io::Result<()> {
    let server = LyingServer::start(|asked, back| {
        let question = &asked.question;
        for other in [question.name.to_ascii_lowercase(), flip_case(&question.name)] {
            let question = Some((name(&other), question.record_type, question.class));
            back.send(&Reply { question, ..lie(&asked.question) });
        }
        back.send(&honest(question));
    });
    let resolver =
        builder().name_server(server.address()).mix_case(true).cache_size(0_usize).build().map_err(failed)?;
    for _ in 0..2 {
        assert_eq!(soon(ask(&resolver, LONG_NAME)).await.map_err(failed)?, [REAL]);
    }
    let asked = server.questions();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(asked.iter().all(|asked| asked.question.is_for(LONG_NAME)));
    assert_ne!(asked[0].question.name, LONG_NAME);
    assert_ne!(asked[0].question.name, asked[1].question.name, "mixed anew each time");
    Ok(())
}

async fn an_answer_in_another_case_will_do_when_case_is_not_mixed() -> io::Result<()> {
    let server = LyingServer::replying(|question| {
        let shouted = question.name.to_ascii_uppercase();
        let repeated = Some((name(&shouted), question.record_type, question.class));
        Reply { question: repeated, ..Reply::to(question) }.address(&shouted, 60, REAL)
    });
    let addresses = soon(ask(&resolver(&server), LONG_NAME)).await.map_err(failed)?;
    assert_eq!(addresses, [REAL]);
    assert_eq!(server.asked()[0].question.name, LONG_NAME, "asked as it was given");
    Ok(())
}
