//! What was made before the fork, in the child.

use std::future::pending;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use fend::io::AsyncFd;
use fend::net::TcpListener;
use fend::task::{JoinHandle, TaskGroup};
use fend::time::{interval, sleep, timeout};
use futures_lite::future::{block_on as plain_block_on, poll_once};

use super::child::{in_child, text_of};
use crate::alone::alone;
use crate::shape::Shape;

on_every_shape!(sockets_say_so, tasks_say_so, time_goes_on, dropping_is_quick);

/// What every error and panic says.
pub(super) const FORKED: &str = "the process that this one was forked from";

/// SP9
fn sockets_say_so(shape: Shape) {
    alone(shape, || {
        let runtime = shape.build();
        let (waited_for, mut peer) = UnixStream::pair().unwrap();
        let (unused, mut other) = UnixStream::pair().unwrap();
        let (waited_for, listener) = runtime.block_on(async {
            let waited_for = AsyncFd::new(waited_for).unwrap();
            assert!(poll_once(waited_for.readable()).await.is_none());
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            assert!(poll_once(listener.accept()).await.is_none());
            (waited_for, listener)
        });
        in_child(|| {
            let fails = |error: io::Error| assert!(error.to_string().contains(FORKED), "{error}");
            // On the child's own runtime, on a foreign executor, and entered into the parent's.
            fails(fend::block_on(waited_for.readable()).unwrap_err());
            fails(fend::block_on(waited_for.writable()).unwrap_err());
            fails(plain_block_on(waited_for.peer_closed()).unwrap_err());
            fails(fend::block_on(listener.accept()).unwrap_err());
            let entered = runtime.enter();
            fails(plain_block_on(waited_for.readable()).unwrap_err());
            fails(AsyncFd::new(unused.try_clone().unwrap()).unwrap_err());
            drop(entered);
            // Made anew, both serve.
            let again = AsyncFd::new(waited_for.into_inner()).unwrap();
            peer.write_all(b"x").unwrap();
            fend::block_on(again.readable()).unwrap();
            let fd = OwnedFd::try_from(listener).unwrap();
            let listener = TcpListener::try_from(fd).unwrap();
            let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            fend::block_on(listener.accept()).unwrap();
            drop(client);
            let unused = AsyncFd::new(unused).unwrap();
            other.write_all(b"x").unwrap();
            fend::block_on(unused.readable()).unwrap();
            String::new()
        });
    });
}

fn is_forked<T>(task: JoinHandle<T>) -> bool {
    let Err(error) = fend::block_on(task) else { return false };
    error.is_cancelled() && error.is_shutdown() && error.to_string().contains(FORKED)
}

/// SP9
fn tasks_say_so(shape: Shape) {
    alone(shape, || {
        let runtime = shape.build();
        let running = runtime.spawn(pending::<()>());
        let to_abort = runtime.spawn(pending::<()>());
        let done = runtime.spawn(async { 7 });
        runtime.block_on(async {
            fend::spawn_blocking(|| ()).await.unwrap();
            while !done.is_finished() {
                fend::yield_now().await;
            }
        });
        let mut group = TaskGroup::new();
        group.insert(runtime.spawn(pending::<()>()));
        let (end, ends) = mpsc::channel::<()>();
        group.insert(runtime.spawn_blocking(move || {
            let _ = ends.recv();
        }));
        in_child(|| {
            assert!(is_forked(runtime.spawn(async { 1 })), "a new task");
            assert!(is_forked(runtime.spawn_blocking(|| 1)), "a new job");
            assert!(running.is_finished() && is_forked(running), "a task from before");
            to_abort.abort();
            assert!(fend::block_on(to_abort.cancel()).is_none(), "aborted");
            assert_eq!(fend::block_on(done).unwrap(), 7, "what was over before");
            let joined = fend::block_on(group.join_all());
            assert!(joined.into_iter().all(|result| result.is_err_and(|error| error.is_shutdown())));
            let panic = catch_unwind(AssertUnwindSafe(|| runtime.block_on(async {}))).unwrap_err();
            assert!(text_of(&*panic).contains(FORKED), "{}", text_of(&*panic));
            let _entered = runtime.enter();
            assert!(is_forked_here(fend::spawn(async { 1 })), "in the parent's context");
            assert!(catch_unwind(|| fend::block_on(async {})).is_err());
            String::new()
        });
        drop(end);
    });
}

/// [`is_forked`], where the parent's runtime is the current one.
fn is_forked_here<T>(task: JoinHandle<T>) -> bool {
    plain_block_on(task).is_err_and(|error| error.to_string().contains(FORKED))
}

/// SP9: a timer is nothing but a time: the child's runtime takes it over.
fn time_goes_on(shape: Shape) {
    alone(shape, || {
        const SHORT: Duration = Duration::from_millis(30);
        let runtime = shape.build();
        let start = Instant::now();
        let (mut armed, mut late, mut ticks) =
            (Box::pin(sleep(SHORT)), Box::pin(sleep(SHORT)), interval(SHORT));
        runtime.block_on(async {
            // Both are waited for in the child, also when the machine is so slow that they are over here.
            let _ = poll_once(&mut armed).await;
            ticks.tick().await;
            let _ = poll_once(ticks.tick()).await;
        });
        in_child(|| {
            fend::block_on(armed);
            plain_block_on(ticks.tick());
            assert!(start.elapsed() >= SHORT);
            late.as_mut().reset(Instant::now() + SHORT);
            let _entered = runtime.enter();
            fend::time::pause();
            fend::time::resume();
            plain_block_on(late);
            plain_block_on(timeout(SHORT, pending::<()>())).unwrap_err();
            String::new()
        });
        runtime.block_on(sleep(SHORT));
    });
}

/// SP9: no thread is waited for, and no lock.
fn dropping_is_quick(shape: Shape) {
    alone(shape, || {
        let runtime = shape.build();
        let (socket, _peer) = UnixStream::pair().unwrap();
        let socket = Arc::new(runtime.block_on(async { AsyncFd::new(socket) }).unwrap());
        let shared = socket.clone();
        let handle = runtime.handle();
        let mut waiting = Box::pin(async move { shared.readable().await });
        let mut asleep = Box::pin(sleep(Duration::from_secs(3600)));
        runtime.block_on(async {
            assert!(poll_once(&mut waiting).await.is_none());
            assert!(poll_once(&mut asleep).await.is_none());
        });
        let (end, ends) = mpsc::channel::<()>();
        let job = runtime.spawn_blocking(move || {
            let _ = ends.recv();
        });
        let task = runtime.spawn(pending::<()>());
        let mut runtime = Some(runtime);
        in_child(|| {
            let runtime = runtime.take().expect("the child's own copy");
            let start = Instant::now();
            drop((waiting, asleep, task, job));
            drop(Arc::into_inner(socket).expect("the last one"));
            assert_eq!(handle.metrics().blocking.threads, 0);
            assert!(format!("{handle:?} {runtime:?}").contains("Runtime"));
            assert!(runtime.shutdown_timeout(Duration::from_secs(60)).is_clean());
            drop(handle);
            assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
            String::new()
        });
        // Before the parent's runtime, which does wait for the job.
        drop(end);
    });
}
