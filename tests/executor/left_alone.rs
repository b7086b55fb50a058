//! What nobody looks after at a moment is found: by an idle worker, by whoever sits in `block_on`, else by the monitor. Where there is
//! nothing to find, the monitor sleeps.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc;
use std::thread;

use fend::Runtime;
use fend::io::AsyncFd;
use fend::runtime::Builder;
use futures::channel::oneshot;

use crate::rest::Observed;
use crate::shape::Shape;

on_every_shape!(
    a_task_beside_a_future_that_blocks,
    a_seat_beside_a_guest_that_is_stuck,
    a_driver_that_its_worker_left,
    the_monitor_rests_after_waits_from_outside,
    the_monitor_rests_while_nobody_is_there_to_run_tasks,
);

/// A runtime, and the name of its monitor's thread, which no other runtime's has.
fn with_known_monitor(builder: Builder) -> (Runtime, String) {
    static RUNTIMES: AtomicUsize = AtomicUsize::new(0);
    let name = format!("la{}", RUNTIMES.fetch_add(1, Relaxed));
    let monitor = format!("{name}-monitor");
    (builder.thread_name(name).build().unwrap(), monitor)
}

/// EX15: the monitor sleeps without end when a thread comes as worker 0, spawns a task and blocks. One worker more than the
/// shape has, so that somebody is left to run the task.
fn a_task_beside_a_future_that_blocks(shape: Shape) {
    let (runtime, monitor) = with_known_monitor(shape.builder().worker_threads(shape.workers + 1));
    runtime.block_on(async { fend::spawn(async {}).await.unwrap() });
    Observed::named(&monitor).wait_for_rest();
    let (ran, runs) = mpsc::channel();
    runtime.block_on(async {
        fend::spawn(async move { ran.send(()).unwrap() });
        runs.recv().unwrap();
    });
}

/// A thread in `block_on`, whose future has been polled when this returns.
fn in_block_on<T: Send + 'static>(
    runtime: &Runtime,
    future: impl Future<Output = T> + Send + 'static,
) -> (thread::JoinHandle<T>, Observed) {
    let (polled, is_polled) = mpsc::channel();
    let handle = runtime.handle();
    let thread = thread::spawn(move || {
        handle.block_on(async {
            polled.send(Observed::me()).unwrap();
            future.await
        })
    });
    (thread, is_polled.recv().unwrap())
}

/// EX17: worker 0 leaves while one thread beside it is stuck in its future, another one sleeps, and the other workers are stuck in
/// tasks. The one that sleeps takes the seat.
fn a_seat_beside_a_guest_that_is_stuck(shape: Shape) {
    let runtime = shape.build();
    let stuck_workers: Vec<_> = (1..shape.workers)
        .map(|_| {
            let (stuck, is_stuck) = mpsc::channel();
            let (go_on, goes_on) = mpsc::channel::<()>();
            runtime.spawn(async move {
                stuck.send(()).unwrap();
                let _ = goes_on.recv();
            });
            is_stuck.recv().unwrap();
            go_on
        })
        .collect();
    let (leave, left) = oneshot::channel::<()>();
    let (owner, _) = in_block_on(&runtime, left);
    let (go_on, goes_on) = mpsc::channel::<()>();
    let (stuck_guest, _) = in_block_on(&runtime, async move { goes_on.recv().is_err() });
    let (end, ends) = oneshot::channel::<()>();
    let (idle_guest, idle) = in_block_on(&runtime, ends);
    idle.wait_for_rest();
    leave.send(()).unwrap();
    owner.join().unwrap().unwrap();

    let (ran, runs) = mpsc::channel();
    runtime.spawn(async move { ran.send(()).unwrap() });
    runs.recv().unwrap();
    drop((go_on, stuck_workers));
    end.send(()).unwrap();
    idle_guest.join().unwrap().unwrap();
    assert!(stuck_guest.join().unwrap(), "it was stuck until now");
}

/// A driver with sources is always attended. Worker 0 leaves a source in its own, and the workers that stay have drivers of
/// their own, or share them when they are more. While one of them attends, the monitor need not: it rests.
fn a_driver_that_its_worker_left(shape: Shape) {
    let builder = shape.builder().worker_threads(shape.workers + 1).drivers(shape.drivers + 1);
    let (runtime, monitor) = with_known_monitor(builder);
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    let fd = runtime.block_on(async {
        let fd = AsyncFd::new(ours).unwrap();
        assert!(futures::poll!(pin!(fd.readable())).is_pending());
        fd
    });
    let (came, comes) = mpsc::channel();
    runtime.spawn(async move {
        loop {
            fd.read_with(|mut stream| stream.read_exact(&mut [0])).await.unwrap();
            came.send(()).unwrap();
        }
    });
    let monitor = Observed::named(&monitor);
    for _ in 0..3 {
        monitor.wait_for_rest();
        theirs.write_all(b"x").unwrap();
        comes.recv().unwrap();
    }
}

/// What it served is over.
fn the_monitor_rests_after_waits_from_outside(shape: Shape) {
    let (runtime, monitor) = with_known_monitor(shape.builder());
    let entered = runtime.enter();
    futures::executor::block_on(fend::time::sleep(std::time::Duration::from_millis(1)));
    drop(entered);
    Observed::named(&monitor).wait_for_rest();
}

/// With one worker, tasks wait for the next `block_on`: those that were spawned from outside, and those that one left behind. With
/// more, they have run soon.
fn the_monitor_rests_while_nobody_is_there_to_run_tasks(shape: Shape) {
    let (runtime, monitor) = with_known_monitor(shape.builder());
    let entered = runtime.enter();
    futures::executor::block_on(fend::time::sleep(std::time::Duration::from_millis(1)));
    drop(entered);
    let left_behind = runtime.block_on(async {
        [(); 3].map(|()| {
            fend::spawn(async {
                for _ in 0..3 {
                    fend::yield_now().await;
                }
            })
        })
    });
    let spawned = runtime.spawn(async {});
    // A visit rouses the monitor, if it should sleep already.
    runtime.block_on(async {});
    Observed::named(&monitor).wait_for_rest();
    runtime.block_on(async {
        for task in left_behind {
            task.await.unwrap();
        }
        spawned.await.unwrap();
    });
}
