//! How it ends: a runtime of fend while objects of tokio's are alive, and a child of a fork.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fend::runtime::Builder;
use tokio::net::{TcpListener, TcpStream};

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
    let (stream, _) = listener.accept().await?;
    let sleep = taken.await.expect("the task has begun");
    let report = fend::spawn_blocking(move || runtime.shutdown_timeout(Duration::from_secs(30))).await?;
    assert_eq!((report.workers_left, report.tasks_left), (0, 0), "{report:?}");
    assert!(stuck.await.expect_err("cancelled").is_cancelled());
    assert!(dropped_inside.load(Ordering::Acquire));
    // The socket of the task was closed, and a timer that was made there is still served.
    stream.readable().await?;
    assert_eq!(stream.try_read(&mut [0]).map_err(|error| error.kind()), Ok(0));
    sleep.await;
    Ok(())
}

/// Those are tokio's, and live on.
async fn tasks_of_tokios_outlive_the_runtime_that_spawned_them() -> io::Result<()> {
    let runtime = Builder::new().worker_threads(2).build()?;
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    let task = runtime.spawn(async { tokio::spawn(async { gone.await.map(|()| 7) }) }).await?;
    fend::spawn_blocking(move || drop(runtime)).await?;
    assert!(!task.is_finished());
    go.send(()).expect("a receiver");
    assert_eq!(task.await?, Ok(7));
    Ok(())
}

on_every_dispatcher!(
    a_runtime_is_shut_down_under_tokios_objects,
    tasks_of_tokios_outlive_the_runtime_that_spawned_them,
);
