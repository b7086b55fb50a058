//! `block_on` inside `block_on`.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use fend::Handle;
use fend::io::AsyncFd;
use fend::runtime::Builder;

on_every_shape!(
    in_the_future_of_block_on,
    in_a_task,
    in_a_blocking_job,
    on_another_runtime_and_back,
    inside_an_entered_runtime,
    awaiting_a_task_of_the_same_runtime,
    many_tasks_at_once,
    too_deep_panics_and_the_runtime_survives,
    a_foreign_block_on_in_a_task,
    an_executor_that_spins_in_a_task,
);

/// EX16: timers and spawned tasks make progress inside.
async fn something() -> u32 {
    fend::time::sleep(Duration::from_millis(1)).await;
    fend::spawn(async {
        fend::yield_now().await;
        7
    })
    .await
    .unwrap()
}

/// EX16.
fn in_the_future_of_block_on(builder: Builder) {
    let runtime = builder.build().unwrap();
    let handle = runtime.handle();
    let result = runtime.block_on(async { handle.block_on(async { handle.block_on(something()) + 1 }) + 1 });
    assert_eq!(result, 9);
}

/// EX16.
fn in_a_task(builder: Builder) {
    let runtime = builder.build().unwrap();
    let task = runtime.spawn(async { Handle::current().block_on(something()) });
    assert_eq!(runtime.block_on(task).unwrap(), 7);
    let local = runtime.block_on(async { fend::spawn_local(async { fend::block_on(something()) }).await });
    assert_eq!(local.unwrap(), 7);
}

/// EX16.
fn in_a_blocking_job(builder: Builder) {
    let runtime = builder.build().unwrap();
    let job = runtime.spawn_blocking(|| fend::block_on(something()));
    assert_eq!(runtime.block_on(job).unwrap(), 7);
    // And while nobody else is in `block_on`.
    let job = runtime.spawn_blocking(|| fend::block_on(something()));
    assert_eq!(futures::executor::block_on(job).unwrap(), 7);
}

/// EX16: the thread is worker 0 of both; what it does for the first one goes on inside the second one's `block_on`.
fn on_another_runtime_and_back(builder: Builder) {
    let first = builder.clone().build().unwrap();
    let second = builder.build().unwrap();
    let (first_handle, second_handle) = (first.handle(), second.handle());
    let result = first.block_on(async {
        assert_eq!(second_handle.block_on(something()), 7);
        second_handle.block_on(async { first_handle.block_on(something()) })
    });
    assert_eq!(result, 7);
    // Both are as good as before.
    assert_eq!(first.block_on(something()) + second.block_on(something()), 14);
}

/// EX16: a guard in between changes nothing.
fn inside_an_entered_runtime(builder: Builder) {
    let runtime = builder.clone().build().unwrap();
    let other = builder.build().unwrap();
    let handle = runtime.handle();
    runtime.block_on(async {
        {
            let _same = handle.enter();
            assert_eq!(handle.block_on(something()), 7);
            let _other = other.enter();
            assert_eq!(handle.block_on(something()), 7);
        }
        assert_eq!(handle.block_on(something()), 7);
    });
    // A guard that is dropped too late, after its `block_on`: misuse, but no reason for anything to hang.
    let late = runtime.block_on(async { handle.enter() });
    assert_eq!(runtime.block_on(something()), 7);
    drop(late);
    assert_eq!(runtime.block_on(something()), 7);
    assert_eq!(runtime.block_on(something()), 7);
    let elsewhere = std::thread::spawn(move || handle.block_on(something()));
    assert_eq!(elsewhere.join().unwrap(), 7);
}

/// EX16: the awaited task was spawned outside, before; with one worker only this very thread can run it.
fn awaiting_a_task_of_the_same_runtime(builder: Builder) {
    let runtime = builder.build().unwrap();
    let handle = runtime.handle();
    for _ in 0..100 {
        let task = runtime.spawn(something());
        let outer = {
            let handle = handle.clone();
            runtime.spawn(async move { handle.block_on(task).unwrap() })
        };
        assert_eq!(runtime.block_on(outer).unwrap(), 7);
    }
}

/// EX16: a dozen tasks, each of which blocks on something of its own.
fn many_tasks_at_once(builder: Builder) {
    let runtime = builder.build().unwrap();
    let tasks: Vec<_> =
        (0..12).map(|_| runtime.spawn(async { Handle::current().block_on(something()) })).collect();
    for task in tasks {
        assert_eq!(runtime.block_on(task).unwrap(), 7);
    }
}

fn nest(handle: &Handle, levels: u32) {
    if levels > 0 {
        handle.block_on(async { nest(handle, levels - 1) });
    }
}

/// EX16: 32 levels are fine, the 33rd is refused.
fn too_deep_panics_and_the_runtime_survives(builder: Builder) {
    let runtime = builder.build().unwrap();
    let handle = runtime.handle();
    for _ in 0..3 {
        nest(&handle, 32);
        let panic = catch_unwind(AssertUnwindSafe(|| nest(&handle, 33))).unwrap_err();
        let message = panic.downcast::<String>().unwrap();
        assert!(message.contains("nested 32 levels deep") && message.contains(".await"), "{message}");
        assert_eq!(runtime.block_on(something()), 7);
    }
}

/// EX16: somebody else's `block_on` knows nothing of the worker whose thread it takes.
fn a_foreign_block_on_in_a_task(builder: Builder) {
    let runtime = builder.build().unwrap();
    runtime.block_on(async {
        futures::executor::block_on(fend::time::sleep(Duration::from_millis(1)));
        smol::block_on(fend::time::sleep(Duration::from_millis(1)));
    });
    let task = runtime.spawn(async {
        smol::block_on(fend::time::sleep(Duration::from_millis(1)));
        futures::executor::block_on(fend::time::sleep(Duration::from_millis(1)));
    });
    runtime.block_on(task).unwrap();
}

/// EX16: it polls on with a waker that wakes nobody, and the worker does not come back to attend the driver.
fn an_executor_that_spins_in_a_task(builder: Builder) {
    builder.build().unwrap().block_on(async {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let fd = AsyncFd::new(ours).unwrap();
        let mut readable = pin!(fd.readable());
        let mut cx = Context::from_waker(Waker::noop());
        assert!(readable.as_mut().poll(&mut cx).is_pending());
        theirs.write_all(b"x").unwrap();
        while readable.as_mut().poll(&mut cx).is_pending() {
            thread::yield_now();
        }
    });
}
