//! Signals that interrupt every system call.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use fend::io::AsyncFd;
use fend::time::sleep;

use crate::alone::alone;
use crate::kernel;
use crate::shape::Shape;

on_every_shape!(signals_disturb_neither_io_nor_timers);

/// Interrupts every other thread of the process, again and again, until `over`. How many signals were sent.
fn pester(over: &AtomicBool) -> usize {
    let own = kernel::thread_id();
    let mut sent = 0;
    while !over.load(Relaxed) {
        let threads = fs::read_dir("/proc/self/task").expect("proc is mounted").flatten();
        let others = threads.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        sent += others.filter(|&thread| thread != own && kernel::interrupt(thread)).count();
        thread::sleep(Duration::from_micros(100));
    }
    sent
}

/// RE10
fn signals_disturb_neither_io_nor_timers(shape: Shape) {
    const ROUNDS: usize = 300;
    alone(shape, || {
        kernel::interrupt_on_sigusr1().expect("a handler");
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let pest = scope.spawn(|| pester(&over));
            let result = shape.block_on(async {
                let (ours, theirs) = UnixStream::pair()?;
                let (ours, theirs) = (AsyncFd::new(ours)?, AsyncFd::new(theirs)?);
                let echo = fend::spawn(async move {
                    let mut buf = [0; 64];
                    loop {
                        let n = theirs.read_with(|mut socket| socket.read(&mut buf)).await?;
                        if n == 0 {
                            return io::Result::Ok(());
                        }
                        theirs.write_with(|mut socket| socket.write(&buf[..n])).await?;
                    }
                });
                let naps = fend::spawn(async {
                    let mut latest = Duration::ZERO;
                    for _ in 0..30 {
                        let (start, asked) = (Instant::now(), Duration::from_millis(10));
                        sleep(asked).await;
                        let slept = start.elapsed();
                        assert!(slept >= asked, "early: {slept:?}");
                        latest = latest.max(slept - asked);
                    }
                    latest
                });
                for _ in 0..ROUNDS {
                    ours.write_with(|mut socket| socket.write(b"x")).await?;
                    assert_eq!(ours.read_with(|mut socket| socket.read(&mut [0; 8])).await?, 1);
                    sleep(Duration::from_micros(200)).await;
                }
                drop(ours);
                echo.await.expect("no panic")?;
                let latest = naps.await.expect("no panic");
                assert!(latest < Duration::from_secs(1), "timers starve: {latest:?} late");
                io::Result::Ok(())
            });
            over.store(true, Relaxed);
            let sent = pest.join().expect("no panic");
            result.expect("no error comes of a signal");
            assert!(sent > 100, "only {sent} signals");
        });
    });
}
