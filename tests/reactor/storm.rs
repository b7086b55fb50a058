//! Fds that come and go on many threads at once.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;

use fend::io::AsyncFd;
use fend::runtime::Dispatcher;
use futures_lite::future::poll_once;

use crate::alone::alone;
use crate::process::open_fds;
use crate::shape::Shape;

on_every_shape!(registrations_on_eight_threads, registrations_in_stolen_tasks);

/// Sockets that one thread has at a time.
const PAIRS: u8 = 8;

/// With 8 threads, 100 000 sockets when optimized.
const ROUNDS: usize = if cfg!(debug_assertions) { 80 } else { 800 };

/// Registers sockets, and drops them with events under way: none of them may reach those that come after, which get the same
/// numbers and places.
async fn churn() -> io::Result<()> {
    for _ in 0..ROUNDS {
        let mut pairs = Vec::new();
        for _ in 0..PAIRS {
            let (ours, theirs) = UnixStream::pair()?;
            let (ours, theirs) = (AsyncFd::new(ours)?, AsyncFd::new(theirs)?);
            assert!(poll_once(ours.readable()).await.is_none(), "nothing was sent to this one");
            pairs.push((ours, theirs));
        }
        for (index, (_, theirs)) in (0..PAIRS).zip(&pairs) {
            theirs.write_with(|mut socket| socket.write(&[index])).await?;
        }
        for (index, (ours, _)) in (0..PAIRS).zip(&pairs).step_by(2) {
            let mut buf = [u8::MAX; 8];
            let n = ours.read_with(|mut socket| socket.read(&mut buf)).await?;
            assert_eq!(buf[..n], [index], "what was sent to this one");
        }
        fend::yield_now().await;
    }
    Ok(())
}

/// How many fds each epoll instance of this process watches.
fn watched_by_epoll() -> Vec<usize> {
    let is_epoll = |fd: &i32| {
        fs::read_link(format!("/proc/self/fd/{fd}"))
            .is_ok_and(|name| name.as_os_str() == "anon_inode:[eventpoll]")
    };
    let watched = |fd| {
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).expect("an open fd");
        info.lines().filter(|line| line.starts_with("tfd:")).count()
    };
    open_fds().into_iter().filter(is_epoll).map(watched).collect()
}

/// Nothing is watched but the wake-ups of the drivers.
#[track_caller]
fn assert_nothing_left(shape: Shape) {
    let drivers = if shape.dispatcher == Dispatcher::Epoll { shape.drivers } else { 0 };
    assert_eq!(watched_by_epoll(), vec![1; drivers]);
}

/// RE2
fn registrations_on_eight_threads(shape: Shape) {
    alone(shape, || {
        let runtime = shape.build();
        let before = open_fds();
        thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    let handle = runtime.handle();
                    scope.spawn(move || handle.block_on(churn()))
                })
                .collect();
            for thread in threads {
                thread.join().expect("no panic").expect("the sockets");
            }
        });
        assert_nothing_left(shape);
        assert_eq!(open_fds(), before);
    });
}

/// RE2
fn registrations_in_stolen_tasks(shape: Shape) {
    alone(shape, || {
        let runtime = shape.build();
        runtime.block_on(async {
            let tasks: Vec<_> = (0..8).map(|_| fend::spawn(churn())).collect();
            for task in tasks {
                task.await.expect("no panic").expect("the sockets");
            }
        });
        assert_nothing_left(shape);
    });
}
