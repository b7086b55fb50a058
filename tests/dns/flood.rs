//! So many forged answers that one of them might hit.

use std::time::{Duration, Instant};

use crate::alone::alone;
use crate::ask::{ask, builder};
use crate::lying::{Asked, Back, LyingServer};
use crate::message::{REAL, Reply, honest, lie};
use crate::process::resident;
use crate::scaled;
use crate::shape::Shape;

alone_on_every_dispatcher!(
    undisturbed: forged_answers_never_hit,
    forged_answers_alone_end_the_lookup_in_time,
);

const LIMIT: Duration = Duration::from_secs(3);

/// An answer with each wrong id, from the server's own address: the best that a forger can do.
fn flood(asked: &Asked, back: &Back, count: usize) {
    let wrong = (1..=u16::MAX).take(count);
    for distance in wrong {
        back.send(&Reply { id: asked.question.id.wrapping_add(distance), ..lie(&asked.question) });
    }
}

/// Gives what the lookup gave, and checks what it cost.
fn under_fire(shape: Shape, server: LyingServer) -> Option<Vec<std::net::Ipv4Addr>> {
    shape.block_on(async {
        let warm = LyingServer::honest();
        let resolver = builder().name_server(warm.address()).build().expect("good settings");
        ask(&resolver, "www.example").await.expect("an answer");

        let resolver = builder().name_server(server.address()).timeout(LIMIT).build().expect("good settings");
        let (before, start) = (resident(), Instant::now());
        let result = ask(&resolver, "www.example").await;
        let (grown, took) = (resident().saturating_sub(before), start.elapsed());
        eprintln!("{:?}: {took:?}, {} KiB more: {result:?}", shape.dispatcher, grown / 1024);
        assert!(grown < 16 << 20, "{grown} bytes");
        assert!(took < LIMIT + Duration::from_secs(7), "{took:?}");
        match result {
            Ok(addresses) => Some(addresses),
            Err(error) => {
                assert!(!error.is_not_found() && !error.is_no_data(), "{error}");
                None
            }
        }
    })
}

/// DN6. Whoever forges datagrams has no part in a TCP connection.
fn forged_answers_never_hit(shape: Shape) {
    alone(shape, || {
        let server = LyingServer::start(|asked, back| {
            if !asked.by_tcp {
                flood(asked, back, scaled(6_000, 60_000));
            }
            back.send(&honest(&asked.question));
        });
        assert_eq!(under_fire(shape, server), Some(vec![REAL]));
    });
}

/// DN6.
fn forged_answers_alone_end_the_lookup_in_time(shape: Shape) {
    alone(shape, || {
        let server = LyingServer::start(|asked, back| flood(asked, back, scaled(6_000, 60_000)));
        assert_eq!(under_fire(shape, server), None);
    });
}
