//! Very many lookups at once.

use std::fs;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use futures::future::join_all;
use futures_lite::future::poll_once;

use crate::alone::alone;
use crate::ask::{addresses, builder, failed, hangs_until};
use crate::lying::{Asked, Back, LyingServer};
use crate::message::honest;
use crate::process::open_fds;
use crate::scaled;
use crate::shape::Shape;

on_every_dispatcher!(lookups_of_one_name_are_one_question_of_each_type);
alone_on_every_dispatcher!(many_lookups_wait_for_a_few_sockets);

fn threads() -> usize {
    fs::read_dir("/proc/self/task").expect("proc is mounted").count()
}

/// The most of what `count` gives, looked at all the time until the end.
struct Highest {
    ended: Arc<AtomicBool>,
    thread: thread::JoinHandle<(usize, usize)>,
}

impl Highest {
    fn watch() -> Highest {
        let ended = Arc::new(AtomicBool::new(false));
        let seen = ended.clone();
        let thread = thread::spawn(move || {
            let mut highest = (0, 0);
            while !seen.load(SeqCst) {
                highest = (highest.0.max(open_fds().len()), highest.1.max(threads()));
                thread::sleep(Duration::from_millis(1));
            }
            highest
        });
        Highest { ended, thread }
    }

    fn end(self) -> (usize, usize) {
        self.ended.store(true, SeqCst);
        self.thread.join().expect("no panic")
    }
}

/// DN8.
fn many_lookups_wait_for_a_few_sockets(shape: Shape) {
    const SOCKETS: usize = 64;
    alone(shape, || {
        let server = LyingServer::honest();
        shape.block_on(async {
            let resolver = builder()
                .name_server(server.address())
                .max_sockets(SOCKETS)
                .timeout(Duration::from_secs(5))
                .attempts(3)
                .build()
                .expect("good settings");
            addresses(&resolver, "warm.example").await.expect("an answer");
            let (fds, before) = (open_fds().len(), threads());
            let watching = Highest::watch();
            let start = std::time::Instant::now();
            let count = scaled(2_000, 10_000);
            let lookups: Vec<_> = (0..count)
                .map(|number| {
                    let resolver = resolver.clone();
                    fend::spawn(async move { addresses(&resolver, &format!("{number}.example")).await })
                })
                .collect();
            for lookup in lookups {
                let found = lookup.await.expect("no panic").expect("an answer");
                assert_eq!(found.len(), 2);
            }
            let took = start.elapsed();
            let (most_fds, most_threads) = watching.end();
            eprintln!(
                "{:?}: {count} lookups in {took:?}, at most {most_fds} fds and {most_threads} threads; {} questions",
                shape.dispatcher,
                server.count()
            );
            // The server's own and the directory that the watcher reads are among them.
            assert!(most_fds <= fds + SOCKETS + 4, "{most_fds} fds, {fds} before");
            // The watcher, and perhaps one that the runtime starts.
            assert!(most_threads <= before + 3, "{most_threads} threads, {before} before");
            assert!(open_fds().len() <= fds + 2, "{:?}", open_fds());
        });
    });
}

/// DN8: without a cache, so that nothing else keeps them together.
async fn lookups_of_one_name_are_one_question_of_each_type() -> io::Result<()> {
    let held: Arc<Mutex<Vec<(Asked, Back)>>> = Arc::default();
    let server = LyingServer::start({
        let held = held.clone();
        move |asked, back| held.lock().expect("no panic").push((asked.clone(), back.clone()))
    });
    let resolver = builder().name_server(server.address()).cache_size(0_usize).build().map_err(failed)?;
    let lookups = (0..1000).map(|_| addresses(&resolver, "www.example"));
    let mut lookups = Box::pin(join_all(lookups));
    assert!(poll_once(&mut lookups).await.is_none());
    // Further ones of other threads.
    let others: Vec<_> = (0..100)
        .map(|_| {
            let resolver = resolver.clone();
            fend::spawn(async move { addresses(&resolver, "WWW.example").await })
        })
        .collect();
    fend::yield_now().await;
    hangs_until(lookups.as_mut(), server.was_asked(2)).await;
    while resolver.cache_stats().merged < 2 * 1100 - 2 {
        fend::time::sleep(Duration::from_millis(1)).await;
    }
    // The server has written down what its handler is given next.
    while held.lock().expect("no panic").len() < 2 {
        fend::time::sleep(Duration::from_millis(1)).await;
    }
    for (asked, back) in held.lock().expect("no panic").iter() {
        back.send(&honest(&asked.question));
    }
    for found in lookups.await {
        assert_eq!(found.map_err(failed)?.len(), 2);
    }
    for other in others {
        assert_eq!(other.await.expect("no panic").map_err(failed)?.len(), 2);
    }
    assert_eq!(server.count(), 2, "{:?}", server.names());
    Ok(())
}
