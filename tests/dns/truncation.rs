//! Answers that do not fit into a datagram.

use std::io;
use std::net::Ipv4Addr;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use fend::dns::NameServer;

use crate::ask::{SOON, ask, builder, failed, resolver, soon};
use crate::lying::{Asked, LyingServer};
use crate::message::{REAL, Reply, honest, lie};

on_every_dispatcher!(
    what_was_truncated_is_asked_for_by_tcp,
    a_large_answer_comes_whole_by_tcp,
    where_tcp_is_refused_the_truncated_answer_is_not_used,
    where_tcp_is_refused_the_next_server_is_asked,
    a_slow_answer_by_tcp_ends_at_the_deadline,
    an_answer_by_tcp_that_is_cut_off_is_none,
    an_answer_that_is_truncated_by_tcp_too_is_none,
    a_datagram_that_is_larger_than_was_announced_is_used_whole_or_not_at_all,
    what_was_not_asked_for_on_a_connection_is_ignored,
    what_came_on_a_connection_that_waited_is_ignored,
    an_empty_message_by_tcp_does_no_harm,
    a_connection_serves_many_questions,
    a_connection_that_the_server_has_closed_is_made_anew,
);

/// DN3.
async fn what_was_truncated_is_asked_for_by_tcp() -> io::Result<()> {
    let server = LyingServer::start(|asked, back| {
        let reply = if asked.by_tcp { honest(&asked.question) } else { lie(&asked.question).truncated() };
        back.send(&reply);
    });
    let resolver = resolver(&server);
    for _ in 0..2 {
        // The second time out of the cache.
        assert_eq!(soon(ask(&resolver, "www.example")).await.map_err(failed)?, [REAL]);
        let asked = server.questions();
        assert_eq!(asked.iter().map(|asked| asked.by_tcp).collect::<Vec<_>>(), [false, true]);
    }
    Ok(())
}

/// DN3.
async fn a_large_answer_comes_whole_by_tcp() -> io::Result<()> {
    const COUNT: u32 = 1500;
    let addresses =
        || (0..COUNT).map(|number| Ipv4Addr::from_bits(Ipv4Addr::new(10, 0, 0, 0).to_bits() + number));
    let server = LyingServer::start(move |asked, back| {
        if !asked.by_tcp {
            return back.send(&lie(&asked.question).truncated());
        }
        let empty = Reply::to(&asked.question);
        back.send(&addresses().fold(empty, |reply, address| reply.address("l.example", 60, address)));
    });
    let mut found = soon(ask(&resolver(&server), "l.example")).await.map_err(failed)?;
    found.sort_unstable();
    assert!(addresses().eq(found.iter().copied()), "{} addresses", found.len());
    Ok(())
}

/// DN3.
async fn where_tcp_is_refused_the_truncated_answer_is_not_used() -> io::Result<()> {
    let server = LyingServer::without_tcp(|asked, back| back.send(&lie(&asked.question).truncated()));
    let resolver = resolver(&server);
    for attempt in 1..=2 {
        let error = soon(ask(&resolver, "www.example")).await.unwrap_err();
        assert_eq!(error.server(), Some(server.address()), "{error}");
        assert!(!error.is_no_data() && !error.is_not_found(), "{error}");
        assert!(server.count() >= attempt, "nothing of it was kept");
    }
    Ok(())
}

/// DN3.
async fn where_tcp_is_refused_the_next_server_is_asked() -> io::Result<()> {
    let broken = LyingServer::without_tcp(|asked, back| back.send(&lie(&asked.question).truncated()));
    let good = LyingServer::honest();
    let resolver =
        builder().name_server(broken.address()).name_server(good.address()).build().map_err(failed)?;
    assert_eq!(soon(ask(&resolver, "www.example")).await.map_err(failed)?, [REAL]);
    Ok(())
}

/// DN3.
async fn a_slow_answer_by_tcp_ends_at_the_deadline() -> io::Result<()> {
    let limit = Duration::from_millis(300);
    let server = LyingServer::start(move |asked, back| {
        if asked.by_tcp {
            // For more than a minute, with a byte well within each limit.
            back.trickle(&honest(&asked.question).write(), Duration::from_millis(100));
            back.trickle(&[0; 600], Duration::from_millis(100));
        } else {
            back.send(&lie(&asked.question).truncated());
        }
    });
    let resolver = builder().name_server(server.address()).timeout(limit).build().map_err(failed)?;
    let start = Instant::now();
    let error = ask(&resolver, "www.example").await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert!((limit..SOON).contains(&start.elapsed()), "{:?}", start.elapsed());
    Ok(())
}

/// DN3.
async fn an_answer_by_tcp_that_is_cut_off_is_none() -> io::Result<()> {
    for length in [0, 1, 2, 20, 40] {
        let server = LyingServer::start(move |asked, back| {
            if !asked.by_tcp {
                return back.send(&lie(&asked.question).truncated());
            }
            let message = lie(&asked.question).write();
            let length_field = u16::try_from(message.len()).expect("short").to_be_bytes();
            back.write(&[&length_field, &message[..]].concat()[..length]);
            back.close();
        });
        let error = soon(ask(&resolver(&server), "www.example")).await.unwrap_err();
        assert_eq!(error.server(), Some(server.address()), "{error}");
        assert!(!error.is_no_data() && !error.is_not_found() && !error.is_timeout(), "{error}");
    }
    Ok(())
}

