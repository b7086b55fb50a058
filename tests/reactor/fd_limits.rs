//! A process that has run out of file descriptors.

use std::fs;
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use fend::Runtime;
use fend::net::{AcceptErrorKind, TcpListener, TcpStream};
use fend::time::sleep;

use crate::alone::alone;
use crate::process::limit_fds;
use crate::shape::Shape;

on_every_shape!(
    a_runtime_is_built_whole_or_not_at_all,
    sockets_fail_cleanly_and_work_again_later,
    the_default_runtime_fails_cleanly_and_works_again_later,
);

/// The limit at which every new fd fails: the lowest number that is free.
fn none_left() -> u64 {
    (0..).zip(open()).find(|(number, fd)| number != fd).map_or(open().len() as u64, |(number, _)| number)
}

/// The open fds below 100, found without opening one.
fn open() -> Vec<u64> {
    (0..100).filter(|fd| fs::read_link(format!("/proc/self/fd/{fd}")).is_ok()).collect()
}

/// Runs `body` while no fd of a number from `limit` on can be opened.
fn under_limit<T>(limit: u64, body: impl FnOnce() -> T) -> T {
    let before = limit_fds(limit);
    let result = body();
    limit_fds(before);
    result
}

/// RX5.
fn a_runtime_is_built_whole_or_not_at_all(shape: Shape) {
    alone(shape, || {
        let before = open();
        let runtime = shape.build();
        let needed = open().len() - before.len();
        drop(runtime);
        assert_eq!(open(), before);

        let mut failures = 0;
        for limit in 3..=20 {
            let free = limit as usize - before.iter().filter(|&&fd| fd < limit).count();
            let (built, left) = under_limit(limit, || {
                let built = shape.builder().build().map(use_and_drop);
                (built, open())
            });
            assert_eq!(left, before, "left open at limit {limit}");
            assert_eq!(built.is_ok(), free >= needed, "{free} of {needed} at limit {limit}: {built:?}");
            if let Err(error) = built {
                assert!(error.to_string().contains("Too many open files"), "{error}");
                failures += 1;
            }
        }
        assert!(failures > 0);
        use_and_drop(shape.build());
    });
}

fn use_and_drop(runtime: Runtime) {
    let sum = runtime.block_on(async {
        let task = fend::spawn(async {
            sleep(Duration::from_millis(1)).await;
            1
        });
        let job = fend::spawn_blocking(|| 2);
        task.await.expect("no panic") + job.await.expect("no panic")
    });
    assert_eq!(sum, 3);
}

/// RX5: on a runtime that stands.
fn sockets_fail_cleanly_and_work_again_later(shape: Shape) {
    alone(shape, || {
        shape
            .block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await?;
                let address = listener.local_addr()?;
                let mut peers = echoes(&listener, 8).await?;
                // Behind those: it stays queued.
                let client = std::net::TcpStream::connect(address)?;
                let before = open();

                let limit = limit_fds(none_left());
                assert_exhausted("bind", TcpListener::bind("127.0.0.1:0").await);
                assert_exhausted("connect", TcpStream::connect(address).await);
                let error = assert_exhausted("accept", listener.accept().await);
                assert_eq!(AcceptErrorKind::of(&error), AcceptErrorKind::BackOff);
                // Timers and tasks have no need of fds.
                sleep(Duration::from_millis(5)).await;
                fend::spawn(sleep(Duration::from_millis(5))).await.expect("no panic");
                assert_eq!(open(), before);
                // Sources that are registered go on to be served.
                let served = move || peers.iter_mut().try_for_each(exchange);
                fend::spawn_blocking(served).await.expect("no panic")?;
                drop(client);
                limit_fds(limit);

                let (server, _) = listener.accept().await?;
                assert_eq!(server.recv(&mut [0; 1]).await?, 0);
                let other = TcpListener::bind("127.0.0.1:0").await?;
                TcpStream::connect(other.local_addr()?).await?;
                io::Result::Ok(())
            })
            .expect("the sockets");
    });
}

/// Connections to tasks that send back each byte, and are waiting for the first.
async fn echoes(listener: &TcpListener, count: usize) -> io::Result<Vec<std::net::TcpStream>> {
    let mut peers = Vec::new();
    for _ in 0..count {
        let mut peer = std::net::TcpStream::connect(listener.local_addr()?)?;
        peer.set_read_timeout(Some(Duration::from_secs(30)))?;
        let (stream, _) = listener.accept().await?;
        fend::spawn(async move {
            let mut byte = [0];
            while stream.recv(&mut byte).await? > 0 {
                stream.send_all(&byte).await?;
            }
            io::Result::Ok(())
        });
        peer = fend::spawn_blocking(move || exchange(&mut peer).map(|()| peer)).await.expect("no panic")?;
        peers.push(peer);
    }
    Ok(peers)
}

fn exchange(peer: &mut std::net::TcpStream) -> io::Result<()> {
    peer.write_all(b"x")?;
    peer.read_exact(&mut [0])
}

#[track_caller]
fn assert_exhausted<T: std::fmt::Debug>(operation: &str, result: io::Result<T>) -> io::Error {
    let error = result.expect_err("no fd is left");
    let message = error.to_string();
    assert!(message.starts_with(operation) && message.contains("RLIMIT_NOFILE"), "{message}");
    error
}

/// There is no way but a panic to say it from `block_on`; the next call finds the world in order.
fn the_default_runtime_fails_cleanly_and_works_again_later(shape: Shape) {
    alone(shape, || {
        let before = open();
        for limit in [none_left(), none_left() + 1] {
            let attempt = || catch_unwind(AssertUnwindSafe(|| fend::block_on(async { 7 })));
            let panic = under_limit(limit, attempt).expect_err("no fd is left");
            let message = panic.downcast_ref::<String>().expect("a message");
            assert!(message.starts_with("cannot start the default runtime: "), "{message}");
            assert_eq!(open(), before);
        }
        assert_eq!(fend::block_on(async { 7 }), 7);
    });
}
