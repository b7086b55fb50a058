//! Nobody starves.

use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::task::Poll;
use std::time::{Duration, Instant};

use fend::net::{TcpListener, TcpStream};
use fend::runtime::Builder;
use futures::channel::mpsc;
use futures::{SinkExt, StreamExt};

use crate::noise::Noise;

on_every_shape!(undisturbed: a_heartbeat_beside_busy_tasks, a_heartbeat_beside_a_busy_socket);

const BEATS: u32 = 50;
const BEAT: Duration = Duration::from_millis(10);

/// How late one beat in five is at least: the 80th percentile. A heartbeat that starves is late at every beat, and the machine holds some up.
async fn lateness() -> Duration {
    let mut late = Vec::new();
    for _ in 0..BEATS {
        let before = Instant::now();
        fend::time::sleep(BEAT).await;
        late.push(before.elapsed().saturating_sub(BEAT));
    }
    late.sort();
    late[late.len() * 4 / 5]
}

/// EX14.
fn a_heartbeat_beside_busy_tasks(builder: Builder) {
    let runtime = builder.build().unwrap();
    runtime.block_on(async {
        let tasks = [
            fend::spawn(async {
                loop {
                    fend::yield_now().await;
                }
            }),
            fend::spawn(std::future::poll_fn(|cx| {
                cx.waker().wake_by_ref();
                Poll::<()>::Pending
            })),
        ];
        let (mut ping, mut pings) = mpsc::channel::<()>(0);
        let (mut pong, mut pongs) = mpsc::channel::<()>(0);
        let pair = [
            fend::spawn(async move { while ping.send(()).await.is_ok() && pongs.next().await.is_some() {} }),
            fend::spawn(async move { while pings.next().await.is_some() && pong.send(()).await.is_ok() {} }),
        ];
        let noise = Noise::listen(BEAT);
        let late = fend::spawn(lateness()).await.unwrap();
        tasks.into_iter().for_each(|task| task.abort());
        pair.into_iter().for_each(|task| task.abort());
        let noise = noise.worst();
        assert!(late < BEAT + noise, "{late:?} late, {noise:?} of it the machine's");
    });
}

/// EX14: a socket that always has something to read, and a task that always reads.
fn a_heartbeat_beside_a_busy_socket(builder: Builder) {
    let runtime = builder.build().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let filler = std::thread::spawn({
            let stop = stop.clone();
            move || {
                use std::io::Write;
                let mut stream = std::net::TcpStream::connect(address).unwrap();
                while !stop.load(SeqCst) && stream.write_all(&[7; 65_536]).is_ok() {}
            }
        });
        let (stream, _): (TcpStream, _) = listener.accept().await.unwrap();
        let reader = fend::spawn(async move {
            let mut bytes = 0_u64;
            // One byte at a time: the socket is never empty.
            while stream.recv(&mut [0]).await.unwrap() > 0 {
                bytes += 1;
            }
            bytes
        });
        let noise = Noise::listen(BEAT);
        let late = fend::spawn(lateness()).await.unwrap();
        stop.store(true, SeqCst);
        reader.abort();
        let _ = reader.await;
        filler.join().unwrap();
        let noise = noise.worst();
        assert!(late < BEAT + noise, "{late:?} late, {noise:?} of it the machine's");
    });
}

/// EX14: many more tasks are always ready than a worker's queue holds, and yet all of them get about as many turns.
#[test]
fn many_busy_tasks_take_turns() {
    const TASKS: usize = 2000;
    const TURNS: usize = 50;
    let runtime = Builder::new().worker_threads(1).build().unwrap();
    let turns: Vec<_> = (0..TASKS).map(|_| Arc::new(AtomicUsize::new(0))).collect();
    let total = Arc::new(AtomicUsize::new(0));
    let (done, over) = futures::channel::oneshot::channel::<()>();
    let done = Arc::new(std::sync::Mutex::new(Some(done)));
    runtime.block_on(async {
        for own in &turns {
            let (own, total, done) = (own.clone(), total.clone(), done.clone());
            drop(fend::spawn(async move {
                loop {
                    own.fetch_add(1, Relaxed);
                    if total.fetch_add(1, Relaxed) + 1 == TASKS * TURNS {
                        drop(done.lock().unwrap().take());
                    }
                    fend::yield_now().await;
                }
            }));
        }
        let _ = over.await;
    });
    let counts: Vec<_> = turns.iter().map(|turns| turns.load(Relaxed)).collect();
    let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
    assert!(*least >= TURNS / 2 && *most <= TURNS * 2, "between {least} and {most} turns");
}
