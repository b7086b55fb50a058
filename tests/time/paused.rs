//! The paused clock on a whole runtime.

use std::future::poll_fn;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use fend::net::{TcpListener, TcpStream};
use fend::time::{self, advance, interval, sleep, sleep_until, timeout};

use crate::shape::Shape;

on_every_shape!(
    hours_pass_at_once_and_in_order,
    time_stands_while_a_blocking_job_runs,
    what_a_job_wakes_runs_before_time_goes_on,
    two_threads_in_block_on_share_the_clock,
    a_woken_guest_does_not_stop_the_clock_for_good,
    an_echo_in_flight_does_not_time_out,
    an_idle_listener_does_not_stop_the_clock,
    tasks_on_other_workers_are_waited_for,
    a_resumed_clock_runs_on,
    ticks_of_a_day,
);

const HOUR: Duration = Duration::from_secs(3600);

fn hours_pass_at_once_and_in_order(shape: Shape) {
    let real = Instant::now();
    shape.paused().block_on(async {
        let start = time::now();
        let order = Arc::new(Mutex::new(Vec::new()));
        let tasks: Vec<_> = [5, 3, 9, 1, 7, 2, 8, 4, 6]
            .into_iter()
            .map(|hours| {
                let order = order.clone();
                fend::spawn(async move {
                    sleep(hours * HOUR).await;
                    order.lock().expect("no panic").push(hours);
                    assert_eq!(time::now() - start, hours * HOUR);
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no panic");
        }
        assert_eq!(*order.lock().expect("no panic"), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(time::now() - start, 9 * HOUR);
    });
    assert!(real.elapsed() < HOUR);
}

fn time_stands_while_a_blocking_job_runs(shape: Shape) {
    shape.paused().block_on(async {
        let start = time::now();
        let (release, released) = mpsc::channel::<()>();
        let job = fend::spawn_blocking(move || {
            // As long as the job runs, however long that is.
            std::thread::sleep(Duration::from_millis(40));
            released.recv().expect("the task lives");
        });
        let nap = fend::spawn(sleep(HOUR));
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(40));
            release.send(()).expect("the job waits");
        });
        job.await.expect("no panic");
        assert_eq!(time::now(), start);
        nap.await.expect("no panic");
        assert_eq!(time::now() - start, HOUR);
    });
}

fn what_a_job_wakes_runs_before_time_goes_on(shape: Shape) {
    shape.paused().block_on(async {
        for _ in 0..200 {
            let nap = fend::spawn(sleep(HOUR));
            fend::yield_now().await;
            let start = time::now();
            fend::spawn_blocking(|| ()).await.expect("no panic");
            assert_eq!(time::now(), start);
            nap.abort();
        }
    });
}

fn two_threads_in_block_on_share_the_clock(shape: Shape) {
    let runtime = shape.paused();
    let start = runtime.block_on(async { time::now() });
    let handle = runtime.handle();
    let other = std::thread::spawn(move || handle.block_on(async { sleep_until(start + 2 * HOUR).await }));
    runtime.block_on(sleep_until(start + HOUR));
    other.join().expect("no panic");
    runtime.block_on(async { assert_eq!(time::now(), start + 2 * HOUR) });
}

/// A thread beside worker 0 is woken again and again, and has nothing to do with the timers. Time goes on whenever it sleeps.
fn a_woken_guest_does_not_stop_the_clock_for_good(shape: Shape) {
    const WAKES: usize = if cfg!(debug_assertions) { 2_000 } else { 20_000 };
    let runtime = shape.paused();
    let (polls, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (send_waker, wakers) = mpsc::channel::<Waker>();
    std::thread::scope(|scope| {
        let (polls, over, runtime) = (&polls, &over, &runtime);
        runtime.block_on(async {
            scope.spawn(move || {
                runtime.block_on(poll_fn(|cx| {
                    let _ = send_waker.send(cx.waker().clone());
                    polls.fetch_add(1, SeqCst);
                    if over.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
                }));
            });
            let waker = wakers.recv().expect("the guest polls");
            let pest = scope.spawn({
                let waker = waker.clone();
                move || {
                    for _ in 0..WAKES {
                        let before = polls.load(SeqCst);
                        waker.wake_by_ref();
                        while polls.load(SeqCst) == before {
                            std::thread::yield_now();
                        }
                    }
                }
            });
            while !pest.is_finished() {
                sleep(HOUR).await;
            }
            over.store(true, SeqCst);
            waker.wake();
        });
    });
}

fn an_echo_in_flight_does_not_time_out(shape: Shape) {
    shape
        .paused()
        .block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            let echo = fend::spawn(async move {
                let (stream, _) = listener.accept().await?;
                let mut buf = [0; 64];
                loop {
                    match stream.recv(&mut buf).await? {
                        0 => return io::Result::Ok(()),
                        n => stream.send_all(&buf[..n]).await?,
                    }
                }
            });
            let start = time::now();
            let limited = timeout(Duration::from_secs(5), async {
                let stream = TcpStream::connect(address).await?;
                let mut buf = [0; 4];
                for _ in 0..50 {
                    stream.send_all(b"ping").await?;
                    stream.recv_exact(&mut buf).await?;
                }
                io::Result::Ok(())
            });
            limited.await.expect("the clock stood while data was on its way")?;
            assert_eq!(time::now(), start);
            echo.await.expect("no panic")
        })
        .expect("the sockets");
}

