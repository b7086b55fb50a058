//! What the parent notices of its children: nothing.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fend::net::{TcpListener, TcpStream};
use fend::runtime::Runtime;
use fend::task::JoinHandle;
use fend::time::{interval, sleep};
use futures_lite::future::{block_on as plain_block_on, poll_once};

use super::child::{in_child, run_true};
use crate::alone::alone;
use crate::process::open_fds;
use crate::shape::Shape;

on_every_shape!(children_that_use_and_drop_everything, children_that_exec);

const FORKS: usize = 200;

/// A client and a server that send a word to and fro, and a clock that ticks, until they are told to stop.
struct Load {
    over: Arc<AtomicBool>,
    rounds: Arc<AtomicU64>,
    held: Mutex<Option<Held>>,
}

/// What a child drops.
struct Held {
    echo: JoinHandle<io::Result<()>>,
    clock: JoinHandle<Duration>,
    idle: Vec<TcpStream>,
    waiters: Vec<JoinHandle<io::Result<usize>>>,
}

impl Load {
    async fn start() -> io::Result<Load> {
        let (over, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (mut idle, mut waiters) = (Vec::new(), Vec::new());
        for _ in 0..4 {
            let (client, accepted) =
                futures_lite::future::zip(TcpStream::connect(address), listener.accept()).await;
            let (client, (server, _)) = (client?, accepted?);
            // So that both are registered, before anybody counts.
            assert!(poll_once(client.recv(&mut [0])).await.is_none());
            assert!(poll_once(server.recv(&mut [0; 8])).await.is_none());
            idle.push(client);
            waiters.push(fend::spawn(async move { server.recv(&mut [0; 8]).await }));
        }
        let echo = fend::spawn(echo(listener, over.clone(), rounds.clone()));
        let clock = fend::spawn(worst_tick(over.clone()));
        Ok(Load { over, rounds, held: Mutex::new(Some(Held { echo, clock, idle, waiters })) })
    }

    /// Waits until the echo has gone some rounds further.
    fn goes_on(&self) {
        let (before, start) = (self.rounds.load(Ordering::Relaxed), Instant::now());
        while self.rounds.load(Ordering::Relaxed) < before + 3 {
            assert!(start.elapsed() < Duration::from_secs(10), "the parent's echo stands still");
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    fn hand_over(&self) -> Held {
        self.held.lock().unwrap().take().expect("once in each process")
    }

    /// The connections that waited all the while still hear.
    async fn end(self) -> io::Result<()> {
        let held = self.hand_over();
        for client in &held.idle {
            client.send_all(b"x").await?;
        }
        for waiter in held.waiters {
            assert_eq!(waiter.await??, 1);
        }
        self.over.store(true, Ordering::Relaxed);
        held.echo.await??;
        let worst = held.clock.await?;
        assert!(worst < Duration::from_secs(5), "a tick came {worst:?} late");
        Ok(())
    }
}

async fn echo(listener: TcpListener, over: Arc<AtomicBool>, rounds: Arc<AtomicU64>) -> io::Result<()> {
    let address = listener.local_addr()?;
    let server = fend::spawn(async move {
        let (stream, _) = listener.accept().await?;
        // Registered with this wait, and not when for once there is nothing to receive yet, after somebody has counted.
        assert!(poll_once(stream.peer_closed()).await.is_none());
        let mut word = [0; 8];
        while stream.recv_exact(&mut word).await.is_ok() {
            stream.send_all(&word).await?;
        }
        io::Result::Ok(())
    });
    let stream = TcpStream::connect(address).await?;
    let mut round: u64 = 0;
    while !over.load(Ordering::Relaxed) {
        stream.send_all(&round.to_ne_bytes()).await?;
        let mut word = [0; 8];
        stream.recv_exact(&mut word).await?;
        assert_eq!(u64::from_ne_bytes(word), round);
        round += 1;
        rounds.store(round, Ordering::Relaxed);
        // So that each round needs the driver.
        sleep(Duration::from_micros(300)).await;
    }
    drop(stream);
    server.await?
}

async fn worst_tick(over: Arc<AtomicBool>) -> Duration {
    let mut ticks = interval(Duration::from_millis(2));
    let mut worst = Duration::ZERO;
    while !over.load(Ordering::Relaxed) {
        let due = ticks.tick().await;
        worst = worst.max(Instant::now().saturating_duration_since(due));
    }
    worst
}

/// What is registered with the epolls of this process: lines of proc_pid_fdinfo(5).
fn registered() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for fd in open_fds() {
        let text = fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).unwrap_or_default();
        all.extend(text.lines().filter(|line| line.starts_with("tfd:")).map(|line| format!("{fd}: {line}")));
    }
    all
}

struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The test's thread forks. With a single worker another thread has to run the tasks.
fn beside_the_runtime(runtime: &Runtime, forks: impl FnOnce(&Load)) {
    let load = runtime.block_on(Load::start()).unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let works = scope.spawn(|| {
            runtime.block_on(async {
                while !over.load(Ordering::Relaxed) {
                    sleep(Duration::from_millis(2)).await;
                }
            });
        });
        // Also when this fails.
        let set_over = SetOnDrop(&over);
        load.goes_on();
        let before = (open_fds(), registered());
        forks(&load);
        load.goes_on();
        assert_eq!((open_fds(), registered()), before);
        drop(set_over);
        works.join().unwrap();
    });
    runtime.block_on(load.end()).unwrap();
}

/// SP9
fn children_that_use_and_drop_everything(shape: Shape) {
    alone(shape, || {
        let runtime = shape.build();
        beside_the_runtime(&runtime, |load| {
            for number in 0..FORKS {
                in_child(|| {
                    use_everything(&runtime, load);
                    if number % 20 == 0 {
                        shape.block_on(async { sleep(Duration::from_millis(1)).await });
                    }
                    String::new()
                });
                if number % 8 == 0 {
                    load.goes_on();
                }
            }
        });
    });
}

/// Whatever would reach the parent: a dispatcher told, a driver woken, a lock taken.
fn use_everything(runtime: &Runtime, load: &Load) {
    let held = load.hand_over();
    for stream in &held.idle {
        plain_block_on(stream.recv(&mut [0])).unwrap_err();
    }
    held.clock.abort();
    held.echo.abort();
    held.waiters.iter().for_each(JoinHandle::abort);
    assert!(runtime.spawn(async {}).is_finished());
    {
        let _entered = runtime.enter();
        let mut asleep = Box::pin(sleep(Duration::from_secs(9)));
        assert!(plain_block_on(poll_once(&mut asleep)).is_none());
    }
    drop(held);
    runtime.handle().metrics();
}

/// The fds that a program finds open.
fn inherited() -> String {
    let listed = Command::new("ls").arg("/proc/self/fd").output().unwrap();
    String::from_utf8(listed.stdout).unwrap()
}

/// SP9: descriptors close on exec, and that is all.
fn children_that_exec(shape: Shape) {
    alone(shape, || {
        // Whoever started the tests may have left some open.
        let before = inherited();
        let runtime = shape.build();
        beside_the_runtime(&runtime, |load| {
            for _ in 0..10 {
                run_true();
                assert_eq!(inherited(), before, "fds of the runtime are open in a program");
                load.goes_on();
            }
        });
    });
}
