//! Nothing of a runtime is left when it is gone.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, Weak};
use std::task::Poll;
use std::thread;

use fend::runtime::Builder;
use fend::task::JoinHandle;

on_every_shape!(
    tasks_that_await_each_other_are_freed,
    tasks_in_every_state_are_freed,
    tasks_queued_while_the_last_thread_leaves_are_freed,
);

/// EX12.
fn tasks_that_await_each_other_are_freed(builder: Builder) {
    let runtime = builder.build().unwrap();
    let resource = Arc::new(());
    let freed: Weak<()> = Arc::downgrade(&resource);
    let handles: Arc<Mutex<Vec<JoinHandle<()>>>> = Arc::default();
    let (first, second) = (futures::channel::oneshot::channel(), futures::channel::oneshot::channel());
    for (receiver, number) in [(first.1, 1), (second.1, 2)] {
        let resource = resource.clone();
        let task = runtime.spawn(async move {
            let _resource = (resource, number);
            let other: JoinHandle<()> = receiver.await.unwrap();
            let _ = other.await;
        });
        handles.lock().unwrap().push(task);
    }
    let mut both = std::mem::take(&mut *handles.lock().unwrap()).into_iter();
    let _ = second.0.send(both.next().unwrap());
    let _ = first.0.send(both.next().unwrap());
    drop(resource);
    runtime.block_on(super::let_others_run());
    assert!(freed.upgrade().is_some(), "they wait for each other");
    drop(runtime);
    assert!(freed.upgrade().is_none());
}

/// Never polled, queued, idle, completed with and without a handle.
fn tasks_in_every_state_are_freed(builder: Builder) {
    let runtime = builder.build().unwrap();
    let resource = Arc::new(());
    let mut handles = Vec::new();
    runtime.block_on(async {
        for number in 0..600 {
            let resource = resource.clone();
            let task = fend::spawn(async move {
                let resource = resource;
                match number % 3 {
                    0 => std::future::pending().await,
                    1 => loop {
                        fend::yield_now().await;
                    },
                    _ => resource,
                }
            });
            if number % 2 == 0 {
                handles.push(task);
            }
        }
        fend::yield_now().await;
    });
    for _ in 0..600 {
        let resource = resource.clone();
        handles.push(runtime.spawn(async move { resource }));
    }
    drop(runtime);
    drop(handles);
    assert_eq!(Arc::strong_count(&resource), 1);
}

/// The shutdown comes while a thread is in `block_on` and has tasks in its own queue: they go when it leaves.
fn tasks_queued_while_the_last_thread_leaves_are_freed(builder: Builder) {
    let resource = Arc::new(());
    let runtime = builder
        .on_unhandled_panic({
            // Lives as long as the runtime's innermost part does.
            let resource = resource.clone();
            move |_, _| drop(resource.clone())
        })
        .build()
        .unwrap();
    let handle = runtime.handle();
    let (ready, is_ready) = std::sync::mpsc::channel();
    let (go_on, goes_on) = std::sync::mpsc::channel::<()>();
    let visitor = thread::spawn({
        let resource = resource.clone();
        move || {
            let mut tasks = Some((ready, goes_on));
            handle.block_on(poll_fn(move |_| {
                for _ in 0..40 {
                    let resource = resource.clone();
                    drop(fend::spawn(async move { drop(resource) }));
                }
                let (ready, goes_on) = tasks.take().unwrap();
                ready.send(()).unwrap();
                goes_on.recv().unwrap();
                Poll::Ready(())
            }));
        }
    });
    is_ready.recv().unwrap();
    drop(runtime);
    go_on.send(()).unwrap();
    visitor.join().unwrap();
    while Arc::strong_count(&resource) > 1 {
        thread::yield_now();
    }
}
