//! Aborting at every moment of a task's life.

use std::future::{pending, poll_fn};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::thread::{self, ThreadId};

use fend::runtime::Builder;
use futures::channel::oneshot;

use super::scaled;

on_every_shape!(
    abort_before_the_first_poll,
    abort_while_running,
    abort_while_idle,
    abort_after_completion,
    aborts_race_with_completion,
    a_local_task_aborted_elsewhere_is_dropped_at_home,
);

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn counted() -> (Counted, Arc<AtomicUsize>) {
    let drops = Arc::new(AtomicUsize::new(0));
    (Counted(drops.clone()), drops)
}

/// EX10. The abort comes from the thread that spawned: with one worker the task cannot have been polled.
fn abort_before_the_first_poll(builder: Builder) {
    let runtime = builder.build().unwrap();
    let alone = runtime.metrics().workers.len() == 1;
    runtime.block_on(async {
        for _ in 0..100 {
            let (counted, drops) = counted();
            let polled = Arc::new(AtomicUsize::new(0));
            let polls = polled.clone();
            let task = fend::spawn(async move {
                let _counted = counted;
                polls.fetch_add(1, SeqCst);
                pending::<()>().await;
            });
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
            assert_eq!(drops.load(SeqCst), 1);
            assert!(!alone || polled.load(SeqCst) == 0);
        }
    });
}

/// EX10: the poll that is under way goes on to its end; a value that it gives stands.
fn abort_while_running(builder: Builder) {
    let runtime = builder.build().unwrap();
    for completes in [true, false] {
        let (counted, drops) = counted();
        let (running, runs) = mpsc::channel();
        let (go_on, goes_on) = mpsc::channel::<()>();
        let task = runtime.spawn(async move {
            let _counted = counted;
            running.send(()).unwrap();
            goes_on.recv().unwrap();
            if !completes {
                pending::<()>().await;
            }
            7
        });
        let abort = task.abort_handle();
        let aborter = thread::spawn(move || {
            runs.recv().unwrap();
            abort.abort();
            assert!(!abort.is_finished());
            go_on.send(()).unwrap();
        });
        let result = runtime.block_on(task);
        aborter.join().unwrap();
        if completes {
            assert_eq!(result.unwrap(), 7);
        } else {
            assert!(result.unwrap_err().is_cancelled());
        }
        assert_eq!(drops.load(SeqCst), 1);
    }
}

/// EX10.
fn abort_while_idle(builder: Builder) {
    let runtime = builder.build().unwrap();
    runtime.block_on(async {
        let (counted, drops) = counted();
        let (idle, idles) = oneshot::channel();
        let task = fend::spawn(async move {
            let _counted = counted;
            idle.send(()).unwrap();
            pending::<()>().await;
        });
        idles.await.unwrap();
        let abort = task.abort_handle();
        thread::spawn(move || abort.abort()).join().unwrap();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(drops.load(SeqCst), 1);
    });
}

/// EX10: the value wins.
fn abort_after_completion(builder: Builder) {
    let runtime = builder.build().unwrap();
    runtime.block_on(async {
        let (counted, drops) = counted();
        let task = fend::spawn(async move {
            drop(counted);
            7
        });
        let abort = task.abort_handle();
        while !task.is_finished() {
            fend::yield_now().await;
        }
        task.abort();
        abort.abort();
        assert!(abort.is_finished());
        assert_eq!(task.await.unwrap(), 7);
        assert_eq!(drops.load(SeqCst), 1);
        abort.abort();
    });
}

/// EX10: whichever is first, the future is dropped once and the join does not hang.
fn aborts_race_with_completion(builder: Builder) {
    let runtime = builder.build().unwrap();
    let (aborts, to_abort) = mpsc::channel::<fend::task::AbortHandle>();
    let aborter = thread::spawn(move || to_abort.into_iter().for_each(|task| task.abort()));
    runtime.block_on(async {
        for round in 0..scaled(2_000, 100_000) {
            let (counted, drops) = counted();
            let mut yields = round % 4;
            let task = fend::spawn(poll_fn(move |cx| {
                let _counted = &counted;
                if yields == 0 {
                    return Poll::Ready(round);
                }
                yields -= 1;
                cx.waker().wake_by_ref();
                Poll::Pending
            }));
            aborts.send(task.abort_handle()).unwrap();
            match task.await {
                Ok(value) => assert_eq!(value, round),
                Err(error) => assert!(error.is_cancelled()),
            }
            assert_eq!(drops.load(SeqCst), 1);
        }
    });
    drop(aborts);
    aborter.join().unwrap();
}

/// Reports the thread that drops it.
struct Home(mpsc::Sender<ThreadId>, std::marker::PhantomData<*const ()>);

impl Drop for Home {
    fn drop(&mut self) {
        self.0.send(thread::current().id()).unwrap();
    }
}

/// EX11: whether it is idle, queued or about to end, and also when the runtime is dropped elsewhere.
fn a_local_task_aborted_elsewhere_is_dropped_at_home(builder: Builder) {
    let runtime = builder.build().unwrap();
    let (dropped, drops) = mpsc::channel();
    let home = thread::current().id();
    runtime.block_on(async {
        for started in [false, true] {
            let home_bound = Home(dropped.clone(), std::marker::PhantomData);
            let (begun, begins) = oneshot::channel();
            let task = fend::spawn_local(async move {
                let _home_bound = home_bound;
                begun.send(()).unwrap();
                pending::<()>().await;
            });
            if started {
                begins.await.unwrap();
            }
            let abort = task.abort_handle();
            thread::spawn(move || abort.abort()).join().unwrap();
            assert!(task.await.unwrap_err().is_cancelled());
            assert_eq!(drops.recv().unwrap(), home);
        }
    });
}
