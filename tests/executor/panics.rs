//! Panics of tasks stay theirs.
//!
//! Most panics here are raised by `resume_unwind`, which does not print.

use std::panic::resume_unwind;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, mpsc};

use fend::runtime::Builder;
use fend::task;

use super::scaled;

on_every_shape!(
    ten_thousand_panics_leave_the_workers_alone,
    a_panic_in_a_destructor_during_abort_is_joined,
    a_panic_in_an_unwanted_output_is_swallowed,
    a_panic_can_be_resumed_by_who_joins,
    the_error_names_task_and_place,
    the_hook_hears_of_panics_that_nobody_joins,
    a_panic_in_block_on_leaves_the_runtime_usable,
);

/// The number of threads of this process whose names begin with `prefix`. One that has ended meanwhile has no name any more.
fn threads(prefix: &str) -> usize {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let names =
        threads.flatten().filter_map(|thread| std::fs::read_to_string(thread.path().join("comm")).ok());
    names.filter(|name| name.starts_with(prefix)).count()
}

/// EX5. The payload comes through, beside tasks that go on. Other tests' threads come and go, so those of this runtime are counted.
fn ten_thousand_panics_leave_the_workers_alone(builder: Builder) {
    static RUNTIMES: AtomicUsize = AtomicUsize::new(0);
    let panics = scaled(1_000, 10_000);
    let name = format!("pa{}-", RUNTIMES.fetch_add(1, SeqCst));
    let runtime = builder.thread_name(&name).build().unwrap();
    let bystander = Arc::new(AtomicUsize::new(0));
    runtime.block_on(async {
        let counter = bystander.clone();
        let other = fend::spawn(async move {
            loop {
                counter.fetch_add(1, SeqCst);
                fend::yield_now().await;
            }
        });
        for number in 0..panics {
            let polled_before = number % 2 == 0;
            let error = fend::spawn(async move {
                if polled_before {
                    fend::yield_now().await;
                }
                resume_unwind(Box::new(number));
            })
            .await
            .unwrap_err();
            assert!(error.is_panic() && !error.is_cancelled());
            assert_eq!(error.into_panic().downcast_ref(), Some(&number));
        }
        let seen = bystander.load(SeqCst);
        while bystander.load(SeqCst) < seen + 10 {
            fend::yield_now().await;
        }
        other.abort();
        assert!(other.await.unwrap_err().is_cancelled());
    });
    // The other worker and the monitor.
    assert!(threads(&name) <= 2, "{} threads", threads(&name));
}

/// Panics when it is dropped.
struct Bomb(&'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        resume_unwind(Box::new(self.0));
    }
}

/// EX6.
fn a_panic_in_a_destructor_during_abort_is_joined(builder: Builder) {
    let runtime = builder.build().unwrap();
    runtime.block_on(async {
        for started in [false, true] {
            let (begun, begin) = futures::channel::oneshot::channel();
            let bomb = Bomb("in drop");
            let task = fend::spawn(async move {
                let _bomb = bomb;
                begun.send(()).unwrap();
                std::future::pending::<()>().await;
            });
            if started {
                begin.await.unwrap();
            }
            task.abort();
            let error = task.await.unwrap_err();
            assert_eq!(error.into_panic().downcast_ref(), Some(&"in drop"));
        }
        assert_eq!(fend::spawn(async { 7 }).await.unwrap(), 7);
    });
}

/// EX7: and nothing of the task is left.
fn a_panic_in_an_unwanted_output_is_swallowed(builder: Builder) {
    let runtime = builder.build().unwrap();
    let resource = Arc::new(());
    runtime.block_on(async {
        for _ in 0..100 {
            let resource = resource.clone();
            drop(fend::spawn(async move { (Bomb("in output"), resource) }));
        }
        while fend::Handle::current().metrics().tasks_alive > 0 || Arc::strong_count(&resource) > 1 {
            fend::yield_now().await;
        }
        assert_eq!(fend::spawn(async { 7 }).await.unwrap(), 7);
    });
}

fn a_panic_can_be_resumed_by_who_joins(builder: Builder) {
    let runtime = builder.build().unwrap();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        runtime.block_on(async {
            let task = fend::spawn(async { resume_unwind(Box::new(String::from("mine"))) });
            let error: task::JoinError = task.await.unwrap_err();
            error.resume_unwind()
        })
    }));
    let payload: Box<dyn std::any::Any + Send> = caught.unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&String::from("mine")));
    assert_eq!(runtime.block_on(async { 7 }), 7);
}

fn the_error_names_task_and_place(builder: Builder) {
    let runtime = builder.build().unwrap();
    runtime.block_on(async {
        let line = line!() + 1;
        let task = task::Builder::new().name("counter").spawn(async { resume_unwind(Box::new("no more")) });
        let error = task.await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("task \"counter\" spawned at {}:{line}:{} panicked: no more", file!(), 57)
        );
        let line = line!() + 1;
        let task = fend::spawn(std::future::pending::<()>());
        task.abort();
        let error = task.await.unwrap_err().to_string();
        assert_eq!(error, format!("task spawned at {}:{line}:20 was cancelled", file!()));
    });
}

fn the_hook_hears_of_panics_that_nobody_joins(builder: Builder) {
    let (heard, hears) = mpsc::channel();
    let builder = builder.on_unhandled_panic(move |info, payload| {
        let payload = *payload.downcast::<u32>().unwrap();
        heard.send((info.name.map(String::from), info.spawned_at.line(), payload)).unwrap();
        resume_unwind(Box::new("the hook's own panic is swallowed"));
    });
    let runtime = builder.build().unwrap();
    runtime.block_on(async {
        let line = line!() + 1;
        drop(task::Builder::new().name("lonely").spawn(async { resume_unwind(Box::new(1_u32)) }));
        while fend::Handle::current().metrics().tasks_alive > 0 {
            fend::yield_now().await;
        }
        let waited = fend::spawn_blocking(move || (hears.recv().unwrap(), hears)).await.unwrap();
        let (first, hears) = waited;
        assert_eq!(first, (Some(String::from("lonely")), line, 1));
        let joined = fend::spawn(async { resume_unwind(Box::new(2_u32)) });
        assert!(joined.await.unwrap_err().is_panic());
        assert!(hears.try_recv().is_err(), "who joins has heard of it");
        drop(fend::spawn_blocking(|| resume_unwind(Box::new(3_u32))));
        let third = fend::spawn_blocking(move || hears.recv().unwrap()).await.unwrap();
        assert_eq!((third.0, third.2), (None, 3));
    });
}

/// The future of `block_on` itself panics: its thread leaves in good order.
fn a_panic_in_block_on_leaves_the_runtime_usable(builder: Builder) {
    let runtime = builder.build().unwrap();
    for _ in 0..100 {
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            runtime.block_on(async {
                fend::yield_now().await;
                resume_unwind(Box::new(()));
            })
        }));
        assert!(caught.is_err());
        assert_eq!(runtime.block_on(runtime.spawn(async { 7 })).unwrap(), 7);
    }
}
