//! Adding and removing, limits, who receives, and what is left behind.

use std::fs;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::Poll;

use fend::inotify::{Event, EventKind, Mask, Watcher};
use futures::StreamExt;
use futures_lite::future::poll_once;

use super::scratch::Scratch;
use crate::alone::alone;
use crate::process::{limit_fds, open_fds};
use crate::shape::Shape;

on_every_dispatcher!(
    what_was_queued_is_received_after_the_removal,
    a_watch_is_removed_once,
    masks_are_replaced_or_added_to,
    a_path_that_is_not_there,
    masks_that_ask_for_nothing,
    one_event_only,
    a_receive_that_is_given_up_loses_nothing,
    it_is_a_stream,
    several_tasks_receive,
    a_watcher_moves_to_another_runtime,
);

async fn what_was_queued_is_received_after_the_removal() -> io::Result<()> {
    let scratch = Scratch::new()?;
    let watcher = Watcher::new()?;
    let watch = watcher.add(scratch.path(), Mask::CREATE)?;
    assert_eq!(watcher.path(watch).as_deref(), Some(scratch.path()));
    scratch.write("a")?;
    watcher.remove(watch)?;
    scratch.write("b")?;
    assert_eq!(scratch.words(&watcher.recv().await?), "Created a");
    let last = watcher.recv().await?;
    assert_eq!((last.kind(), last.watch()), (EventKind::Ignored, Some(watch)));
    assert_eq!(watcher.try_recv().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    assert_eq!((watcher.path(watch), watcher.watch_count()), (None, 0));
    Ok(())
}

async fn a_watch_is_removed_once() -> io::Result<()> {
    let scratch = Scratch::new()?;
    let watcher = Watcher::new()?;
    let watch = watcher.add(scratch.path(), Mask::CREATE)?;
    let other = Watcher::new()?;
    watcher.remove(watch)?;
    for error in [watcher.remove(watch).unwrap_err(), other.remove(watch).unwrap_err()] {
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains("has ended"), "{error}");
    }
    Ok(())
}

async fn masks_are_replaced_or_added_to() -> io::Result<()> {
    let scratch = Scratch::new()?;
    let watcher = Watcher::new()?;
    let watch = watcher.add(scratch.path(), Mask::DELETE)?;
    assert_eq!(watcher.add(scratch.path(), Mask::CREATE)?, watch);
    fs::remove_file(scratch.write("a")?)?;
    assert_eq!(scratch.told(&watcher).await?, ["Created a"]);
    assert_eq!(watcher.add(scratch.path(), Mask::DELETE | Mask::MASK_ADD)?, watch);
    fs::remove_file(scratch.write("a")?)?;
    fs::remove_file(scratch.join("end"))?;
    assert_eq!(scratch.told(&watcher).await?, ["Created a", "Removed a", "Removed end"]);
    let error = watcher.add(scratch.path(), Mask::DELETE | Mask::MASK_CREATE).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    Ok(())
}

async fn a_path_that_is_not_there() -> io::Result<()> {
    let scratch = Scratch::new()?;
    let watcher = Watcher::new()?;
    let (path, file) = (scratch.join("none"), scratch.write("file")?);
    for error in [
        watcher.add(&path, Mask::CREATE).unwrap_err(),
        watcher.add_recursive(&path, Mask::CREATE).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().contains(path.to_str().expect("text")), "{error}");
    }
    let error = watcher.add(&file, Mask::CREATE | Mask::ONLYDIR).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotADirectory);
    assert_eq!(watcher.add("a\0b", Mask::CREATE).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    assert_eq!(watcher.watch_count(), 0);
    Ok(())
}

