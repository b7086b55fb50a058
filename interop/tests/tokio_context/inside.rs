//! Who is inside tokio's runtime, and of which.

use std::collections::HashSet;
use std::io;
use std::thread;

use fend::runtime::{BlockingPool, Builder};
use tokio::runtime::Handle;

use crate::inside;

/// Any thread that runs code for a runtime of fend is inside the same runtime of tokio.
async fn every_thread_of_every_runtime_is_inside_the_same() -> io::Result<()> {
    let ours = inside();
    assert_eq!(fend::spawn(async { inside() }).await?, ours);
    assert_eq!(fend::spawn_local(async { inside() }).await?, ours);
    assert_eq!(fend::spawn_blocking(inside).await?, ours);
    let pool = BlockingPool::builder().max_threads(1).build()?;
    assert_eq!(pool.run(inside).await?, ours);

    let other = Builder::new().worker_threads(2).build()?;
    assert_eq!(other.spawn(async { inside() }).await?, ours);
    let handle = other.handle();
    let outside = thread::spawn(move || {
        assert!(Handle::try_current().is_err(), "a thread of the user's");
        let entered = handle.enter();
        let id = inside();
        drop(entered);
        assert!(Handle::try_current().is_err());
        assert_eq!(fend::block_on(async { inside() }), id);
        assert!(Handle::try_current().is_err());
        id
    });
    assert_eq!(fend::spawn_blocking(|| outside.join().expect("no panic")).await?, ours);
    Ok(())
}

async fn nested_block_on_stays_inside() -> io::Result<()> {
    let ours = inside();
    let nested = fend::block_on(async {
        let deeper = fend::runtime::Runtime::new()?.block_on(async { inside() });
        io::Result::Ok((inside(), deeper))
    })?;
    assert_eq!(nested, (ours, ours));
    assert_eq!(inside(), ours);
    Ok(())
}

/// A thread that is inside a runtime of the user's keeps that one; fend's own threads are in fend's.
#[test]
fn a_runtime_of_the_users_stays() {
    for mut builder in
        [tokio::runtime::Builder::new_current_thread(), tokio::runtime::Builder::new_multi_thread()]
    {
        let users = builder.enable_all().build().expect("a runtime");
        let id = users.handle().id();
        users.block_on(async {
            assert_eq!(fend::block_on(async { inside() }), id);
            let entered = fend::Handle::current().enter();
            assert_eq!(inside(), id);
            drop(entered);
            assert_ne!(fend::spawn(async { inside() }).await.expect("no panic"), id);
            assert_eq!(inside(), id);
        });
        let entered = users.enter();
        assert_eq!(fend::block_on(async { inside() }), id);
        drop(entered);
        assert_ne!(fend::block_on(async { inside() }), id);
    }
}

/// However many runtimes of fend there are.
async fn it_is_one_thread() -> io::Result<()> {
    let _other = Builder::new().worker_threads(2).build()?;
    assert_eq!(Handle::current().metrics().num_workers(), 1);
    let mut threads = HashSet::new();
    for _ in 0..100 {
        threads.insert(tokio::spawn(async { thread::current().id() }).await?);
    }
    assert_eq!(threads.len(), 1);
    let name = tokio::spawn(async { thread::current().name().map(str::to_owned) }).await?;
    assert_eq!(name.as_deref(), Some("fend-tokio"));
    Ok(())
}

on_every_dispatcher!(
    every_thread_of_every_runtime_is_inside_the_same,
    nested_block_on_stays_inside,
    it_is_one_thread,
);
