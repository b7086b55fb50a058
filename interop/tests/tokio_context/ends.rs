//! How it ends: a runtime of fend while objects of tokio's are alive, and a child of a fork.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use fend::runtime::{Builder, Dispatcher};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;

use crate::child::in_child;
use crate::inside;

/// Tells when it is dropped whether that was inside a runtime of tokio's.
struct Witness(Arc<AtomicBool>);

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.store(tokio::runtime::Handle::try_current().is_ok(), Ordering::Release);
    }
}

/// The tasks are dropped with their sockets and timers, inside the runtime; what was taken out works on.
async fn a_runtime_is_shut_down_under_tokios_objects() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let dropped_inside = Arc::new(AtomicBool::new(false));
    let witness = Witness(dropped_inside.clone());
    let runtime = Builder::new().worker_threads(2).build()?;
    let (give, taken) = tokio::sync::oneshot::channel();
    let stuck = runtime.spawn(async move {
        let _witness = witness;
        let stream = TcpStream::connect(address).await?;
        let _ = give.send(tokio::time::sleep(Duration::from_millis(1)));
        stream.readable().await?;
        tokio::time::sleep(Duration::from_secs(3600)).await;
        io::Result::Ok(())
    });
    let (mut stream, _) = listener.accept().await?;
    let sleep = taken.await.expect("the task has begun");
    // A thread of its own waits, which those of another runtime do not.
    let (tell, told) = tokio::sync::oneshot::channel();
    thread::spawn(move || tell.send(runtime.shutdown_timeout(Duration::from_secs(30))));
    let report = told.await.expect("a report");
    assert!(report.is_clean(), "{report:?}");
    assert!(stuck.await.expect_err("cancelled").is_cancelled());
    assert!(dropped_inside.load(Ordering::Acquire));
    // The socket of the task was closed, and a timer that was made there is still served.
    assert_eq!(stream.read(&mut [0]).await?, 0);
    sleep.await;
    Ok(())
}

/// Those are tokio's, and live on.
async fn tasks_of_tokios_outlive_the_runtime_that_spawned_them() -> io::Result<()> {
    let runtime = Builder::new().worker_threads(2).build()?;
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    let [task] = runtime.spawn(async { [tokio::spawn(async { gone.await.map(|()| 7) })] }).await?;
    fend::spawn_blocking(move || drop(runtime)).await?;
    assert!(!task.is_finished());
    go.send(()).expect("a receiver");
    assert_eq!(task.await?, Ok(7));
    Ok(())
}

/// Sockets, timers, tasks and files of tokio's.
async fn uses_tokio() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let client = tokio::spawn(TcpStream::connect(address));
    let (mut stream, _) = listener.accept().await?;
    drop(client.await??);
    assert_eq!(stream.read(&mut [0]).await?, 0);
    tokio::time::sleep(Duration::from_millis(1)).await;
    tokio::fs::metadata("/proc/self").await?;
    Ok(())
}

/// Forked in a task, so that the thread has the parent's guard; and by a thread that has none. The parent goes on with its own.
async fn the_child_of_a_fork_has_a_runtime_of_its_own() -> io::Result<()> {
    let parents = inside();
    let used_in_child = || {
        for dispatcher in [Dispatcher::Epoll, Dispatcher::Poll] {
            let runtime = Builder::new().worker_threads(2).dispatcher(dispatcher).build().expect("a runtime");
            let childs = runtime.block_on(async {
                uses_tokio().await.expect("tokio works");
                fend::spawn(uses_tokio()).await.expect("no panic").expect("tokio works in a task");
                inside()
            });
            assert_ne!(childs, parents);
        }
        assert_eq!(inside(), parents, "what it was in is put back");
    };
    in_child(used_in_child);
    let outside = thread::spawn(|| {
        in_child(|| {
            fend::block_on(uses_tokio()).expect("tokio works");
            assert!(Handle::try_current().is_err());
        });
    });
    fend::spawn_blocking(|| outside.join()).await?.expect("no panic");
    assert_eq!(inside(), parents);
    uses_tokio().await
}

on_every_dispatcher!(
    the_child_of_a_fork_has_a_runtime_of_its_own,
    a_runtime_is_shut_down_under_tokios_objects,
    tasks_of_tokios_outlive_the_runtime_that_spawned_them,
);
