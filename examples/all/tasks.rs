//! Tasks: started, awaited, aborted, grouped, cancelled, and fair to each other.

use std::cell::Cell;
use std::future::pending;
use std::panic;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fend::task::{CancellationToken, TaskGroup, try_scope};
use fend::time::Timer;

use crate::{Outcome, panic_text};

/// Sets a flag when the task that owns it is dropped.
struct Tell(Arc<AtomicBool>);

impl Drop for Tell {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Ends a task as `panic!` does, without a message on the terminal.
fn silent_panic(text: &'static str) -> ! {
    panic::resume_unwind(Box::new(text))
}

pub(crate) async fn spawn() -> Outcome {
    const TASKS: usize = 10_000;
    let start = Instant::now();
    let tasks: Vec<_> = (0..TASKS).map(|number| fend::spawn(async move { number })).collect();
    let spawned = start.elapsed();
    let mut sum = 0;
    for task in tasks {
        sum += task.await?;
    }
    ensure!(sum == TASKS * (TASKS - 1) / 2, "the sum of all results is {sum}");
    let each = spawned.as_nanos() / TASKS as u128;
    Ok(format!("{TASKS} tasks spawned, {each} ns each, and joined"))
}

pub(crate) async fn join() -> Outcome {
    let value = fend::spawn(async { "a value" }).await?;
    let error = fend::task::Builder::new()
        .name("clumsy")
        .spawn(async { silent_panic("fell over") })
        .await
        .expect_err("a task that panics has no value");
    ensure!(error.is_panic(), "expected a panic, not {error}");
    let panic = error.into_panic();
    Ok(format!("{value} from one task, the panic {:?} caught from another", panic_text(&*panic)))
}

pub(crate) async fn abort() -> Outcome {
    let dropped = Arc::new(AtomicBool::new(false));
    let tell = Tell(dropped.clone());
    let task = fend::spawn(async move {
        let _tell = tell;
        pending::<()>().await;
    });
    fend::yield_now().await;
    task.abort();
    let error = task.await.expect_err("a task that waits for ever has no value");
    ensure!(error.is_cancelled(), "expected a cancelled task, not {error}");
    ensure!(dropped.load(Ordering::Acquire), "the task's future is alive after its join");
    Ok("a task that waited for ever was aborted, and dropped before its join".to_owned())
}

pub(crate) async fn group() -> Outcome {
    let mut group: TaskGroup<usize> = (0..100).map(async |number| number).collect();
    let mut sum = 0;
    while let Some(number) = group.join_next().await {
        sum += number?;
    }
    ensure!(sum == 4950, "the sum of all results is {sum}");

    let dropped = Arc::new(AtomicBool::new(false));
    let tell = Tell(dropped.clone());
    group.spawn(async move {
        let _tell = tell;
        pending().await
    });
    group.shutdown().await;
    ensure!(dropped.load(Ordering::Acquire), "shutdown left a task alive");
    Ok("100 tasks joined as they ended, a pending one shut down".to_owned())
}

pub(crate) async fn scope() -> Outcome {
    let ended = Arc::new(AtomicUsize::new(0));
    let sum = fend::task::scope(async |scope| {
        let halves = [scope.spawn(async { 20 }), scope.spawn(async { 22 })];
        let mut sum = 0;
        for half in halves {
            sum += half.await.unwrap_or(0);
        }
        sum
    })
    .await;
    ensure!(sum == 42, "the children's sum is {sum}");

    let counter = ended.clone();
    let result = try_scope(async move |scope| {
        for _ in 0..9 {
            let sibling = CountsItsEnd(counter.clone());
            drop(scope.spawn(async move {
                let _sibling = sibling;
                pending::<Result<(), &str>>().await
            }));
        }
        drop(scope.spawn(async { Err::<(), _>("no more coffee") }));
        pending::<Result<(), &str>>().await
    })
    .await;
    ensure!(result == Err("no more coffee"), "the scope ended with {result:?}");
    let ended = ended.load(Ordering::Acquire);
    ensure!(ended == 9, "{ended} of 9 siblings ended before the scope");
    Ok("children joined; one's error ended 9 siblings before the scope did".to_owned())
}

struct CountsItsEnd(Arc<AtomicUsize>);

impl Drop for CountsItsEnd {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

pub(crate) async fn cancellation() -> Outcome {
    let server = CancellationToken::new();
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let request = server.child_token();
            fend::spawn(async move { request.run_until_cancelled(pending::<()>()).await })
        })
        .collect();
    server.cancel();
    for task in tasks {
        ensure!(task.await?.is_none(), "a future that waits for ever gave a value");
    }
    Ok("one token cancelled, 10 tasks with a child of it ended".to_owned())
}

/// A task that always has something to do, and a sibling on the same thread that waits for its turn.
pub(crate) async fn fairness() -> Outcome {
    let sibling_ran = || {
        let ran = Rc::new(Cell::new(false));
        let flag = ran.clone();
        fend::spawn_local(async move { flag.set(true) });
        ran
    };

    let ran = sibling_ran();
    let mut yields = 0;
    while !ran.get() {
        fend::yield_now().await;
        yields += 1;
    }

    let ran = sibling_ran();
    let mut timer = Timer::new();
    timer.set(Duration::ZERO, Duration::from_nanos(1));
    let mut waits = 0;
    while !ran.get() {
        // Ready each time: only the budget of a task makes it stop for the others.
        timer.wait().await;
        waits += 1;
    }
    Ok(format!("a sibling ran after {yields} yield_now, and after {waits} waits that were ready at once"))
}
