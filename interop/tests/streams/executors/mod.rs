//! All kinds of I/O of fend under executors that are not fend, each with a runtime of either dispatcher behind it.
//!
//! Nobody is in `block_on` of that runtime. Without one the process's default runtime would serve; `tests/foreign` of fend has that, and
//! what it costs.

mod everything;
mod on_entered;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::thread;

use everything::everything;
use fend::runtime::{Builder, Dispatcher, Runtime};
use futures::executor::{LocalPool, ThreadPool};
use futures::task::{LocalSpawnExt, SpawnExt};
use futures::{FutureExt, StreamExt, stream};
use on_entered::entered;

/// Makes a test for each dispatcher of every `fn(&Runtime)` that it names.
macro_rules! under {
    ($($test:ident),+ $(,)?) => {
        mod epoll {
            $(#[test]
            fn $test() {
                super::with_a_runtime(fend::runtime::Dispatcher::Epoll, super::$test);
            })+
        }
        mod poll {
            $(#[test]
            fn $test() {
                super::with_a_runtime(fend::runtime::Dispatcher::Poll, super::$test);
            })+
        }
    };
}

under!(
    futures_block_on,
    futures_local_pool,
    futures_thread_pool,
    smol_block_on,
    smol_global_executor,
    smol_executor_of_several_threads,
    tokio_current_thread,
    tokio_multi_thread,
    tokio_local_set,
    plain_threads,
    fend_itself_in_another_runtime,
);

fn with_a_runtime(dispatcher: Dispatcher, test: fn(&Runtime)) {
    crate::support::unless_it_stalls(move || {
        let runtime = Builder::new().dispatcher(dispatcher).worker_threads(2).build().expect("a runtime");
        test(&runtime);
    });
}

/// All that is tested, in one future that any thread may poll.
fn all(runtime: &Runtime) -> impl Future<Output = io::Result<()>> + Send + 'static {
    entered(runtime.handle(), everything())
}

/// So many of them at a time that the threads of an executor have something to pass on to each other.
const TASKS: usize = 4;

fn futures_block_on(runtime: &Runtime) {
    futures::executor::block_on(all(runtime)).expect("I/O");
}

fn futures_local_pool(runtime: &Runtime) {
    let mut pool = LocalPool::new();
    let handles: Vec<_> =
        (0..TASKS).map(|_| pool.spawner().spawn_local_with_handle(all(runtime)).expect("a task")).collect();
    for result in pool.run_until(futures::future::join_all(handles)) {
        result.expect("I/O");
    }
}

fn futures_thread_pool(runtime: &Runtime) {
    let pool = ThreadPool::builder().pool_size(3).create().expect("threads");
    let handles: Vec<_> = (0..TASKS).map(|_| pool.spawn_with_handle(all(runtime)).expect("a task")).collect();
    for result in futures::executor::block_on(futures::future::join_all(handles)) {
        result.expect("I/O");
    }
}

fn smol_block_on(runtime: &Runtime) {
    smol::block_on(all(runtime)).expect("I/O");
}

fn smol_global_executor(runtime: &Runtime) {
    let tasks: Vec<_> = (0..TASKS).map(|_| smol::spawn(all(runtime))).collect();
    smol::block_on(async {
        for task in tasks {
            task.await.expect("I/O");
        }
    });
}

fn smol_executor_of_several_threads(runtime: &Runtime) {
    let executor = Arc::new(smol::Executor::new());
    let (over, is_over) = smol::channel::bounded::<()>(1);
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let (executor, is_over) = (executor.clone(), is_over.clone());
            thread::spawn(move || smol::block_on(executor.run(is_over.recv())))
        })
        .collect();
    let tasks: Vec<_> = (0..TASKS).map(|_| executor.spawn(all(runtime))).collect();
    smol::block_on(async {
        for task in tasks {
            task.await.expect("I/O");
        }
    });
    drop(over);
    for thread in threads {
        // The channel is closed, which is an error, and what ends the thread.
        assert!(thread.join().expect("no panic").is_err());
    }
}

fn under_tokio(runtime: &Runtime, tokio: &tokio::runtime::Runtime) {
    tokio.block_on(all(runtime)).expect("I/O");
    let tasks: Vec<_> = (0..TASKS).map(|_| tokio.spawn(all(runtime))).collect();
    tokio.block_on(async {
        for task in tasks {
            task.await.expect("no panic").expect("I/O");
        }
    });
}

fn tokio_current_thread(runtime: &Runtime) {
    under_tokio(runtime, &tokio::runtime::Builder::new_current_thread().build().expect("a runtime"));
}

fn tokio_multi_thread(runtime: &Runtime) {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    under_tokio(runtime, &builder.worker_threads(2).build().expect("a runtime"));
}

fn tokio_local_set(runtime: &Runtime) {
    let tokio = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    tokio::task::LocalSet::new().block_on(&tokio, async {
        let tasks: Vec<_> = (0..TASKS).map(|_| tokio::task::spawn_local(all(runtime))).collect();
        for task in tasks {
            task.await.expect("no panic").expect("I/O");
        }
    });
}

/// Each with the least there is of an executor.
fn plain_threads(runtime: &Runtime) {
    let threads: Vec<_> = (0..TASKS)
        .map(|_| {
            let all = all(runtime);
            thread::spawn(|| futures_lite::future::block_on(all))
        })
        .collect();
    for thread in threads {
        thread.join().expect("no panic").expect("I/O");
    }
}

/// Tasks of one runtime of fend have their I/O on another one.
fn fend_itself_in_another_runtime(runtime: &Runtime) {
    let other = Builder::new().worker_threads(2).build().expect("a runtime");
    let tasks: stream::FuturesUnordered<_> =
        (0..TASKS).map(|_| other.spawn(all(runtime)).map(|joined| joined.expect("no panic"))).collect();
    for result in other.block_on(tasks.collect::<Vec<_>>()) {
        result.expect("I/O");
    }
}
