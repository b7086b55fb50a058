//! Every kind of fd that can be polled.

use std::ffi::CString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fend::io::{AsyncFd, Direction, Interest, Readiness};
use futures_lite::future::{poll_once, zip};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use crate::kernel;
use crate::shape::Shape;

on_every_shape!(pipes, eventfds, timerfds, inotify_instances, terminals, datagram_sockets, poll_functions);

fn pipes(shape: Shape) {
    shape
        .block_on(async {
            let (reader, writer) = kernel::pipe()?;
            let (mut reader, mut writer) = (AsyncFd::new(reader)?, AsyncFd::new(writer)?);
            let sent: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
            let expected = sent.clone();
            let writing = fend::spawn(async move { writer.write_all(&sent).await });
            let mut received = Vec::new();
            reader.read_to_end(&mut received).await?;
            assert!(received == expected);
            writing.await.expect("no panic")
        })
        .expect("the pipe");
}

fn eventfds(shape: Shape) {
    shape
        .block_on(async {
            let eventfd = Arc::new(AsyncFd::new(kernel::eventfd()?)?);
            let ready = eventfd.ready(Interest::READABLE | Interest::WRITABLE).await?;
            assert_eq!(ready, Readiness::WRITABLE);
            let adding = eventfd.clone();
            let adder = fend::spawn(async move {
                for _ in 0..100 {
                    adding.write_with(|mut eventfd| eventfd.write(&1_u64.to_ne_bytes())).await?;
                    fend::yield_now().await;
                }
                io::Result::Ok(())
            });
            let mut total = 0;
            while total < 100 {
                let mut count = [0; 8];
                eventfd.read_with(|mut eventfd| eventfd.read(&mut count)).await?;
                total += u64::from_ne_bytes(count);
            }
            assert_eq!(total, 100);
            adder.await.expect("no panic")
        })
        .expect("the eventfd");
}

fn timerfds(shape: Shape) {
    shape
        .block_on(async {
            let (start, after) = (Instant::now(), Duration::from_millis(20));
            let timer = AsyncFd::new(kernel::timerfd(after)?)?;
            let mut count = [0; 8];
            timer.read_with(|mut timer| timer.read(&mut count)).await?;
            assert!(start.elapsed() >= after);
            assert_eq!(u64::from_ne_bytes(count), 1);
            assert!(poll_once(timer.read_with(|mut timer| timer.read(&mut count))).await.is_none());
            io::Result::Ok(())
        })
        .expect("the timer");
}

fn inotify_instances(shape: Shape) {
    let directory =
        std::env::temp_dir().join(format!("fend-{}-{}", std::process::id(), shape.test.replace("::", "-")));
    fs::create_dir(&directory).expect("a directory");
    let path = CString::new(directory.to_str().expect("text")).expect("no zero");
    let seen = shape.block_on(async {
        let watcher = AsyncFd::new(kernel::inotify(&path)?)?;
        let mut buf = [0; 4096];
        let (n, created) = zip(watcher.read_with(|mut watcher| watcher.read(&mut buf)), async {
            fend::yield_now().await;
            File::create(directory.join("news"))
        })
        .await;
        created?;
        let n = n?;
        io::Result::Ok(buf[..n].windows(4).any(|name| name == b"news"))
    });
    fs::remove_dir_all(&directory).expect("removes");
    assert!(seen.expect("the watch"), "the file's name");
}

/// A terminal gives a line at a time, shorter than what was asked for while more is there.
fn terminals(shape: Shape) {
    shape
        .block_on(async {
            let (main, secondary) = kernel::terminal()?;
            let (main, secondary) = (AsyncFd::new(main)?, AsyncFd::new(secondary)?);
            let mut buf = [0; 64];
            let (line, typed) = zip(secondary.read_with(|mut terminal| terminal.read(&mut buf)), async {
                fend::yield_now().await;
                main.write_with(|mut keyboard| keyboard.write(b"one\ntwo\n")).await
            })
            .await;
            typed?;
            assert_eq!(&buf[..line?], b"one\n");
            let n = secondary.read_with(|mut terminal| terminal.read(&mut buf)).await?;
            assert_eq!(&buf[..n], b"two\n");
            let mut shown = Vec::new();
            while !shown.ends_with(b"two\r\n") {
                let n = main.read_with(|mut screen| screen.read(&mut buf)).await?;
                shown.extend_from_slice(&buf[..n]);
            }
            drop(secondary);
            main.peer_closed().await?;
            let error = main.read_with(|mut screen| screen.read(&mut buf)).await.unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EIO));
            io::Result::Ok(())
        })
        .expect("the terminal");
}

/// Each datagram is shorter than the buffer, and says nothing of the next.
fn datagram_sockets(shape: Shape) {
    shape
        .block_on(async {
            let (ours, theirs) = UnixDatagram::pair()?;
            let (ours, theirs) = (AsyncFd::new(ours)?, AsyncFd::new(theirs)?);
            let sending = fend::spawn(async move {
                for number in 0..500_u16 {
                    theirs.write_with(|socket| socket.send(&number.to_le_bytes())).await?;
                }
                io::Result::Ok(())
            });
            for number in 0..500_u16 {
                let mut buf = [0; 64];
                let n = ours.read_with(|socket| socket.recv(&mut buf)).await?;
                assert_eq!(buf[..n], number.to_le_bytes());
            }
            sending.await.expect("no panic")
        })
        .expect("the sockets");
}

fn poll_functions(shape: Shape) {
    shape
        .block_on(async {
            let (reader, writer) = kernel::pipe()?;
            let (reader, writer) = (AsyncFd::new(reader)?, AsyncFd::new(writer)?);
            let mut buf = [0; 8];
            let receive = std::future::poll_fn(|cx| {
                reader.poll_bytes_with(cx, Direction::Read, buf.len(), |mut pipe| pipe.read(&mut buf))
            });
            let send = async {
                fend::yield_now().await;
                std::future::poll_fn(|cx| {
                    writer.poll_with(cx, Direction::Write, |mut pipe| pipe.write(b"abc"))
                })
                .await
            };
            let (received, sent) = zip(receive, send).await;
            assert_eq!((received?, sent?), (3, 3));
            assert_eq!(&buf[..3], b"abc");
            io::Result::Ok(())
        })
        .expect("the pipe");
}
