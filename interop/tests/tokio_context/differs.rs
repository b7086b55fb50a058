//! What differs from being a task of tokio's: a test for each line of the table in the guide.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::{self, LocalSet};

use crate::{complaint, inside, text_of};

/// `tokio::spawn` gives the task to tokio's thread. There it is outside any runtime of fend, so that fend's default one serves it.
async fn tasks_of_tokios_run_on_its_thread() -> io::Result<()> {
    let here = fend::Handle::current().id();
    tokio::spawn(async move {
        assert_eq!(thread::current().name(), Some("fend-tokio"));
        assert!(fend::Handle::try_current().is_none());
        assert_ne!(fend::spawn(async { fend::Handle::current().id() }).await.expect("no panic"), here);
        fend::time::sleep(Duration::from_millis(1)).await;
    })
    .await?;
    Ok(())
}

async fn its_join_handle_is_awaited_aborted_and_tells_of_panics() -> io::Result<()> {
    assert_eq!(fend::spawn(async { tokio::spawn(async { 6 * 7 }).await }).await??, 42);
    let aborted = tokio::spawn(std::future::pending::<()>());
    aborted.abort();
    assert!(aborted.await.expect_err("aborted").is_cancelled());
    let panicked = tokio::spawn(async { panic!("on purpose") }).await.expect_err("a panic");
    assert_eq!(text_of(&*panicked.into_panic()), "on purpose");
    let mut set = task::JoinSet::new();
    set.spawn(async { 1 });
    set.spawn_blocking(|| 2);
    assert_eq!(set.join_all().await.iter().sum::<i32>(), 3);
    Ok(())
}

async fn spawn_local_panics_outside_a_local_set() -> io::Result<()> {
    let text = complaint(|| task::spawn_local(async {}));
    assert!(text.contains("`spawn_local` called from outside of a `task::LocalSet`"), "{text}");
    // Inside one it works, where the set is awaited: in `block_on` and in `fend::spawn_local`.
    let id = LocalSet::new().run_until(async { task::spawn_local(async { inside() }).await }).await?;
    assert_eq!(id, inside());
    let local = fend::spawn_local(async {
        let set = LocalSet::new();
        set.spawn_local(tokio::time::sleep(Duration::from_millis(1)));
        set.await;
    });
    local.await?;
    Ok(())
}

/// It runs the closure, and the worker stands still meanwhile; others take over its tasks.
async fn block_in_place_blocks_the_worker() -> io::Result<()> {
    fend::spawn(async {
        let before = thread::current().id();
        assert_eq!(task::block_in_place(|| thread::current().id()), before);
        assert_eq!(task::block_in_place(|| Handle::current().block_on(async { 7 })), 7);
    })
    .await?;
    Ok(())
}

/// What tokio forbids in its own tasks, since the thread blocks, is not forbidden here.
async fn block_on_of_tokio_blocks_the_worker() -> io::Result<()> {
    fend::spawn(async {
        Handle::current().block_on(tokio::time::sleep(Duration::from_millis(1)));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(tokio::time::sleep(Duration::from_millis(1)));
        assert_eq!(runtime.block_on(async { inside() }), runtime.handle().id());
        let (sender, mut receiver) = mpsc::channel(1);
        sender.blocking_send(5).expect("a receiver");
        assert_eq!(receiver.blocking_recv(), Some(5));
    })
    .await?;
    Ok(())
}

/// It waits for what the runtime's blocking pool has begun, in a task of fend as anywhere outside tokio.
async fn a_runtime_of_tokios_is_dropped_in_a_task() -> io::Result<()> {
    fend::spawn(async {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let task = runtime.spawn(std::future::pending::<()>());
        drop(runtime);
        assert!(task.await.expect_err("the end").is_cancelled());
    })
    .await?;
    Ok(())
}

/// Tokio's clock is paused only in its `current_thread` runtimes.
async fn pausing_tokios_clock_panics() -> io::Result<()> {
    let text = complaint(tokio::time::pause);
    assert!(text.contains("`current_thread`"), "{text}");
    Ok(())
}

/// Fend's paused clock moves only fend's timers: tokio's take their time.
async fn fends_paused_clock_does_not_move_tokios_timers() -> io::Result<()> {
    const LONG: Duration = Duration::from_secs(3600);
    const SHORT: Duration = Duration::from_millis(20);
    fend::time::pause();
    let begun = Instant::now();
    let elapsed = fend::time::timeout(LONG, tokio::time::sleep(LONG)).await;
    assert!(elapsed.is_err(), "fend's timer was the next, and tokio's an hour away");
    let begun_short = Instant::now();
    tokio::time::sleep(SHORT).await;
    assert!(begun_short.elapsed() >= SHORT);
    assert!(begun.elapsed() < LONG);
    fend::time::resume();
    Ok(())
}