fn an_idle_listener_does_not_stop_the_clock(shape: Shape) {
    shape
        .paused()
        .block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let accepting = fend::spawn(async move { listener.accept().await.map(drop) });
            let (start, real) = (time::now(), Instant::now());
            sleep(HOUR).await;
            assert_eq!(time::now() - start, HOUR);
            assert!(real.elapsed() >= Duration::from_millis(10), "it was given a moment first");
            accepting.abort();
            io::Result::Ok(())
        })
        .expect("the listener");
}

/// A task that is busy on some worker, and sets its timer only then, is not overtaken by a timer set before.
fn tasks_on_other_workers_are_waited_for(shape: Shape) {
    shape.paused().block_on(async {
        for _ in 0..20 {
            let start = time::now();
            let late = fend::spawn(async move {
                sleep(2 * HOUR).await;
                time::now() - start
            });
            let early = fend::spawn(async move {
                for _ in 0..100 {
                    fend::yield_now().await;
                }
                std::thread::sleep(Duration::from_millis(1));
                assert_eq!(time::now(), start, "the clock went on while this task ran");
                sleep(HOUR).await;
                time::now() - start
            });
            assert_eq!(early.await.expect("no panic"), HOUR);
            assert_eq!(late.await.expect("no panic"), 2 * HOUR);
        }
    });
}

fn a_resumed_clock_runs_on(shape: Shape) {
    shape.block_on(async {
        time::pause();
        let start = time::now();
        advance(HOUR).await;
        assert_eq!(time::now() - start, HOUR);
        time::resume();
        let (nap, real) = (Duration::from_millis(20), Instant::now());
        sleep(nap).await;
        assert!(real.elapsed() >= nap, "real time again");
        assert!(time::now() - start >= HOUR + nap);
    });
}

fn ticks_of_a_day(shape: Shape) {
    shape.paused().block_on(async {
        let start = time::now();
        let mut minutes = interval(Duration::from_secs(60));
        for minute in 0..=1440 {
            let tick = minutes.tick().await;
            assert_eq!((tick - start).as_secs(), 60 * minute);
            assert_eq!(time::now(), tick);
        }
    });
}

#[cfg(feature = "macros")]
mod by_attribute {
    use super::*;

    #[fend::test(start_paused = true)]
    async fn an_hour_in_no_time() {
        let start = time::now();
        sleep(HOUR).await;
        assert_eq!(time::now() - start, HOUR);
    }

    #[fend::test(start_paused = true, worker_threads = 2, dispatcher = "poll")]
    async fn an_hour_on_two_workers() {
        let start = time::now();
        fend::spawn(sleep(HOUR)).await.expect("no panic");
        assert_eq!(time::now() - start, HOUR);
    }
}
