//! A task that blocks its worker holds up nothing but the tasks on that worker's stack.

use std::io::{Read, Write};
use std::net;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use fend::net::TcpListener;
use fend::runtime::{Builder, Dispatcher};

use crate::noise::Noise;
use crate::shape::{Shape, undisturbed};

const BLOCKED: Duration = Duration::from_millis(500);
const BEAT: Duration = Duration::from_millis(10);
/// Whoever does feel a blocked worker, feels all of [`BLOCKED`].
const LONGEST_GAP: Duration = Duration::from_millis(150);

/// The longest time between two beats, while `running`.
async fn longest_gap(running: Arc<AtomicBool>) -> Duration {
    let mut longest = Duration::ZERO;
    while running.load(SeqCst) {
        let before = Instant::now();
        fend::time::sleep(BEAT).await;
        longest = longest.max(before.elapsed());
    }
    longest
}

/// An echo client on a plain thread: the longest time for an answer.
fn longest_answer(address: net::SocketAddr, running: Arc<AtomicBool>) -> thread::JoinHandle<Duration> {
    thread::spawn(move || {
        let mut stream = net::TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut longest = Duration::ZERO;
        while running.load(SeqCst) {
            let before = Instant::now();
            stream.write_all(b"ping").unwrap();
            stream.read_exact(&mut [0; 4]).unwrap();
            longest = longest.max(before.elapsed());
            thread::sleep(Duration::from_millis(2));
        }
        longest
    })
}

async fn echo(listener: TcpListener) {
    let (stream, _) = listener.accept().await.unwrap();
    let mut buf = [0; 64];
    loop {
        match stream.recv(&mut buf).await.unwrap() {
            0 => return,
            count => stream.send_all(&buf[..count]).await.unwrap(),
        }
    }
}

fn sleep() {
    thread::sleep(BLOCKED);
}

fn spin() {
    let until = Instant::now() + BLOCKED;
    while Instant::now() < until {
        std::hint::spin_loop();
    }
}

fn blocked_workers_are_not_felt(builder: Builder, blocked: usize, block: fn()) {
    let runtime = builder.build().unwrap();
    let running = Arc::new(AtomicBool::new(true));
    let (beats, answers, noise) = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        fend::spawn(echo(listener));
        let beats = fend::spawn(longest_gap(running.clone()));
        let client = longest_answer(address, running.clone());
        let noise = Noise::listen(BEAT);
        fend::time::sleep(Duration::from_millis(50)).await;
        let (blocking, blocks) = mpsc::channel();
        let blockers: Vec<_> = (0..blocked)
            .map(|_| {
                let blocking = blocking.clone();
                fend::spawn(async move {
                    blocking.send(()).unwrap();
                    block();
                })
            })
            .collect();
        for blocker in blockers {
            blocker.await.unwrap();
        }
        assert_eq!(blocks.try_iter().count(), blocked);
        running.store(false, SeqCst);
        let threads = fend::spawn_blocking(move || (client.join().unwrap(), noise.worst()));
        let (answers, noise) = threads.await.unwrap();
        (beats.await.unwrap(), answers, noise)
    });
    let most = LONGEST_GAP + noise;
    assert!(beats < most, "a gap of {beats:?} between beats, {noise:?} of it the machine's");
    assert!(answers < most, "{answers:?} for an answer, {noise:?} of it the machine's");
}

fn on(dispatcher: Dispatcher, workers: usize, drivers: usize, test: fn(Builder)) {
    undisturbed(Shape { dispatcher, workers, drivers, test: module_path!() }, test);
}

/// EX15: for each dispatcher, with one driver and with one for each worker.
macro_rules! blocked {
    ($($name:ident: $blocked:literal of $workers:literal, $block:ident;)+) => {
        $(mod $name {
            use super::*;

            fn blocked(builder: Builder) {
                blocked_workers_are_not_felt(builder, $blocked, $block);
            }
            #[test]
            fn epoll_one_driver() {
                on(Dispatcher::Epoll, $workers, 1, blocked);
            }
            #[test]
            fn epoll_each_a_driver() {
                on(Dispatcher::Epoll, $workers, $workers, blocked);
            }
            #[test]
            fn poll_one_driver() {
                on(Dispatcher::Poll, $workers, 1, blocked);
            }
            #[test]
            fn poll_each_a_driver() {
                on(Dispatcher::Poll, $workers, $workers, blocked);
            }
        })+
    };
}

blocked! {
    one_of_two_sleeps: 1 of 2, sleep;
    one_of_two_spins: 1 of 2, spin;
    one_of_four_spins: 1 of 4, spin;
    three_of_four_sleep: 3 of 4, sleep;
}