async fn masks_that_ask_for_nothing() -> io::Result<()> {
    let watcher = Watcher::new()?;
    for mask in [Mask::NONE, Mask::ONLYDIR, Mask::ISDIR | Mask::IGNORED] {
        let error = watcher.add("/", mask).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains("asks for no event"), "{error}");
        assert_eq!(
            watcher.add_recursive("/proc", mask).await.unwrap_err().kind(),
            io::ErrorKind::InvalidInput
        );
    }
    let error = watcher.add_recursive("/proc", Mask::CREATE | Mask::ONESHOT).await.unwrap_err();
    assert!(error.to_string().contains("{ONESHOT} cannot be for a whole tree"), "{error}");
    Ok(())
}

async fn one_event_only() -> io::Result<()> {
    let scratch = Scratch::new()?;
    let watcher = Watcher::new()?;
    watcher.add(scratch.path(), Mask::CREATE | Mask::ONESHOT)?;
    scratch.write("a")?;
    scratch.write("b")?;
    assert_eq!(scratch.words(&watcher.recv().await?), "Created a");
    assert_eq!(watcher.recv().await?.kind(), EventKind::Ignored);
    assert_eq!(watcher.watch_count(), 0);
    Ok(())
}

async fn a_receive_that_is_given_up_loses_nothing() -> io::Result<()> {
    let scratch = Scratch::new()?;
    let watcher = Watcher::new()?;
    watcher.add(scratch.path(), Mask::CREATE)?;
    for n in 0..200 {
        // Polled before there is anything, and after.
        for polls in 0..3 {
            if polls == 1 {
                scratch.write(&n.to_string())?;
            }
            let mut recv = Box::pin(watcher.recv());
            let event = poll_fn(|cx| {
                Poll::Ready(match recv.as_mut().poll(cx) {
                    Poll::Ready(event) => Some(event),
                    Poll::Pending => None,
                })
            })
            .await;
            if let Some(event) = event {
                assert_eq!(scratch.words(&event?), format!("Created {n}"));
                break;
            }
            if polls == 2 {
                drop(recv);
                assert_eq!(scratch.words(&watcher.recv().await?), format!("Created {n}"));
            }
        }
    }
    Ok(())
}

async fn it_is_a_stream() -> io::Result<()> {
    let scratch = Scratch::new()?;
    let watcher = Watcher::new()?;
    watcher.add(scratch.path(), Mask::CREATE)?;
    for name in ["a", "b", "c"] {
        scratch.write(name)?;
    }
    let events: Vec<io::Result<Event>> = watcher.take(3).collect().await;
    let words: io::Result<Vec<_>> = events.into_iter().map(|event| Ok(scratch.words(&event?))).collect();
    assert_eq!(words?, ["Created a", "Created b", "Created c"]);
    Ok(())
}

async fn several_tasks_receive() -> io::Result<()> {
    let scratch = Scratch::new()?;
    let watcher = Arc::new(Watcher::new()?);
    watcher.add(scratch.path(), Mask::CREATE)?;
    const FILES: usize = 300;
    let (sender, received) = mpsc::channel();
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let (watcher, sender) = (watcher.clone(), sender.clone());
            fend::spawn(async move {
                while let Ok(event) = watcher.recv().await {
                    let _ = sender.send(event.path());
                }
            })
        })
        .collect();
    for n in 0..FILES {
        scratch.write(&n.to_string())?;
        if n % 10 == 0 {
            fend::yield_now().await;
        }
    }
    let seen = fend::spawn_blocking(move || received.iter().take(FILES).collect::<Vec<_>>()).await?;
    let mut names: Vec<usize> =
        seen.iter().map(|path| path.file_name().unwrap().to_str().unwrap().parse().unwrap()).collect();
    names.sort_unstable();
    assert!(names.into_iter().eq(0..FILES));
    for task in tasks {
        task.abort();
    }
    Ok(())
}

