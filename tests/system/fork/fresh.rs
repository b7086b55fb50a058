//! What is made in the child.

use std::collections::BTreeSet;
use std::fs;
use std::future::pending;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use fend::net::{TcpListener, TcpStream};
use fend::task::TaskGroup;
use fend::time::sleep;
use futures_lite::future::{block_on as plain_block_on, poll_once};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use super::child::in_child;
use crate::alone::alone;
use crate::process::open_fds;
use crate::shape::Shape;

on_every_shape!(
    a_daemon_forks_first,
    a_runtime_of_the_childs_own_works,
    the_default_runtime_begins_anew_under_load,
    lookups_begin_anew,
    copies_do_not_mix,
    a_group_from_before_takes_new_tasks,
);

/// Everything that a runtime does.
async fn work() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let echo = fend::spawn(async move {
        let (stream, _) = listener.accept().await?;
        let mut word = [0; 4];
        stream.recv_exact(&mut word).await?;
        stream.send_all(&word).await
    });
    let stream = TcpStream::connect(address).await?;
    sleep(Duration::from_millis(1)).await;
    stream.send_all(b"ping").await?;
    let mut word = [0; 4];
    stream.recv_exact(&mut word).await?;
    assert_eq!(&word, b"ping");
    echo.await??;
    assert_eq!(fend::spawn_blocking(|| 5).await?, 5);
    Ok(())
}

/// SP9: nothing of fend was used before.
fn a_daemon_forks_first(shape: Shape) {
    alone(shape, || {
        in_child(|| {
            fend::block_on(work()).unwrap();
            shape.block_on(work()).unwrap();
            String::new()
        });
        fend::block_on(work()).unwrap();
        shape.block_on(work()).unwrap();
    });
}

/// SP9
fn a_runtime_of_the_childs_own_works(shape: Shape) {
    alone(shape, || {
        let parents = shape.build();
        parents.block_on(work()).unwrap();
        in_child(|| {
            let childs = shape.build();
            childs.block_on(work()).unwrap();
            assert_ne!(childs.handle().id(), parents.handle().id());
            // A child's child.
            in_child(|| {
                assert!(childs.spawn(async {}).is_finished());
                shape.block_on(work()).unwrap();
                fend::block_on(work()).unwrap();
                String::new()
            });
            childs.block_on(work()).unwrap();
            String::new()
        });
        parents.block_on(work()).unwrap();
    });
}

/// SP9: forks while other threads hold the locks of the default runtime, of their own one and of sockets, as often as they can.
fn the_default_runtime_begins_anew_under_load(shape: Shape) {
    alone(shape, || {
        let runtime = shape.build();
        let handle = runtime.handle();
        let over = Arc::new(AtomicBool::new(false));
        let threads = [(); 2].map(|()| {
            let (over, handle) = (over.clone(), handle.clone());
            thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    plain_block_on(fend::spawn(async { sleep(Duration::from_micros(10)).await })).unwrap();
                    handle.spawn(async { sleep(Duration::from_micros(10)).await }).detach();
                    fend::runtime::Handle::current().spawn_blocking(|| ()).detach();
                }
            })
        });
        for _ in 0..40 {
            in_child(|| {
                fend::block_on(work()).unwrap();
                assert!(handle.spawn(async {}).is_finished());
                assert!(handle.metrics().workers.len() == shape.workers);
                String::new()
            });
        }
        over.store(true, Ordering::Relaxed);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// SP9: the pool of threads that call the C library, and a resolver from before.
fn lookups_begin_anew(shape: Shape) {
    use fend::dns::{Path, Resolver};
    alone(shape, || {
        let runtime = shape.build();
        let [own, shared] = [true, false].map(|own| {
            let builder = Resolver::builder().path(Path::System);
            if own { builder.system_threads(1) } else { builder }.build().unwrap()
        });
        let all = || async {
            for resolver in [&own, &shared] {
                assert!(!resolver.lookup("localhost", 80).await.unwrap().is_empty());
            }
            assert!(!fend::dns::lookup("localhost", 80).await.unwrap().is_empty());
        };
        runtime.block_on(all());
        in_child(|| {
            shape.block_on(all());
            fend::block_on(all());
            String::new()
        });
        let mut begun = Box::pin(std::future::IntoFuture::into_future(own.lookup("localhost", 81)));
        if runtime.block_on(poll_once(&mut begun)).is_none() {
            // The C library must not be called here: a thread of the parent may be in it, and hold its locks for ever.
            in_child(|| {
                // The thread was not copied; its answer may have been.
                let text =
                    fend::block_on(begun).map_or_else(|error| error.to_string(), |_| "forked".to_owned());
                assert!(text.contains("forked"), "{text}");
                String::new()
            });
        }
        runtime.block_on(all());
    });
}

/// SP9: what was in it is over for the child, and what the child puts in runs.
fn a_group_from_before_takes_new_tasks(shape: Shape) {
    alone(shape, || {
        let runtime = shape.build();
        let mut group = TaskGroup::new();
        group.insert(runtime.spawn(pending::<u32>()));
        in_child(|| {
            shape.block_on(async {
                group.spawn(async {
                    sleep(Duration::from_millis(1)).await;
                    7
                });
                let (ran, lost): (Vec<_>, Vec<_>) =
                    group.join_all().await.into_iter().partition(Result::is_ok);
                assert_eq!(ran.into_iter().flatten().collect::<Vec<_>>(), [7]);
                assert!(lost.len() == 1 && lost.into_iter().all(|lost| lost.unwrap_err().is_shutdown()));
            });
            String::new()
        });
    });
}

/// SP9: parent and child copy at the same time, with pipes that they do not share.
fn copies_do_not_mix(shape: Shape) {
    alone(shape, || {
        let runtime = shape.build();
        let before = open_pipes();
        runtime.block_on(copy_pattern(1)).unwrap();
        let parents = open_pipes();
        assert_ne!(parents, before, "a pipe is kept for the next copy");
        let copied = thread::scope(|scope| {
            let child = scope.spawn(|| {
                in_child(|| {
                    shape.block_on(async {
                        for _ in 0..4 {
                            copy_pattern(2).await.unwrap();
                        }
                    });
                    assert!(!open_pipes().is_subset(&parents), "it has copied with the parent's pipes");
                    "copied".to_owned()
                })
            });
            while !child.is_finished() {
                runtime.block_on(copy_pattern(3)).unwrap();
            }
            child.join().unwrap()
        });
        assert_eq!(copied, "copied");
    });
}

/// The pipes of this process, by number: those of a copy are between two descriptors of its own.
fn open_pipes() -> BTreeSet<PathBuf> {
    let names = open_fds().into_iter().filter_map(|fd| fs::read_link(format!("/proc/self/fd/{fd}")).ok());
    names.filter(|name| name.to_string_lossy().starts_with("pipe:")).collect()
}

/// A megabyte of `byte` through a relay.
async fn copy_pattern(byte: u8) -> io::Result<()> {
    const LEN: usize = 1 << 20;
    let (mut source, from) = fend::net::UnixStream::pair()?;
    let (to, mut sink) = fend::net::UnixStream::pair()?;
    let relay = fend::spawn(async move { fend::io::copy(from, to).await });
    let writer = fend::spawn(async move { source.write_all(&vec![byte; LEN]).await });
    let mut got = vec![0; LEN];
    sink.read_exact(&mut got).await?;
    writer.await??;
    assert!(got.iter().all(|&got| got == byte), "bytes of another process");
    assert_eq!(relay.await??, LEN as u64);
    Ok(())
}
