//! What a `JoinHandle` can do.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;

use fend::runtime::Builder;
use futures::channel::oneshot;

on_every_shape!(
    dropping_the_handle_detaches,
    is_finished_turns_true_when_the_value_is_there,
    a_handle_awaited_on_another_runtime,
    a_blocking_job_gives_value_and_panic,
    a_waiting_blocking_job_can_be_aborted,
);

fn dropping_the_handle_detaches(builder: Builder) {
    let runtime = builder.build().unwrap();
    let (go_on, goes_on) = oneshot::channel();
    let (done, is_done) = oneshot::channel();
    runtime.block_on(async {
        drop(fend::spawn(async move {
            goes_on.await.unwrap();
            done.send(7).unwrap();
        }));
        go_on.send(()).unwrap();
        assert_eq!(is_done.await, Ok(7));
    });
}

fn is_finished_turns_true_when_the_value_is_there(builder: Builder) {
    let runtime = builder.build().unwrap();
    runtime.block_on(async {
        let (end, ends) = oneshot::channel::<u32>();
        let task = fend::spawn(async move { ends.await.unwrap() });
        let abort = task.abort_handle();
        super::let_others_run().await;
        assert!(!task.is_finished() && !abort.is_finished());
        end.send(7).unwrap();
        while !task.is_finished() {
            fend::yield_now().await;
        }
        assert!(abort.is_finished());
        assert_eq!(futures::FutureExt::now_or_never(task).unwrap().unwrap(), 7);
    });
}

fn a_handle_awaited_on_another_runtime(builder: Builder) {
    let here = builder.clone().build().unwrap();
    let there = builder.worker_threads(2).build().unwrap();
    for _ in 0..200 {
        let task = there.spawn(async {
            fend::yield_now().await;
            7
        });
        assert_eq!(here.block_on(task).unwrap(), 7);
    }
}

fn a_blocking_job_gives_value_and_panic(builder: Builder) {
    let runtime = builder.build().unwrap();
    runtime.block_on(async {
        assert_eq!(fend::spawn_blocking(|| 7).await.unwrap(), 7);
        let error = fend::spawn_blocking(|| std::panic::resume_unwind(Box::new(7_u8))).await;
        assert_eq!(error.unwrap_err().into_panic().downcast_ref(), Some(&7_u8));
        // The pool is as good as before.
        assert_eq!(fend::spawn_blocking(|| 8).await.unwrap(), 8);
    });
}

fn a_waiting_blocking_job_can_be_aborted(builder: Builder) {
    let runtime = builder.max_blocking_threads(1).build().unwrap();
    let ran = Arc::new(AtomicBool::new(false));
    runtime.block_on(async {
        let (go_on, goes_on) = std::sync::mpsc::channel::<()>();
        let first = fend::spawn_blocking(move || goes_on.recv());
        let second = fend::spawn_blocking({
            let ran = ran.clone();
            move || ran.store(true, SeqCst)
        });
        let third = fend::spawn_blocking(|| 3);
        second.abort();
        go_on.send(()).unwrap();
        assert!(second.await.unwrap_err().is_cancelled());
        assert_eq!(first.await.unwrap(), Ok(()));
        assert_eq!(third.await.unwrap(), 3);
        assert!(!ran.load(SeqCst));
        let detached = fend::spawn(pending::<()>());
        drop(detached);
    });
}
