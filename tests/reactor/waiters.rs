//! Who is woken, and that nobody is forgotten.

use std::future::{Future, poll_fn};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::task::Poll;
use std::thread;

use fend::io::{AsyncFd, Direction};
use futures_lite::future::poll_once;

use crate::shape::Shape;

on_every_shape!(
    events_of_a_batch_reach_no_newcomer,
    no_byte_is_slept_over,
    both_directions_at_once,
    the_last_of_eight_waiters_is_woken,
    eight_waiters_share_the_bytes,
    poll_functions_of_two_tasks_are_both_woken,
);

fn pair() -> io::Result<(AsyncFd<UnixStream>, UnixStream)> {
    let (ours, theirs) = UnixStream::pair()?;
    Ok((AsyncFd::new(ours)?, theirs))
}

/// RE3: the first event of a batch makes its task drop all other sources of the batch, and fill their places anew.
fn events_of_a_batch_reach_no_newcomer(shape: Shape) {
    shape
        .block_on(async {
            for _ in 0..20 {
                let mut peers = Vec::new();
                let mut sockets = Vec::new();
                for _ in 0..100 {
                    let (ours, theirs) = pair()?;
                    sockets.push(ours);
                    peers.push(theirs);
                }
                poll_fn(|cx| {
                    assert!(sockets.iter().all(|socket| socket.poll_readable(cx).is_pending()));
                    Poll::Ready(())
                })
                .await;
                for mut peer in &peers {
                    peer.write_all(b"x")?;
                }
                poll_fn(|cx| sockets[0].poll_readable(cx)).await?;
                sockets.clear();
                for _ in 0..100 {
                    let (ours, theirs) = pair()?;
                    assert!(poll_once(ours.readable()).await.is_none(), "an event that was not its own");
                    sockets.push(ours);
                    peers.push(theirs);
                }
                fend::yield_now().await;
                for socket in &sockets {
                    assert!(poll_once(socket.readable()).await.is_none(), "an event that was not its own");
                }
            }
            io::Result::Ok(())
        })
        .expect("the sockets");
}

/// RE4: each byte arrives while the reader is about to forget what it knew and to wait.
fn no_byte_is_slept_over(shape: Shape) {
    const ROUNDS: usize = if cfg!(debug_assertions) { 10_000 } else { 100_000 };
    shape
        .block_on(async {
            let (ours, mut theirs) = pair()?;
            let peer = thread::spawn(move || {
                for _ in 0..ROUNDS {
                    theirs.write_all(b"x")?;
                    theirs.read_exact(&mut [0])?;
                }
                io::Result::Ok(())
            });
            let mut buf = [0; 64];
            for round in 0..ROUNDS {
                let n = match round % 2 {
                    0 => {
                        ours.bytes_with(Direction::Read, buf.len(), |mut socket| socket.read(&mut buf))
                            .await?
                    }
                    _ => ours.read_with(|mut socket| socket.read(&mut buf)).await?,
                };
                assert_eq!(n, 1);
                ours.write_with(|mut socket| socket.write(b"y")).await?;
            }
            peer.join().expect("no panic")
        })
        .expect("the sockets");
}

/// RE5: neither direction loses its readiness to what the other learns.
fn both_directions_at_once(shape: Shape) {
    const BYTES: usize = 4 << 20;
    shape
        .block_on(async {
            let (ours, theirs) = pair()?;
            let ours = Arc::new(ours);
            let (mut source, mut sink) = (theirs.try_clone()?, theirs);
            let feeding = thread::spawn(move || source.write_all(&vec![1; BYTES]));
            let draining = thread::spawn(move || sink.read_exact(&mut vec![0; BYTES]));
            let writer = ours.clone();
            let writing = fend::spawn(async move {
                let block = vec![2; 10_000];
                let mut left = BYTES;
                while left > 0 {
                    let size = left.min(block.len());
                    left -= writer
                        .bytes_with(Direction::Write, size, |mut socket| socket.write(&block[..size]))
                        .await?;
                }
                io::Result::Ok(())
            });
            let mut block = vec![0; 7_000];
            let mut left = BYTES;
            while left > 0 {
                let size = left.min(block.len());
                left -= ours
                    .bytes_with(Direction::Read, size, |mut socket| socket.read(&mut block[..size]))
                    .await?;
            }
            writing.await.expect("no panic")?;
            feeding.join().expect("no panic")?;
            draining.join().expect("no panic")
        })
        .expect("the sockets");
}

