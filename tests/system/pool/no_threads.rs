//! The kernel gives no thread.

#![expect(unsafe_code, reason = "std cannot limit the address space")]

use std::fs;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fend::runtime::{BlockingPool, Runtime};
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, io::SeekFrom};

use super::gate::{Gate, comes_true};
use crate::alone::alone;
use crate::shape::Shape;

on_each_dispatcher!(
    without_the_first_thread_jobs_are_refused,
    without_a_later_thread_jobs_wait_for_the_others,
    without_a_thread_calls_on_files_fail_and_are_made_later,
);

/// More than [`Scarce`] leaves.
const STACK: usize = 512 << 20;

/// While it lives the process gets no more than 256 MiB of address space beside what it has: pthread_create(3) fails with EAGAIN when it
/// cannot map the stack.
struct Scarce(libc::rlimit);

impl Scarce {
    fn begin() -> Scarce {
        let mut before = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: `before` is valid for writes.
        assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_AS, &raw mut before) }, 0);
        let pages = fs::read_to_string("/proc/self/statm").unwrap();
        let used: u64 = pages.split(' ').next().unwrap().parse::<u64>().unwrap() * 4096;
        set(&libc::rlimit { rlim_cur: used + (256 << 20), ..before });
        Scarce(before)
    }
}

impl Drop for Scarce {
    fn drop(&mut self) {
        set(&self.0);
    }
}

fn set(limit: &libc::rlimit) {
    // SAFETY: `limit` is valid for reads.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, limit) }, 0);
}

fn runtime(shape: Shape) -> Runtime {
    let runtime = shape.builder().thread_stack_size(STACK).build().unwrap();
    // Its workers have their threads before.
    runtime.block_on(async { fend::spawn(async {}).await.unwrap() });
    runtime
}

/// RX2.
fn without_the_first_thread_jobs_are_refused(shape: Shape) {
    alone(shape, || {
        let pool = BlockingPool::builder().stack_size(STACK).build().unwrap();
        runtime(shape).block_on(async {
            for _ in 0..3 {
                let scarce = Scarce::begin();
                for _ in 0..100 {
                    for job in [fend::spawn_blocking(|| 1), pool.spawn(|| 1)] {
                        let error = job.await.unwrap_err();
                        assert!(error.is_refused(), "{error}");
                        assert!(
                            error.to_string().ends_with("no thread could be started to run it"),
                            "{error}"
                        );
                    }
                }
                assert!(pool.run(|| 1).await.unwrap_err().is_refused());
                // The rest of the runtime is as good as before.
                fend::time::sleep(Duration::from_millis(1)).await;
                drop(scarce);
                assert_eq!(pool.metrics().threads, 0);
            }
            assert_eq!((pool.metrics().refused, pool.metrics().queued), (303, 0));
            for job in [fend::spawn_blocking(|| 2), pool.spawn(|| 2)] {
                assert_eq!(job.await.unwrap(), 2);
            }
        });
    });
}

/// RX2.
fn without_a_later_thread_jobs_wait_for_the_others(shape: Shape) {
    alone(shape, || {
        let pool = BlockingPool::builder().stack_size(STACK).build().unwrap();
        runtime(shape).block_on(async {
            let gate = Gate::default();
            let sleeper = pool.spawn(gate.sleeper());
            gate.has_stopped(1);
            let scarce = Scarce::begin();
            let order = Arc::new(Mutex::new(Vec::new()));
            let waiting: Vec<_> = (0..100)
                .map(|number| {
                    let order = order.clone();
                    pool.spawn(move || order.lock().unwrap().push(number))
                })
                .collect();
            let metrics = pool.metrics();
            assert_eq!((metrics.threads, metrics.queued, metrics.refused), (1, 100, 0));
            gate.open();
            sleeper.await.unwrap();
            for job in waiting {
                job.await.unwrap();
            }
            assert!(order.lock().unwrap().iter().copied().eq(0..100));
            drop(scarce);
            // There are threads again, and the next job that needs one gets it.
            comes_true("the first is back", || pool.metrics().idle_threads == 1);
            let gate = Gate::default();
            let sleeper = pool.spawn(gate.sleeper());
            gate.has_stopped(1);
            assert_eq!(pool.spawn(|| 7).await.unwrap(), 7);
            assert_eq!(pool.metrics().threads, 2);
            gate.open();
            sleeper.await.unwrap();
        });
    });
}

/// RX2.
fn without_a_thread_calls_on_files_fail_and_are_made_later(shape: Shape) {
    alone(shape, || {
        let path = std::env::temp_dir().join(format!("fend-no-thread-{}", std::process::id()));
        let open = || fs::File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let mut written = fend::fs::File::from_std(open().unwrap());
        runtime(shape).block_on(async {
            let scarce = Scarce::begin();
            let says_so = |error: io::Error| assert!(error.to_string().contains("no thread"), "{error}");
            for _ in 0..3 {
                says_so(fend::fs::metadata("/").await.unwrap_err());
                says_so(written.write(b"lost").await.unwrap_err());
                // There is nothing in memory, so that the pool is asked.
                says_so(written.read(&mut [0]).await.unwrap_err());
                says_so(written.seek(SeekFrom::End(0)).await.unwrap_err());
            }
            drop(scarce);
            // Nothing is left of it.
            written.write_all(b"kept").await.unwrap();
            written.flush().await.unwrap();
            assert_eq!(written.seek(SeekFrom::Start(0)).await.unwrap(), 0);
            let mut text = String::new();
            written.read_to_string(&mut text).await.unwrap();
            assert_eq!(text, "kept");
        });
        fs::remove_file(&path).unwrap();
    });
}
