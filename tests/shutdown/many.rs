//! Runtimes come and go, and leave nothing.

use std::future::pending;
use std::thread;
use std::time::{Duration, Instant};

use fend::net::TcpListener;
use fend::runtime::Builder;

on_every_shape!(undisturbed: create_and_drop_many);

fn count(directory: &str) -> usize {
    std::fs::read_dir(directory).unwrap().count()
}

fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// SD6: 1,000 for each shape; every one has run a task, a timer, a socket and a blocking job.
fn create_and_drop_many(builder: Builder) {
    let once = || {
        let runtime = builder.clone().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            drop(fend::spawn(async move { listener.accept().await.map(drop) }));
            fend::spawn(fend::time::sleep(Duration::from_micros(10))).await.unwrap();
            fend::spawn_blocking(|| ()).await.unwrap();
        });
        drop(runtime.spawn(pending::<()>()));
    };
    (0..50).for_each(|_| once());
    let base = settled();
    let memory = resident_kib();
    (0..1_000).for_each(|_| once());
    // The kernel may take its time to count out the last threads. The harness has a thread for each processor, which waits for this test to
    // end; all but ours may be new ones that were not there yet.
    let others = thread::available_parallelism().map_or(1, |all| all.get() - 1);
    let is_left = |(fds, threads): (usize, usize)| fds > base.0 || threads > base.1 + others;
    let (mut end, patience) = (look(), Instant::now() + Duration::from_secs(10));
    while is_left(end) && Instant::now() < patience {
        thread::sleep(Duration::from_millis(2));
        end = look();
    }
    assert!(!is_left(end), "(fds, threads): {base:?} before, {end:?} after");
    let grown = resident_kib().saturating_sub(memory);
    assert!(grown < 4 * 1024, "{grown} KiB more after 1,000 runtimes");
}

/// Fds and threads.
fn look() -> (usize, usize) {
    (count("/proc/self/fd"), count("/proc/self/task"))
}

/// [`look`], once the kernel has counted out the threads that have signed off.
fn settled() -> (usize, usize) {
    let mut last = look();
    for _ in 0..20 {
        thread::sleep(Duration::from_millis(2));
        let now = look();
        last = (last.0.min(now.0), last.1.min(now.1));
    }
    last
}