/// Writes until there is no room, all the way down to the last byte.
fn fill(socket: &AsyncFd<UnixStream>) -> usize {
    let block = vec![0; 64 << 10];
    let mut sent = 0;
    while let Ok(n) = socket.try_write_with(|mut socket| socket.write(&block)) {
        sent += n;
    }
    sent
}

/// RE6
fn the_last_of_eight_waiters_is_woken(shape: Shape) {
    shape
        .block_on(async {
            for survivor in (0..8).cycle().take(40) {
                let (ours, mut theirs) = pair()?;
                let ours = Arc::new(ours);
                let sent = fill(&ours);
                let wait = |direction, op: fn(&UnixStream) -> io::Result<usize>| {
                    let socket = ours.clone();
                    fend::spawn(async move { socket.with(direction, op).await })
                };
                let read = |mut socket: &UnixStream| socket.read(&mut [0]);
                let write = |mut socket: &UnixStream| socket.write(&[0]);
                let mut readers: Vec<_> = (0..8).map(|_| wait(Direction::Read, read)).collect();
                let mut writers: Vec<_> = (0..8).map(|_| wait(Direction::Write, write)).collect();
                fend::yield_now().await;
                let (reader, writer) = (readers.swap_remove(survivor), writers.swap_remove(survivor));
                for cancelled in readers.into_iter().chain(writers) {
                    cancelled.abort();
                    assert!(cancelled.await.unwrap_err().is_cancelled());
                }
                theirs.write_all(b"x")?;
                theirs.read_exact(&mut vec![0; sent])?;
                assert_eq!(reader.await.expect("no panic")?, 1);
                assert_eq!(writer.await.expect("no panic")?, 1);
                assert_eq!(Arc::strong_count(&ours), 1, "nobody else holds on to it");
            }
            io::Result::Ok(())
        })
        .expect("the sockets");
}

/// Readers on several tasks, and on two threads that run no tasks: every byte reaches one of them.
fn eight_waiters_share_the_bytes(shape: Shape) {
    const BYTES: usize = 4_000;
    let runtime = shape.build();
    let (ours, mut theirs) = UnixStream::pair().expect("sockets");
    let ours = Arc::new(runtime.block_on(async { AsyncFd::new(ours) }).expect("registers"));
    let read_all = |ours: Arc<AsyncFd<UnixStream>>| async move {
        let mut total = 0;
        loop {
            match ours.read_with(|mut socket| socket.read(&mut [0; 16])).await? {
                0 => return io::Result::Ok(total),
                n => total += n,
            }
        }
    };
    let peer = thread::spawn(move || (0..BYTES).try_for_each(|_| theirs.write_all(b"x")));
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let (ours, handle) = (ours.clone(), runtime.handle());
            thread::spawn(move || handle.block_on(read_all(ours)))
        })
        .collect();
    let mut total = runtime.block_on(async {
        let tasks: Vec<_> = (0..6).map(|_| fend::spawn(read_all(ours.clone()))).collect();
        let mut total = 0;
        for task in tasks {
            total += task.await.expect("no panic").expect("reads");
        }
        total
    });
    for thread in threads {
        total += thread.join().expect("no panic").expect("reads");
    }
    peer.join().expect("no panic").expect("writes");
    assert_eq!(total, BYTES);
}

/// Two tasks that poll the same direction each have their own waker in place.
fn poll_functions_of_two_tasks_are_both_woken(shape: Shape) {
    shape
        .block_on(async {
            let (ours, mut theirs) = pair()?;
            let ours = Arc::new(ours);
            let wait = || {
                let socket = ours.clone();
                fend::spawn(poll_fn(move |cx| socket.poll_readable(cx)))
            };
            let (first, second) = (wait(), wait());
            let mut own = std::pin::pin!(poll_fn(|cx| ours.poll_readable(cx)));
            assert!(poll_fn(|cx| Poll::Ready(own.as_mut().poll(cx).is_pending())).await);
            fend::yield_now().await;
            theirs.write_all(b"x")?;
            own.await?;
            first.await.expect("no panic")?;
            second.await.expect("no panic")
        })
        .expect("the sockets");
}