/// A task of fend has no id in tokio, and its number there is nobody's.
async fn a_task_of_fend_has_no_id_of_tokios() -> io::Result<()> {
    fend::spawn(async {
        assert_eq!(task::try_id(), None);
        let text = complaint(task::id);
        assert!(text.contains("not inside a task"), "{text}");
    })
    .await?;
    assert!(tokio::spawn(async { task::try_id() }).await?.is_some());
    Ok(())
}

/// Counts the polls that `future` takes.
async fn polls<F: Future>(future: F) -> usize {
    let mut future = pin!(future);
    let mut count = 0;
    poll_fn(|cx| {
        count += 1;
        future.as_mut().poll(cx).map(drop)
    })
    .await;
    count
}

/// Tokio's budget makes its own tasks give way when they find everything ready. It does not count in a task of fend, whose budget is
/// that of fend's I/O.
async fn tokios_budget_does_not_count() -> io::Result<()> {
    async fn receive_all() {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        (0..10_000).for_each(|n| sender.send(n).expect("a receiver"));
        drop(sender);
        while receiver.recv().await.is_some() {}
    }
    assert_eq!(fend::spawn(polls(receive_all())).await?, 1);
    assert!(tokio::spawn(polls(receive_all())).await? > 10);
    fend::spawn(async {
        assert!(task::coop::has_budget_remaining());
        for _ in 0..1000 {
            assert_eq!(polls(task::consume_budget()).await, 1);
        }
        // This one gives way all the same.
        assert_eq!(polls(task::yield_now()).await, 2);
    })
    .await?;
    Ok(())
}

/// Tokio's pool for blocking calls is not fend's.
async fn blocking_jobs_run_on_threads_of_tokios() -> io::Result<()> {
    let name = || thread::current().name().map(str::to_owned);
    assert_eq!(task::spawn_blocking(name).await?.as_deref(), Some("fend-tokio"));
    assert!(fend::spawn_blocking(name).await?.is_some_and(|name| name.contains("-blocking-")));
    Ok(())
}

/// Another runtime that is entered counts for all that runs on this thread until the guard is dropped.
async fn another_runtime_of_tokios_is_entered() -> io::Result<()> {
    let other = tokio::runtime::Builder::new_current_thread().build()?;
    let ours = inside();
    let entered = other.enter();
    assert_eq!(inside(), other.handle().id());
    assert_eq!(fend::block_on(async { inside() }), other.handle().id());
    drop(entered);
    assert_eq!(inside(), ours);
    Ok(())
}

/// Under tokio's own `block_on`, what blocks is forbidden as always: that runtime is the thread's.
#[test]
fn under_tokio_its_rules_hold() {
    let users = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
    users.block_on(async {
        let text = complaint(|| fend::block_on(async { Handle::current().block_on(async {}) }));
        assert!(text.contains("Cannot start a runtime from within a runtime"), "{text}");
    });
}

/// Futures of both kinds are waited for together, and polled outside of any task of tokio's.
async fn select_and_pinned_futures_of_tokio() -> io::Result<()> {
    let mut sleep = pin!(tokio::time::sleep(Duration::from_millis(1)));
    let first = tokio::select! {
        biased;
        () = std::future::pending() => "never",
        () = &mut sleep => "tokio",
        () = fend::time::sleep(Duration::from_secs(3600)) => "fend",
    };
    assert_eq!(first, "tokio");
    let ready =
        poll_fn(|cx| Poll::Ready(pin!(tokio::time::sleep(Duration::from_secs(3600))).poll(cx).is_pending()));
    assert!(ready.await);
    Ok(())
}

on_every_dispatcher!(
    tasks_of_tokios_run_on_its_thread,
    its_join_handle_is_awaited_aborted_and_tells_of_panics,
    spawn_local_panics_outside_a_local_set,
    block_in_place_blocks_the_worker,
    block_on_of_tokio_blocks_the_worker,
    a_runtime_of_tokios_is_dropped_in_a_task,
    pausing_tokios_clock_panics,
    fends_paused_clock_does_not_move_tokios_timers,
    a_task_of_fend_has_no_id_of_tokios,
    tokios_budget_does_not_count,
    blocking_jobs_run_on_threads_of_tokios,
    another_runtime_of_tokios_is_entered,
    select_and_pinned_futures_of_tokio,
);
