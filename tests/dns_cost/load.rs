//! Who looks names up: fend by itself, fend by way of the C library, and the two ways that programs otherwise have.

use std::net::ToSocketAddrs;
use std::sync::atomic::{AtomicUsize, Ordering};

use fend::dns::{Path, Resolver};

#[derive(Debug, Clone)]
pub(crate) enum By {
    /// With so many sockets at most.
    Native(Resolver, usize),
    /// [`Path::System`], with its threads.
    FendSystem,
    /// std, on fend's pool for blocking work.
    Std,
    /// tokio, on its own runtime.
    Tokio,
}

impl By {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            By::Native(_, 128) => "fend, native",
            By::Native(_, 256) => "fend, native, 256 sockets",
            By::Native(..) => "fend, native, 64 sockets",
            By::FendSystem => "fend, getaddrinfo",
            By::Std => "std, getaddrinfo on spawn_blocking",
            By::Tokio => "tokio, getaddrinfo on its pool",
        }
    }
}

/// Names that nobody has asked for before.
fn fresh() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("n{}.cost.test", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Looks up so many names at once, each with two addresses, and gives how many got no answer.
pub(crate) async fn failed(by: &By, count: usize) -> usize {
    match by {
        By::Native(resolver, _) => fend_at_once(resolver, count).await,
        By::FendSystem => fend_at_once(&system(), count).await,
        By::Std => {
            let tasks: Vec<_> = (0..count).map(|_| fend::spawn_blocking(|| std_lookup(&fresh()))).collect();
            let mut failed = 0;
            for task in tasks {
                failed += usize::from(task.await.expect("no panic").is_none());
            }
            failed
        }
        By::Tokio => {
            on_tokio(async move {
                let tasks: Vec<_> = (0..count).map(|_| tokio::spawn(tokio_lookup())).collect();
                let mut failed = 0;
                for task in tasks {
                    failed += usize::from(task.await.expect("no panic").is_none());
                }
                failed
            })
            .await
        }
    }
}

/// Looks up so many names one after another.
pub(crate) async fn sequential(by: &By, count: usize) {
    match by {
        By::Native(resolver, _) => fend_in_turn(resolver, count).await,
        By::FendSystem => fend_in_turn(&system(), count).await,
        By::Std => {
            for _ in 0..count {
                let found = fend::spawn_blocking(|| std_lookup(&fresh())).await.expect("no panic");
                assert_eq!(found, Some(2));
            }
        }
        By::Tokio => {
            on_tokio(async move {
                for _ in 0..count {
                    assert_eq!(tokio_lookup().await, Some(2));
                }
            })
            .await;
        }
    }
}

fn system() -> Resolver {
    Resolver::builder().path(Path::System).build().expect("a resolver")
}

async fn fend_at_once(resolver: &Resolver, count: usize) -> usize {
    let tasks: Vec<_> = (0..count).map(|_| fend::spawn(resolver.lookup(&*fresh(), "https"))).collect();
    let mut failed = 0;
    for task in tasks {
        let list = task.await.expect("no panic");
        failed += usize::from(list.is_err());
        if let Ok(list) = list {
            assert_eq!(list.len(), 2);
        }
    }
    failed
}

async fn fend_in_turn(resolver: &Resolver, count: usize) {
    for _ in 0..count {
        let list = resolver.lookup(&*fresh(), "https").await.expect("an answer");
        assert_eq!(list.len(), 2);
    }
}

/// How many addresses were found. getaddrinfo asks twice, and then gives up.
fn std_lookup(name: &str) -> Option<usize> {
    (name, 443).to_socket_addrs().ok().map(Iterator::count)
}

async fn tokio_lookup() -> Option<usize> {
    tokio::net::lookup_host((fresh(), 443)).await.ok().map(Iterator::count)
}

/// Runs `future` on a runtime of tokio with two workers.
async fn on_tokio<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let run = || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build().expect("a runtime");
        runtime.block_on(async { tokio::spawn(future).await.expect("no panic") })
    };
    fend::spawn_blocking(run).await.expect("no panic")
}
