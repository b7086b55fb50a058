//! `spawn_local`: tasks that stay at home.

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;

use fend::runtime::Builder;
use futures::channel::oneshot;

on_every_shape!(
    local_tasks_stay_on_their_thread,
    local_tasks_end_with_their_block_on,
    local_tasks_of_a_background_worker,
    spawn_local_without_a_home_panics_clearly,
    local_tasks_of_a_guest,
);

fn local_tasks_stay_on_their_thread(builder: Builder) {
    let runtime = builder.build().unwrap();
    runtime.block_on(async {
        let home = thread::current().id();
        let runs = Rc::new(Cell::new(0));
        let tasks: Vec<_> = (0..20)
            .map(|number: u64| {
                let runs = runs.clone();
                fend::spawn_local(async move {
                    for turn in 0..20 {
                        assert_eq!(thread::current().id(), home);
                        runs.set(runs.get() + 1);
                        match turn % 3 {
                            0 => fend::yield_now().await,
                            1 => fend::spawn(async {}).await.unwrap(),
                            _ => fend::spawn_blocking(|| ()).await.unwrap(),
                        }
                    }
                    number
                })
            })
            .collect();
        for (number, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.await.unwrap(), number as u64);
        }
        assert_eq!(runs.get(), 400);
    });
}

fn local_tasks_end_with_their_block_on(builder: Builder) {
    let runtime = builder.build().unwrap();
    let resource = Rc::new(());
    let held = resource.clone();
    let (task,) = runtime.block_on(async move {
        let task = fend::spawn_local(async move {
            let _held = held;
            pending::<()>().await;
        });
        fend::yield_now().await;
        (task,)
    });
    assert_eq!(Rc::strong_count(&resource), 1);
    assert!(runtime.block_on(task).unwrap_err().is_cancelled());
}

fn local_tasks_of_a_background_worker(builder: Builder) {
    let runtime = builder.worker_threads(2).build().unwrap();
    let resource = Arc::new(());
    let held = resource.clone();
    // Nobody is in `block_on`: worker 1 runs this.
    let (home, homes) = std::sync::mpsc::channel();
    runtime.spawn(async move {
        home.send(thread::current().id()).unwrap();
        fend::spawn_local(async move {
            let _held = (held, Rc::new(()));
            fend::yield_now().await;
            home.send(thread::current().id()).unwrap();
            pending::<()>().await;
        });
    });
    assert_eq!(homes.recv().unwrap(), homes.recv().unwrap());
    drop(runtime);
    assert_eq!(Arc::strong_count(&resource), 1);
}

fn spawn_local_without_a_home_panics_clearly(builder: Builder) {
    let runtime = builder.build().unwrap();
    let message = |payload: Box<dyn std::any::Any + Send>| *payload.downcast::<&str>().unwrap();
    let outside = thread::spawn(|| drop(fend::spawn_local(async {}))).join().unwrap_err();
    assert!(message(outside).contains("inside fend::block_on or a task"));
    let job = runtime.spawn_blocking(|| drop(fend::spawn_local(async {})));
    let error = runtime.block_on(job).unwrap_err();
    assert!(message(error.into_panic()).contains("inside fend::block_on or a task"));
}

/// A second thread in `block_on` runs its own local tasks, whoever is worker 0.
fn local_tasks_of_a_guest(builder: Builder) {
    let runtime = Arc::new(builder.build().unwrap());
    let (leave, left) = oneshot::channel::<()>();
    let guest = runtime.clone();
    runtime.block_on(async {
        let guest = thread::spawn(move || {
            guest.block_on(async {
                let home = thread::current().id();
                let task = fend::spawn_local(async move {
                    for _ in 0..50 {
                        fend::time::sleep(std::time::Duration::from_micros(200)).await;
                        fend::spawn(async {}).await.unwrap();
                        assert_eq!(thread::current().id(), home);
                    }
                });
                task.await.unwrap();
                leave.send(()).unwrap();
            });
        });
        left.await.unwrap();
        fend::spawn_blocking(move || guest.join().unwrap()).await.unwrap();
    });
}
