//! EDNS0: what questions announce, and servers that do not understand it.

use std::io;

use crate::ask::{ask, builder, failed, resolver, soon};
use crate::lying::LyingServer;
use crate::message::{FORMERR, NOTIMP, REAL, Reply, honest};

on_every_dispatcher!(
    a_size_is_announced,
    a_server_that_does_not_understand_is_asked_plainly,
    the_answer_may_say_that_it_is_authentic,
);

async fn a_size_is_announced() -> io::Result<()> {
    let server = LyingServer::honest();
    for (edns, announced) in [(None, None), (Some(1400), Some(1400))] {
        let resolver = builder().name_server(server.address()).edns(edns).build().map_err(failed)?;
        ask(&resolver, "www.example").await.map_err(failed)?;
        assert_eq!(server.asked().last().expect("asked").question.edns, announced);
    }
    ask(&resolver(&server), "www.example").await.map_err(failed)?;
    let question = server.asked().pop().expect("asked").question;
    assert_eq!(question.edns, Some(1232));
    assert!(question.recursion_desired && question.class == 1, "{question:?}");
    Ok(())
}

/// As servers of before 1999, and filters since.
async fn a_server_that_does_not_understand_is_asked_plainly() -> io::Result<()> {
    let mut same = (0, 0);
    for (code, repeats) in [(FORMERR, true), (FORMERR, false), (NOTIMP, true)] {
        let server = LyingServer::replying(move |question| {
            if question.edns.is_none() {
                return honest(question);
            }
            let reply = Reply::to(question).rcode(code);
            if repeats { reply } else { Reply { question: None, ..reply } }
        });
        let resolver = resolver(&server);
        assert_eq!(soon(ask(&resolver, "www.example")).await.map_err(failed)?, [REAL]);
        let asked = server.questions();
        assert_eq!(
            asked.iter().map(|asked| asked.question.edns.is_some()).collect::<Vec<_>>(),
            [true, false]
        );
        same.0 += usize::from(asked[0].question.id == asked[1].question.id);
        same.1 += usize::from(asked[0].from.port() == asked[1].from.port());
    }
    // Both are random, and may be the same once.
    assert!(same.0 < 3 && same.1 < 3, "ids and ports: {same:?} times the same of 3");
    Ok(())
}

async fn the_answer_may_say_that_it_is_authentic() -> io::Result<()> {
    use fend::dns::RecordType;
    let server = LyingServer::replying(|question| Reply { is_authentic: true, ..honest(question) });
    for trusted in [false, true] {
        let resolver = builder().name_server(server.address()).trust_ad(trusted).build().map_err(failed)?;
        let records = resolver.records("www.example", RecordType::A).await.map_err(failed)?;
        assert_eq!(records.is_authentic(), trusted);
        assert_eq!(server.asked().last().expect("asked").question.authentic_data, trusted);
    }
    Ok(())
}