/// DN3.
async fn an_answer_that_is_truncated_by_tcp_too_is_none() -> io::Result<()> {
    let server = LyingServer::replying(|question| lie(question).truncated());
    let error = soon(ask(&resolver(&server), "www.example")).await.unwrap_err();
    assert_eq!(error.server(), Some(server.address()), "{error}");
    assert!(server.count() < 10, "{}", server.count());
    Ok(())
}

async fn a_connection_serves_many_questions() -> io::Result<()> {
    let server = LyingServer::honest();
    let resolver = builder().name_server(NameServer::tcp(server.address())).build().map_err(failed)?;
    for number in 0..10 {
        assert_eq!(soon(ask(&resolver, &format!("{number}.example"))).await.map_err(failed)?, [REAL]);
    }
    assert!(server.asked().iter().all(|asked| asked.by_tcp && asked.connection == 0), "{:?}", server.asked());
    Ok(())
}

async fn a_connection_that_the_server_has_closed_is_made_anew() -> io::Result<()> {
    let server = LyingServer::start(|asked, back| {
        back.send(&honest(&asked.question));
        // Before or after the next question is on its way.
        back.close();
    });
    let resolver = builder().name_server(NameServer::tcp(server.address())).build().map_err(failed)?;
    for number in 0..20 {
        assert_eq!(soon(ask(&resolver, &format!("{number}.example"))).await.map_err(failed)?, [REAL]);
    }
    Ok(())
}

/// DN3: there are servers that know no limit.
async fn a_datagram_that_is_larger_than_was_announced_is_used_whole_or_not_at_all() -> io::Result<()> {
    for count in [70, 300, 2000] {
        let server = LyingServer::replying(move |question| {
            (0..count).fold(Reply::to(question), |reply, number| {
                reply.address(&question.name, 60, Ipv4Addr::from_bits(0x0A00_0000 + number))
            })
        });
        let found = soon(ask(&resolver(&server), "w.example")).await.map_err(failed)?;
        assert_eq!(found.len(), count as usize, "{:?}", server.names());
    }
    Ok(())
}

/// An answer too many, or one ahead of the next question, is for nobody. Ids are random, so that the lies have the right one by chance, once in
/// hundreds of questions.
async fn what_was_not_asked_for_on_a_connection_is_ignored() -> io::Result<()> {
    const LIES: u16 = 50;
    let server = LyingServer::start(|asked, back| {
        back.send(&honest(&asked.question));
        back.send(&lie(&asked.question));
        for id in (0..LIES).map(|step| asked.question.id.wrapping_add(step)) {
            back.send(&Reply { id, ..lie(&asked.question) });
        }
    });
    let resolver = builder()
        .name_server(NameServer::tcp(server.address()))
        .cache_size(0_usize)
        .build()
        .map_err(failed)?;
    let mut believed = 0;
    for _ in 0..10 {
        let found = soon(ask(&resolver, "www.example")).await.map_err(failed)?;
        if found != [REAL] {
            believed += 1;
            // The lie was there before the question, which the server's thread may be late to read.
            let start = Instant::now();
            while lied_ahead(&server.asked(), LIES) < believed {
                assert!(start.elapsed() < SOON, "{found:?}, and nobody said so: {:?}", server.asked());
                fend::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
    assert!(believed < 3, "the ids can be guessed: {believed} times of 10");
    Ok(())
}

/// How many questions have one of the ids that the server has lied with after the question before them on their connection.
fn lied_ahead(asked: &[Asked], lies: u16) -> usize {
    let is_lied_about = |(index, last): (usize, &Asked)| {
        let before = asked[..index].iter().rfind(|before| before.connection == last.connection);
        before.is_some_and(|before| last.question.id.wrapping_sub(before.question.id) < lies)
    };
    asked.iter().enumerate().filter(|&question| is_lied_about(question)).count()
}

/// The same, all of it before the next question goes out.
async fn what_came_on_a_connection_that_waited_is_ignored() -> io::Result<()> {
    let (give, given) = mpsc::channel();
    let server = LyingServer::start(move |asked, back| {
        back.send(&honest(&asked.question));
        // The test may be over.
        let _ = give.send((asked.clone(), back.clone()));
    });
    let resolver = builder().name_server(NameServer::tcp(server.address())).build().map_err(failed)?;
    for number in 0..5 {
        assert_eq!(soon(ask(&resolver, &format!("{number}.example"))).await.map_err(failed)?, [REAL]);
        let (asked, back) = given.recv().expect("it was asked");
        for distance in 0..20 {
            back.send(&Reply { id: asked.question.id.wrapping_add(distance), ..lie(&asked.question) });
        }
    }
    Ok(())
}

async fn an_empty_message_by_tcp_does_no_harm() -> io::Result<()> {
    let server = LyingServer::start(|asked, back| {
        back.send_bytes(&[]);
        back.send(&honest(&asked.question));
    });
    let resolver = builder().name_server(NameServer::tcp(server.address())).build().map_err(failed)?;
    match soon(ask(&resolver, "www.example")).await {
        Ok(found) => assert_eq!(found, [REAL]),
        Err(error) => assert_eq!(error.server(), Some(server.address()), "{error}"),
    }
    Ok(())
}
