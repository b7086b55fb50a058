//! A pool whose threads all sleep.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fend::net::{TcpListener, TcpStream};
use fend::runtime::Builder;

use super::gate::Gate;

on_each_dispatcher!(
    sleepers_hold_up_neither_timers_nor_sockets,
    jobs_behind_sleepers_begin_in_order,
    a_full_queue_refuses,
    a_job_that_waits_for_the_next_one_gets_a_second_thread,
    many_jobs_are_all_run,
);

/// RX3.
fn sleepers_hold_up_neither_timers_nor_sockets(builder: Builder) {
    let runtime = builder.max_blocking_threads(4).build().unwrap();
    runtime.block_on(async {
        let gate = Gate::default();
        let sleepers: Vec<_> = (0..20).map(|_| fend::spawn_blocking(gate.sleeper())).collect();
        gate.has_stopped(4);
        let start = Instant::now();
        for _ in 0..10 {
            fend::time::sleep(Duration::from_millis(1)).await;
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = fend::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 64];
            loop {
                match stream.recv(&mut buffer).await.unwrap() {
                    0 => break,
                    received => stream.send_all(&buffer[..received]).await.unwrap(),
                }
            }
        });
        let client = TcpStream::connect(address).await.unwrap();
        for number in 0..100_u8 {
            client.send_all(&[number]).await.unwrap();
            let mut answer = [0];
            assert_eq!(client.recv(&mut answer).await.unwrap(), 1);
            assert_eq!(answer, [number]);
        }
        drop(client);
        server.await.unwrap();
        assert!(start.elapsed() < Duration::from_secs(10));
        let metrics = runtime.metrics().blocking;
        assert_eq!((metrics.threads, metrics.running, metrics.queued), (4, 4, 16));
        gate.open();
        for sleeper in sleepers {
            sleeper.await.unwrap();
        }
    });
}

/// RX3.
fn jobs_behind_sleepers_begin_in_order(builder: Builder) {
    let runtime = builder.max_blocking_threads(1).build().unwrap();
    let gate = Gate::default();
    let sleeper = runtime.spawn_blocking(gate.sleeper());
    let order = Arc::new(Mutex::new(Vec::new()));
    let jobs: Vec<_> = (0..1000)
        .map(|number| {
            let order = order.clone();
            runtime.spawn_blocking(move || order.lock().unwrap().push(number))
        })
        .collect();
    gate.has_stopped(1);
    assert!(order.lock().unwrap().is_empty());
    gate.open();
    runtime.block_on(async {
        sleeper.await.unwrap();
        for job in jobs {
            job.await.unwrap();
        }
    });
    assert!(order.lock().unwrap().iter().copied().eq(0..1000));
}

/// RX3.
fn a_full_queue_refuses(builder: Builder) {
    let runtime = builder.max_blocking_threads(2).max_blocking_queue(3).build().unwrap();
    let gate = Gate::default();
    runtime.block_on(async {
        // Whether a thread has come for them or not.
        let taken: Vec<_> = (0..5).map(|_| fend::spawn_blocking(gate.sleeper())).collect();
        for _ in 0..3 {
            let error = fend::spawn_blocking(|| 6).await.unwrap_err();
            assert!(error.is_refused() && error.is_cancelled() && !error.is_shutdown());
            let text = error.to_string();
            assert!(text.contains("its runtime's blocking pool is full with 3 jobs"), "{text}");
        }
        assert_eq!(runtime.metrics().blocking.refused, 3);
        gate.open();
        for job in taken {
            job.await.unwrap();
        }
        assert_eq!(fend::spawn_blocking(|| 7).await.unwrap(), 7);
    });
    for count in [(0, 1), (1, 0)] {
        let builder = Builder::new().max_blocking_threads(count.0).max_blocking_queue(count.1);
        assert!(builder.build().unwrap_err().to_string().contains("is 0, but must be at least 1"));
    }
}

/// The thread that starts a job sends for the next one first: each of these waits for the one that comes after it.
fn a_job_that_waits_for_the_next_one_gets_a_second_thread(builder: Builder) {
    let runtime = builder.build().unwrap();
    for round in 0..3 {
        let barrier = Arc::new(std::sync::Barrier::new(50));
        let jobs: Vec<_> = (0..50)
            .map(|_| {
                let barrier = barrier.clone();
                runtime.spawn_blocking(move || barrier.wait().is_leader())
            })
            .collect();
        let leaders = runtime.block_on(async {
            let mut leaders = 0;
            for job in jobs {
                leaders += usize::from(job.await.unwrap());
            }
            leaders
        });
        assert_eq!(leaders, 1);
        if round == 0 {
            // Later a thread may be on its way back from its job when the next one is given.
            assert_eq!(runtime.metrics().blocking.peak_threads, 50);
        }
    }
}

fn many_jobs_are_all_run(builder: Builder) {
    let many: u64 = if cfg!(debug_assertions) { 10_000 } else { 100_000 };
    let runtime = builder.build().unwrap();
    let sum = runtime.block_on(async {
        let jobs: Vec<_> = (0..many).map(|number| fend::spawn_blocking(move || number)).collect();
        let mut sum = 0;
        for job in jobs {
            sum += job.await.unwrap();
        }
        sum
    });
    assert_eq!(sum, many * (many - 1) / 2);
    super::gate::comes_true("all are counted", || runtime.metrics().blocking.completed == many);
}
