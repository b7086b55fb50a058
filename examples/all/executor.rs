//! The executor at its borders: blocking code, other executors, workers that are stuck.

use std::cell::RefCell;
use std::error::Error;
use std::io;
use std::rc::Rc;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use fend::Handle;
use fend::net::{TcpListener, TcpStream};
use fend::runtime::BlockingPool;
use fend::time::{interval, sleep, timeout};
use futures_lite::future;

use crate::Outcome;

pub(crate) async fn blocking_pool() -> Outcome {
    const JOBS: u32 = 16;
    const EACH: Duration = Duration::from_millis(50);
    let start = Instant::now();
    let jobs: Vec<_> = (0..JOBS).map(|_| fend::spawn_blocking(|| thread::sleep(EACH))).collect();
    for job in jobs {
        job.await?;
    }
    let took = start.elapsed();
    ensure!(took < EACH * JOBS, "{JOBS} jobs took {took:?}: one after the other");
    let threads = Handle::current().metrics().blocking.threads;
    Ok(format!("{JOBS} jobs that block for 50 ms each, on {threads} threads"))
}

/// Jobs that sleep in a pool of their own hold up nobody else; and a queue that is full says so.
pub(crate) async fn own_pools() -> Outcome {
    let pool = BlockingPool::builder().name("naps").max_threads(2).max_queued(2).build()?;
    let (bell, naps_end) = mpsc::channel::<()>();
    let naps_end = Arc::new(Mutex::new(naps_end));
    let naps: Vec<_> = (0..5)
        .map(|_| {
            let naps_end = naps_end.clone();
            pool.spawn(move || drop(naps_end.lock().map(|bell| bell.recv())))
        })
        .collect();
    let start = Instant::now();
    timeout(Duration::from_secs(10), fend::spawn_blocking(|| ())).await??;
    let took = start.elapsed();
    drop(bell);
    let (mut done, mut refused) = (0, String::new());
    for nap in naps {
        match nap.await {
            Ok(()) => done += 1,
            Err(error) if error.is_refused() => refused = error.to_string(),
            Err(error) => return Err(error.into()),
        }
    }
    ensure!(done == 4 && !refused.is_empty(), "{done} naps were taken");
    let reason = refused.rsplit("refused: ").next().unwrap_or_default();
    Ok(format!("4 naps, and for the fifth {reason}; a job elsewhere took {} us", took.as_micros()))
}

pub(crate) async fn local_tasks() -> Outcome {
    let here = thread::current().id();
    let visitors = Rc::new(RefCell::new(Vec::new()));
    let tasks: Vec<_> = (0..10)
        .map(|number| {
            let visitors = visitors.clone();
            fend::spawn_local(async move {
                fend::yield_now().await;
                visitors.borrow_mut().push(number);
                thread::current().id()
            })
        })
        .collect();
    for task in tasks {
        ensure!(task.await? == here, "a local task ran on another thread");
    }
    ensure!(visitors.borrow().len() == 10, "not every task left its number");
    Ok("10 tasks shared an Rc, all on this thread".to_owned())
}

pub(crate) async fn nested_block_on() -> Outcome {
    let task = fend::spawn(async {
        // As sync code does that was called from a task, and knows nothing of it.
        fend::block_on(async {
            sleep(Duration::from_millis(5)).await;
            fend::spawn(async { 42 }).await
        })
    });
    let answer = task.await??;
    ensure!(answer == 42, "the inner task gave {answer}");
    Ok("a task called block_on, which slept and joined another task".to_owned())
}

/// Sockets and timers of this runtime, under an executor that knows nothing of fend.
pub(crate) async fn foreign_executor() -> Outcome {
    let runtime = Handle::current();
    let thread = thread::spawn(move || -> io::Result<usize> {
        let _entered = runtime.enter();
        future::block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let client = TcpStream::connect(listener.local_addr()?).await?;
            let (server, _) = listener.accept().await?;
            sleep(Duration::from_millis(5)).await;
            server.send_all(b"hello").await?;
            client.recv(&mut [0; 16]).await
        })
    });
    let received =
        fend::spawn_blocking(move || thread.join()).await?.map_err(|_| "the thread panicked")??;
    ensure!(received == 5, "received {received} bytes, not 5");
    Ok("futures_lite's block_on waited for a socket and a timer of this runtime".to_owned())
}

const STUCK: Duration = Duration::from_millis(500);

/// A task that blocks its worker must not hold up timers and I/O of the others.
pub(crate) async fn stuck_worker() -> Outcome {
    let (mut gap, mut ping) = beside_a_stuck_worker().await?;
    // The computer may have been busy with something else. What holds them up here holds them up each time.
    for _ in 0..2 {
        if gap.max(ping) >= STUCK / 2 {
            (gap, ping) = beside_a_stuck_worker().await?;
        }
    }
    ensure!(gap < STUCK / 2, "the heartbeat stood still for {gap:?}");
    ensure!(ping < STUCK / 2, "an echo took {ping:?}");
    Ok(format!(
        "500 ms in a task: 10 ms heartbeat at most {:.1} ms apart, an echo at most {:.1} ms",
        gap.as_secs_f64() * 1e3,
        ping.as_secs_f64() * 1e3
    ))
}

/// The longest time between two heartbeats, and of an echo, while a task blocks its worker.
async fn beside_a_stuck_worker() -> Result<(Duration, Duration), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    let (server, _) = listener.accept().await?;

    let heartbeat = fend::spawn(largest_gap(STUCK));
    let echo = fend::spawn(async move {
        let mut buffer = [0; 64];
        loop {
            match server.recv(&mut buffer).await? {
                0 => return io::Result::Ok(()),
                count => server.send_all(&buffer[..count]).await?,
            }
        }
    });
    let pings = fend::spawn(slowest_ping(client, STUCK));
    let stuck = fend::spawn(async { thread::sleep(STUCK) });

    let (gap, ping) = (heartbeat.await?, pings.await??);
    stuck.await?;
    echo.await??;
    Ok((gap, ping))
}

async fn largest_gap(duration: Duration) -> Duration {
    let mut beats = interval(Duration::from_millis(10));
    let (start, mut last, mut largest) = (Instant::now(), Instant::now(), Duration::ZERO);
    while start.elapsed() < duration {
        beats.tick().await;
        largest = largest.max(last.elapsed());
        last = Instant::now();
    }
    largest
}

async fn slowest_ping(stream: TcpStream, duration: Duration) -> io::Result<Duration> {
    let (start, mut slowest) = (Instant::now(), Duration::ZERO);
    while start.elapsed() < duration {
        let asked = Instant::now();
        stream.send_all(b"ping").await?;
        stream.recv_exact(&mut [0; 4]).await?;
        slowest = slowest.max(asked.elapsed());
        sleep(Duration::from_millis(1)).await;
    }
    Ok(slowest)
}

/// What the runtime counted during the parts before.
pub(crate) async fn metrics() -> Outcome {
    let metrics = Handle::current().metrics();
    ensure!(metrics.polls() > 0 && metrics.driver_events() > 0, "nothing was counted: {metrics:?}");
    Ok(format!(
        "{} polls, {} steals, {} parks, {} driver turns with {} events, {} tasks alive",
        metrics.polls(),
        metrics.steals(),
        metrics.parks(),
        metrics.driver_turns(),
        metrics.driver_events(),
        metrics.tasks_alive
    ))
}
