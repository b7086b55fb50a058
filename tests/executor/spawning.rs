//! Spawning: never inline, from anywhere, of any size.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::thread;

use fend::runtime::Builder;

use super::scaled;

on_every_shape!(
    a_spawn_polls_nothing_inline,
    a_future_of_two_mebibytes,
    spawns_from_many_threads,
    a_tree_of_spawns,
    background_workers_run_tasks_without_block_on,
);

/// EX13: under a lock that the task takes first thing.
fn a_spawn_polls_nothing_inline(builder: Builder) {
    let runtime = builder.build().unwrap();
    let lock = Arc::new(Mutex::new(0));
    runtime.block_on(async {
        let mut tasks = Vec::new();
        // More than a worker's queue holds, so that it overflows under the lock, too.
        for _ in 0..1_000 {
            let held = lock.lock().unwrap();
            let lock = lock.clone();
            tasks.push(fend::spawn(async move { *lock.lock().unwrap() += 1 }));
            let locked = tasks.len() % 2 == 0;
            if locked {
                let task = fend::spawn_local(async {});
                task.abort();
                drop(task);
            }
            drop(held);
        }
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(*lock.lock().unwrap(), 1_000);
}

const LARGE: usize = 2 << 20;

/// EX18: spawned where the stack is large, run and joined where it has 2 MiB.
fn a_future_of_two_mebibytes(builder: Builder) {
    let runtime = builder.thread_stack_size(LARGE).build().unwrap();
    let handle = runtime.handle();
    let spawner = move || {
        handle.spawn(async {
            let bytes = [7_u8; LARGE];
            fend::yield_now().await;
            bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>()
        })
    };
    // A debug build holds the future in the frames of several functions at once.
    let task = thread::Builder::new().stack_size(24 * LARGE).spawn(spawner).unwrap().join().unwrap();
    let joiner = move || runtime.block_on(task).unwrap();
    let sum = thread::Builder::new().stack_size(LARGE).spawn(joiner).unwrap().join().unwrap();
    assert_eq!(sum, 7 * LARGE as u64);
}

fn spawns_from_many_threads(builder: Builder) {
    let runtime = builder.build().unwrap();
    let runs = Arc::new(AtomicUsize::new(0));
    let each = scaled(1_000, 50_000);
    let spawners: Vec<_> = (0..4)
        .map(|_| {
            let (handle, runs) = (runtime.handle(), runs.clone());
            thread::spawn(move || {
                for _ in 0..each {
                    let runs = runs.clone();
                    drop(handle.spawn(async move { runs.fetch_add(1, SeqCst) }));
                }
            })
        })
        .collect();
    runtime.block_on(async {
        while runs.load(SeqCst) < 4 * each {
            fend::yield_now().await;
        }
    });
    spawners.into_iter().for_each(|spawner| spawner.join().unwrap());
}

fn a_tree_of_spawns(builder: Builder) {
    async fn node(depth: u32) -> u64 {
        if depth == 0 {
            return 1;
        }
        let children: Vec<_> = (0..4).map(|_| fend::spawn(boxed(depth - 1))).collect();
        let mut leaves = 0;
        for child in children {
            leaves += child.await.unwrap();
        }
        leaves
    }
    fn boxed(depth: u32) -> std::pin::Pin<Box<dyn Future<Output = u64> + Send>> {
        Box::pin(node(depth))
    }
    let runtime = builder.build().unwrap();
    assert_eq!(runtime.block_on(node(6)), 4096);
}

/// With more than one worker, a task runs although nobody is in `block_on`; with one it waits for somebody.
fn background_workers_run_tasks_without_block_on(builder: Builder) {
    let runtime = builder.build().unwrap();
    let task = runtime.spawn(async { thread::current().id() });
    if runtime.metrics().workers.len() > 1 {
        assert_ne!(futures::executor::block_on(task).unwrap(), thread::current().id());
    } else {
        thread::sleep(std::time::Duration::from_millis(10));
        assert!(!task.is_finished());
        assert_eq!(runtime.block_on(task).unwrap(), thread::current().id());
    }
}
