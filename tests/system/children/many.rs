//! Many children at once, from two runtimes, while a signal interrupts every system call.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use fend::process::{Command, Stdio};
use fend::runtime::Dispatcher;

use super::census::{PROMISE, assert_reaped, within};
use crate::alarms::Alarms;
use crate::alone::alone;
use crate::process::open_fds;
use crate::shape::Shape;

on_each_dispatcher!(alone: six_hundred_children_of_two_runtimes);

const CHILDREN: u8 = 150;

/// How many each runtime starts, with `CHILDREN` different statuses.
const ROUNDS: u8 = 2;

/// Starts a child for each number, waits for every other one, and drops the rest, some of them only after they have ended.
async fn start_and_wait() -> io::Result<()> {
    let mut waits = Vec::new();
    for number in 0..CHILDREN {
        let code = i32::from(number);
        let script = format!("read line; exit {code}");
        let mut child = Command::new("sh").args(["-c", &script]).stdin(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take();
        match number % 4 {
            0 | 2 => waits.push(fend::spawn(async move {
                let mut child = child;
                let stdin = stdin.expect("piped");
                stdin.send_all(b"go\n").await?;
                assert_eq!(child.wait().await?.code(), Some(code));
                io::Result::Ok(())
            })),
            1 => {
                drop(child);
                drop(stdin);
            }
            _ => {
                drop(stdin);
                fend::yield_now().await;
                drop(child);
            }
        }
    }
    for wait in waits {
        wait.await.expect("no panic")?;
    }
    let output = Command::new("head").args(["-c", "200000", "/dev/zero"]).output().await?;
    assert_eq!(output.stdout.len(), 200_000);
    Ok(())
}

/// SP2, SP8
fn six_hundred_children_of_two_runtimes(shape: Shape) {
    alone(shape, || {
        let other = Shape { dispatcher: Dispatcher::Poll, ..shape };
        let before = open_fds();
        let alarms = Alarms::start();
        thread::scope(|scope| {
            for shape in [shape, other] {
                scope.spawn(move || {
                    for _ in 0..ROUNDS {
                        shape.block_on(start_and_wait()).expect("no error comes of a signal");
                    }
                });
            }
        });
        let last = Instant::now();
        assert_reaped();
        let reaped = last.elapsed();
        let alarms = alarms.end();
        assert!(alarms > 100, "only {alarms} signals");
        within(PROMISE, || open_fds() == before, || format!("{:?}, not {before:?}", open_fds()));
        let count = u32::from(CHILDREN) * u32::from(ROUNDS) * 2;
        eprintln!("{count} children, {alarms} signals, all reaped after {:?}", reaped.max(Duration::ZERO));
    });
}
