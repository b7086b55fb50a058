//! Several threads in `block_on` of one runtime.

use std::future::Future;
use std::io::{Read, Write};
use std::net;
use std::sync::{Arc, Barrier, mpsc};
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use fend::net::TcpListener;
use fend::runtime::Builder;
use futures::channel::oneshot;

use super::scaled;
use crate::rest::Observed;

on_every_shape!(
    each_thread_progresses,
    the_driver_is_handed_on_when_its_owner_leaves,
    tasks_are_handed_on_when_worker_0_leaves,
    threads_come_and_go,
    a_guest_whose_worker_is_stuck,
    a_guest_that_turns_its_driver_lets_worker_0_sleep,
);

/// EX17.
fn each_thread_progresses(builder: Builder) {
    let runtime = Arc::new(builder.build().unwrap());
    let threads: Vec<_> = (0..4)
        .map(|number: u64| {
            let runtime = runtime.clone();
            thread::spawn(move || {
                runtime.block_on(async {
                    for _ in 0..50 {
                        fend::time::sleep(Duration::from_micros(100 * number)).await;
                        assert_eq!(fend::spawn(async move { number }).await.unwrap(), number);
                    }
                });
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// EX17: the first thread is worker 0 and sits in the driver. It leaves while others wait for a timer and for a socket.
fn the_driver_is_handed_on_when_its_owner_leaves(builder: Builder) {
    let runtime = Arc::new(builder.build().unwrap());
    for _ in 0..20 {
        let (leave, left) = oneshot::channel::<()>();
        let owner = {
            let runtime = runtime.clone();
            thread::spawn(move || runtime.block_on(left).unwrap())
        };
        let (address, addresses) = mpsc::channel();
        let socket = {
            let runtime = runtime.clone();
            thread::spawn(move || {
                runtime.block_on(async {
                    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                    address.send(listener.local_addr().unwrap()).unwrap();
                    let (stream, _) = listener.accept().await.unwrap();
                    let mut buf = [0; 4];
                    stream.recv_exact(&mut buf).await.unwrap();
                    stream.send_all(&buf).await.unwrap();
                });
            })
        };
        let timer = {
            let runtime = runtime.clone();
            thread::spawn(move || {
                let before = Instant::now();
                runtime.block_on(fend::time::sleep(Duration::from_millis(5)));
                before.elapsed()
            })
        };
        let mut client = net::TcpStream::connect(addresses.recv().unwrap()).unwrap();
        leave.send(()).unwrap();
        owner.join().unwrap();
        client.write_all(b"ping").unwrap();
        client.read_exact(&mut [0; 4]).unwrap();
        socket.join().unwrap();
        let slept = timer.join().unwrap();
        assert!(slept < Duration::from_secs(2), "{slept:?}: a stall");
    }
}

/// EX17: a guest waits for a task that worker 0 leaves unfinished.
fn tasks_are_handed_on_when_worker_0_leaves(builder: Builder) {
    let runtime = Arc::new(builder.build().unwrap());
    for _ in 0..50 {
        let (leave, left) = oneshot::channel::<()>();
        let both = Arc::new(Barrier::new(2));
        let first = {
            let (runtime, both) = (runtime.clone(), both.clone());
            thread::spawn(move || {
                runtime.block_on(async {
                    both.wait();
                    left.await.unwrap();
                });
            })
        };
        both.wait();
        let (end, ends) = oneshot::channel::<()>();
        let guest = {
            let runtime = runtime.clone();
            thread::spawn(move || {
                runtime.block_on(async {
                    let task = fend::spawn(async {
                        for _ in 0..100 {
                            fend::yield_now().await;
                        }
                        ends.await.unwrap();
                        fend::time::sleep(Duration::from_micros(500)).await;
                        7
                    });
                    task.await.unwrap()
                })
            })
        };
        leave.send(()).unwrap();
        end.send(()).unwrap();
        first.join().unwrap();
        assert_eq!(guest.join().unwrap(), 7);
    }
}

/// EX17: arrivals and departures at every moment.
fn threads_come_and_go(builder: Builder) {
    let rounds = scaled(100, 5_000);
    let runtime = Arc::new(builder.build().unwrap());
    let threads: Vec<_> = (0..4)
        .map(|number: usize| {
            let runtime = runtime.clone();
            thread::spawn(move || {
                for round in 0..rounds {
                    match (number + round) % 4 {
                        0 => runtime.block_on(fend::time::sleep(Duration::from_micros(50))),
                        1 => runtime.block_on(async {
                            fend::spawn(fend::time::sleep(Duration::from_micros(20))).await.unwrap();
                        }),
                        2 => runtime.block_on(async {
                            fend::spawn_local(fend::yield_now()).await.unwrap();
                            fend::spawn_blocking(|| ()).await.unwrap();
                        }),
                        _ => runtime.block_on(runtime.spawn(async {})).unwrap(),
                    }
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(runtime.metrics().tasks_alive, 0);
}

/// EX17: worker 0 is stuck in its future; a guest's own timers and sockets do not wait for it.
fn a_guest_whose_worker_is_stuck(builder: Builder) {
    let runtime = Arc::new(builder.build().unwrap());
    let (stuck, is_stuck) = mpsc::channel();
    let (go_on, goes_on) = mpsc::channel::<()>();
    let owner = {
        let runtime = runtime.clone();
        thread::spawn(move || {
            runtime.block_on(async {
                fend::time::sleep(Duration::from_millis(1)).await;
                stuck.send(()).unwrap();
                goes_on.recv().unwrap();
            });
        })
    };
    is_stuck.recv().unwrap();
    runtime.block_on(async {
        for _ in 0..20 {
            fend::time::sleep(Duration::from_millis(1)).await;
        }
    });
    go_on.send(()).unwrap();
    owner.join().unwrap();
}

/// The guest sits in the driver and worker 0 sleeps on its own. New timers are a matter between their thread and the guest.
fn a_guest_that_turns_its_driver_lets_worker_0_sleep(builder: Builder) {
    let runtime = Arc::new(builder.build().unwrap());
    let (seated, seat) = mpsc::channel();
    let (come, came) = mpsc::channel::<Observed>();
    let (rested, rests) = mpsc::channel();
    let (wake, woken) = oneshot::channel::<()>();
    let worker = {
        let runtime = runtime.clone();
        thread::spawn(move || {
            runtime.block_on(async {
                // It comes, and is worker 0, once it asks for the runtime.
                let _worker_0 = fend::Handle::current();
                seated.send(Observed::me()).unwrap();
                came.recv().unwrap().wait_for_rest();
                rested.send(()).unwrap();
                woken.await.unwrap();
            });
        })
    };
    let worker_0 = seat.recv().unwrap();
    let (leave, left) = oneshot::channel::<()>();
    let guest = {
        let runtime = runtime.clone();
        thread::spawn(move || {
            come.send(Observed::me()).unwrap();
            runtime.block_on(left).unwrap();
        })
    };
    // Before, worker 0 rests too while it waits for the guest.
    rests.recv().unwrap();
    worker_0.wait_for_rest();
    let _entered = runtime.enter();
    let mut sleeps = Vec::new();
    let mut seconds = (1_000_000..10_000_000).rev();
    // When the guest stands still outside of its driver for some milliseconds, the monitor has worker 0 attend it: so one of some tries
    // counts. A worker 0 that is woken for turns is woken in all of them.
    let slept_on = (0..10).any(|_| {
        let parks = runtime.metrics().parks();
        let turns = runtime.metrics().driver_turns();
        while runtime.metrics().driver_turns() < turns + 100 {
            // Due before all others, so that the one in the driver must hear of it, unless it is up at the moment.
            let after = Duration::from_secs(seconds.next().expect("turns"));
            let mut sleep = Box::pin(fend::time::sleep(after));
            assert!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            sleeps.push(sleep);
            thread::yield_now();
        }
        worker_0.wait_for_rest();
        runtime.metrics().parks() == parks
    });
    assert!(slept_on, "worker 0 is woken again and again");
    wake.send(()).unwrap();
    leave.send(()).unwrap();
    worker.join().unwrap();
    guest.join().unwrap();
}
