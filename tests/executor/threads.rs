//! Which threads there are, and which of them run tasks.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use fend::runtime::Builder;

use super::environment::in_a_child;

on_every_shape!(with_one_worker_no_other_thread_runs_tasks);

fn with_one_worker_no_other_thread_runs_tasks(builder: Builder) {
    let runtime = builder.worker_threads(1).drivers(1).build().unwrap();
    let seen = Arc::new(Mutex::new(HashSet::new()));
    runtime.block_on(async {
        let tasks: Vec<_> = (0..200)
            .map(|_| {
                let seen = seen.clone();
                fend::spawn(async move {
                    for _ in 0..5 {
                        seen.lock().unwrap().insert(thread::current().id());
                        fend::time::sleep(Duration::from_micros(50)).await;
                        fend::spawn_blocking(|| ()).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(*seen.lock().unwrap(), HashSet::from([thread::current().id()]));
}

/// The number of threads of this process, as the kernel counts.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// A plain `block_on` costs no thread; the first spawn starts the others.
#[test]
fn threads_start_with_the_first_spawn() {
    in_a_child("threads::child_counts_threads", &[]);
}

#[test]
#[ignore = "counts the threads of a process of its own"]
fn child_counts_threads() {
    let before = threads();
    fend::block_on(async {
        fend::time::sleep(Duration::from_millis(1)).await;
        let listener = fend::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (client, server) = futures::join!(fend::net::TcpStream::connect(address), listener.accept());
        client.unwrap().send_all(b"ping").await.unwrap();
        server.unwrap().0.recv_exact(&mut [0; 4]).await.unwrap();
        fend::spawn_local(async {}).await.unwrap();
        assert_eq!(threads(), before, "sleep, sockets and local tasks cost no thread");
    });
    let runtime = Builder::new().worker_threads(4).build().unwrap();
    runtime.block_on(fend::time::sleep(Duration::from_millis(1)));
    assert_eq!(threads(), before, "a runtime has no threads at first");
    runtime.block_on(async {
        fend::spawn(async {}).await.unwrap();
        // Three workers and the monitor.
        assert_eq!(threads(), before + 4);
        fend::spawn(async {}).await.unwrap();
        assert_eq!(threads(), before + 4);
    });
    assert!(runtime.shutdown_timeout(Duration::from_secs(5)).is_clean());
    while threads() > before {
        thread::yield_now();
    }
    let single = Builder::new().worker_threads(1).build().unwrap();
    single.block_on(async { fend::spawn(async {}).await.unwrap() });
    assert_eq!(threads(), before, "the single-threaded runtime needs no thread");
}