/// Another executor, and a runtime that goes away.
async fn a_watcher_moves_to_another_runtime() -> io::Result<()> {
    let scratch = Scratch::new()?;
    let watcher = Watcher::new()?;
    watcher.add(scratch.path(), Mask::CREATE)?;
    scratch.write("a")?;
    let path = scratch.join("b");
    let words = std::thread::spawn(move || {
        let first = futures::executor::block_on(watcher.recv())?;
        fs::write(path, "text")?;
        let second = smol::block_on(watcher.recv())?;
        io::Result::Ok([first, second])
    })
    .join()
    .expect("no panic")?
    .map(|event| scratch.words(&event));
    assert_eq!(words, ["Created a", "Created b"]);
    Ok(())
}

fn assert_traits<T: Send + Sync + Unpin + std::fmt::Debug + 'static>() {}

#[test]
fn a_watcher_goes_anywhere() {
    assert_traits::<Watcher>();
    assert_traits::<Event>();
    let watcher = Watcher::new().expect("a watcher");
    assert!(format!("{watcher:?}").starts_with("Watcher { fd: "), "{watcher:?}");
}

on_every_shape!(no_descriptor_is_left, a_limit_is_named);

on_each_dispatcher!(alone: a_watcher_outlives_the_runtimes_that_it_waits_on);

fn no_descriptor_is_left(shape: Shape) {
    alone(shape, || {
        let runtime = shape.build();
        let scratch = Scratch::new().expect("a directory");
        let watch = || {
            runtime.block_on(async {
                let watcher = Watcher::new()?;
                scratch.dir("deep/down")?;
                watcher.add_recursive(scratch.path(), Mask::CREATE).await?;
                scratch.write("deep/down/a")?;
                watcher.recv().await?;
                fs::remove_dir_all(scratch.join("deep"))
            })
        };
        watch().expect("the first one, which starts what there is one of");
        let before = open_fds();
        for _ in 0..20 {
            watch().expect("another one");
        }
        assert_eq!(open_fds(), before);
    });
}

fn a_limit_is_named(shape: Shape) {
    alone(shape, || {
        let _runtime = shape.build();
        // Standard streams alone.
        let before = limit_fds(3);
        let error = Watcher::new().unwrap_err();
        limit_fds(before);
        let said = error.to_string();
        assert!(said.starts_with("inotify_init1: ") && said.contains("max_user_instances"), "{said}");
    });
}

/// One task begins to wait on a runtime that goes; another one, of a runtime that stays a little longer, waits with the same registration.
fn a_watcher_outlives_the_runtimes_that_it_waits_on(shape: Shape) {
    alone(shape, || {
        fend::block_on(async {}); // The default runtime keeps its descriptors.
        let scratch = Scratch::new().expect("a directory");
        let watcher = Arc::new(Watcher::new().expect("a watcher"));
        watcher.add(scratch.path(), Mask::CREATE).expect("a watch");
        let words = |event: io::Result<Event>| scratch.words(&event.expect("an event"));
        let fds = open_fds();
        for round in 0..3 {
            let (runtime, other) = (shape.build(), shape.build());
            runtime.block_on(async { assert!(poll_once(watcher.recv()).await.is_none()) });
            let (begun, waits) = mpsc::channel();
            let elsewhere = other.spawn({
                let watcher = Arc::clone(&watcher);
                async move {
                    let mut receive = pin!(watcher.recv());
                    assert!(poll_once(&mut receive).await.is_none());
                    begun.send(()).expect("it is waited for");
                    receive.await
                }
            });
            waits.recv().expect("it waits");
            drop(runtime);
            scratch.write(&format!("{round}")).expect("a file");
            let event = fend::block_on(elsewhere).expect("no panic");
            assert_eq!(words(event), format!("Created {round}"));
            drop(other);
            // What came while no runtime waited is not lost either.
            scratch.write(&format!("{round}-later")).expect("a file");
            assert_eq!(words(shape.block_on(watcher.recv())), format!("Created {round}-later"));
        }
        // Away from the last one that has shut down, which it keeps.
        assert!(fend::block_on(poll_once(watcher.recv())).is_none());
        // Whoever has woken a task holds on to its runtime for a moment. If one leaks, this stalls.
        while open_fds() != fds {
            std::thread::yield_now();
        }
    });
}
