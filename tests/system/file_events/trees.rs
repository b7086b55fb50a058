//! Trees of directories: what comes, goes and moves in them.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::future::poll_fn;
use std::io;
use std::os::unix::fs::symlink;
use std::task::Poll;

use fend::inotify::{EventKind, Mask, Watcher};

use super::scratch::{Scratch, without_children};
use crate::shape::Shape;

on_every_dispatcher!(
    what_was_in_a_new_directory_is_found,
    a_directory_that_moves_keeps_its_watch,
    a_directory_that_leaves_is_watched_no_more,
    a_directory_that_comes_in_is_read,
    between_two_trees,
    directories_change_places,
    a_new_directory_that_moves_at_once_is_found,
    links_are_not_followed,
    a_tree_is_removed,
    a_tree_that_is_deleted_ends,
    trees_do_not_overlap,
    a_file_is_a_tree_of_one,
    given_up_nothing_is_watched,
    halves_told_apart_keep_paths_right,
);

on_each_dispatcher!(alone: what_is_there_is_watched_and_not_told);

fn entries() -> Mask {
    Mask::CREATE | Mask::MOVE | Mask::DELETE
}

/// A watcher of the whole directory.
async fn watched(scratch: &Scratch) -> io::Result<Watcher> {
    let watcher = Watcher::new()?;
    let tree = watcher.add_recursive(scratch.path(), entries()).await?;
    assert!(tree.unwatched.is_empty(), "{tree:?}");
    assert_eq!(tree.directories, watcher.watch_count());
    Ok(watcher)
}

fn what_is_there_is_watched_and_not_told(shape: Shape) {
    without_children(shape, what_is_there);
}

async fn what_is_there() -> io::Result<()> {
    let scratch = Scratch::new()?;
    for n in 0..40 {
        scratch.dir(&format!("{n}/a/b"))?;
    }
    scratch.write("0/a/b/old")?;
    let watcher = watched(&scratch).await?;
    assert_eq!(watcher.watch_count(), 1 + 40 * 3);
    scratch.write("0/a/b/new")?;
    fs::remove_file(scratch.join("0/a/b/old"))?;
    fs::remove_dir(scratch.join("7/a/b"))?;
    let told = scratch.told(&watcher).await?;
    assert_eq!(told, ["Created 0/a/b/new", "Removed 0/a/b/old", "Removed 7/a/b/"]);
    assert_eq!(watcher.watch_count(), 40 * 3);
    Ok(())
}

async fn what_was_in_a_new_directory_is_found() -> io::Result<()> {
    let scratch = Scratch::new()?;
    let watcher = watched(&scratch).await?;
    // All of it before anything is received.
    scratch.dir("a/b/c")?;
    scratch.write("a/1")?;
    scratch.write("a/b/c/2")?;
    let mut told = Vec::new();
    for _ in 0..5 {
        told.push(scratch.words(&watcher.recv().await?));
    }
    assert_eq!(told[0], "Created a/");
    let found: BTreeSet<_> = told[1..].iter().map(String::as_str).collect();
    let expected =
        ["Created a/1 (scan)", "Created a/b/ (scan)", "Created a/b/c/ (scan)", "Created a/b/c/2 (scan)"];
    assert!(found.iter().eq(&expected), "{told:?}");
    scratch.write("a/b/c/3")?;
    assert_eq!(scratch.told(&watcher).await?, ["Created a/b/c/3"]);
    Ok(())
}

async fn a_directory_that_moves_keeps_its_watch() -> io::Result<()> {
    let scratch = Scratch::new()?;
    scratch.dir("a/b/c")?;
    scratch.dir("d")?;
    let watcher = watched(&scratch).await?;
    let watches = watcher.watch_count();
    scratch.write("a/b/c/1")?;
    fs::rename(scratch.join("a/b"), scratch.join("d/e"))?;
    scratch.write("d/e/c/2")?;
    fs::rename(scratch.join("d"), scratch.join("f"))?;
    scratch.write("f/e/c/3")?;
    let told = scratch.told(&watcher).await?;
    let expected =
        ["Created a/b/c/1", "Renamed a/b d/e/", "Created d/e/c/2", "Renamed d f/", "Created f/e/c/3"];
    assert_eq!(told, expected);
    assert_eq!(watcher.watch_count(), watches);
    Ok(())
}

async fn a_directory_that_leaves_is_watched_no_more() -> io::Result<()> {
    let (scratch, outside) = (Scratch::new()?, Scratch::new()?);
    scratch.dir("a/b/c")?;
    let watcher = watched(&scratch).await?;
    fs::rename(scratch.join("a"), outside.join("a"))?;
    assert_eq!(scratch.words(&watcher.recv().await?), "MovedAway a/");
    assert_eq!(watcher.watch_count(), 1);
    outside.write("a/b/c/1")?;
    fs::rename(outside.join("a/b"), scratch.join("b"))?;
    assert_eq!(scratch.words(&watcher.recv().await?), "MovedIn b/");
    let mut told = [watcher.recv().await?, watcher.recv().await?].map(|event| scratch.words(&event));
    told.sort();
    assert_eq!(told, ["Created b/c/ (scan)", "Created b/c/1 (scan)"]);
    assert_eq!(watcher.watch_count(), 3);
    Ok(())
}

async fn a_directory_that_comes_in_is_read() -> io::Result<()> {
    let (scratch, outside) = (Scratch::new()?, Scratch::new()?);
    let watcher = watched(&scratch).await?;
    // More than is read at a time.
    const FILES: usize = 1000;
    outside.dir("a/b")?;
    for n in 0..FILES {
        File::create(outside.join(&format!("a/b/{n}")))?;
    }
    fs::rename(outside.join("a"), scratch.join("a"))?;
    assert_eq!(scratch.words(&watcher.recv().await?), "MovedIn a/");
    assert_eq!(scratch.words(&watcher.recv().await?), "Created a/b/ (scan)");
    let mut found = BTreeSet::new();
    for _ in 0..FILES {
        let event = watcher.recv().await?;
        assert!(event.found_by_scan() && event.watched_path() == scratch.join("a/b"));
        assert!(found.insert(event.path()));
    }
    assert_eq!(scratch.told(&watcher).await?, Vec::<String>::new());
    Ok(())
}

async fn between_two_trees() -> io::Result<()> {
    let scratch = Scratch::new()?;
    let watcher = Watcher::new()?;
    scratch.dir("one/a/b")?;
    let one = watcher.add_recursive(scratch.join("one"), Mask::MOVE).await?.watch;
    let two = watcher.add_recursive(scratch.dir("two")?, entries()).await?.watch;
    fs::rename(scratch.join("one/a"), scratch.join("two/c"))?;
    let event = watcher.recv().await?;
    assert_eq!((scratch.words(&event).as_str(), event.watch()), ("Renamed one/a two/c/", Some(two)));
    // What the second tree is watched for holds for what has come into it.
    scratch.write("two/c/b/1")?;
    let event = watcher.recv().await?;
    assert_eq!((scratch.words(&event).as_str(), event.watch()), ("Created two/c/b/1", Some(two)));
    watcher.remove(one)?;
    scratch.write("two/c/b/2")?;
    assert_eq!(watcher.recv().await?.kind(), EventKind::Ignored);
    assert_eq!(scratch.words(&watcher.recv().await?), "Created two/c/b/2");
    Ok(())
}

async fn directories_change_places() -> io::Result<()> {
    let scratch = Scratch::new()?;
    for name in ["a/of-a", "b/of-b"] {
        scratch.dir(name)?;
    }
    let watcher = watched(&scratch).await?;
    fs::rename(scratch.join("a"), scratch.join("c"))?;
    fs::rename(scratch.join("b"), scratch.join("a"))?;
    fs::rename(scratch.join("c"), scratch.join("b"))?;
    let told = scratch.told(&watcher).await?;
    assert_eq!(told, ["Renamed a c/", "Renamed b a/", "Renamed c b/"]);
    scratch.write("b/of-a/1")?;
    scratch.write("a/of-b/2")?;
    fs::remove_file(scratch.join("end"))?;
    let told = scratch.told(&watcher).await?;
    assert_eq!(told, ["Created b/of-a/1", "Created a/of-b/2", "Removed end"]);
    assert_eq!(watcher.watch_count(), 5);
    Ok(())
}

/// When the event of the new directory is seen, it has another name already, and so has the one above it.
async fn a_new_directory_that_moves_at_once_is_found() -> io::Result<()> {
    let scratch = Scratch::new()?;
    scratch.dir("a")?;
    let watcher = watched(&scratch).await?;
    scratch.dir("a/b/c")?;
    fs::rename(scratch.join("a/b"), scratch.join("a/d"))?;
    fs::rename(scratch.join("a"), scratch.join("e"))?;
    // And another one in the old place.
    scratch.dir("a/b/other")?;
    scratch.told(&watcher).await?;
    while watcher.try_recv().is_ok() {}
    assert_eq!(watcher.watch_count(), 7);
    for path in ["e/d/c/1", "a/b/other/2", "e/3"] {
        scratch.write(path)?;
        assert_eq!(scratch.words(&watcher.recv().await?), format!("Created {path}"));
    }
    Ok(())
}

async fn links_are_not_followed() -> io::Result<()> {
    let (scratch, outside) = (Scratch::new()?, Scratch::new()?);
    symlink(outside.path(), scratch.join("before"))?;
    symlink(scratch.path(), scratch.join("loop"))?;
    let watcher = watched(&scratch).await?;
    symlink(outside.path(), scratch.join("after"))?;
    fs::create_dir(outside.join("inside"))?;
    assert_eq!(scratch.told(&watcher).await?, ["Created after"]);
    assert_eq!(watcher.watch_count(), 1);
    // But the path that was given may be one.
    let watcher = Watcher::new()?;
    watcher.add_recursive(scratch.join("before"), entries()).await?;
    outside.write("1")?;
    assert_eq!(watcher.recv().await?.path(), scratch.join("before/1"));
    Ok(())
}

async fn a_tree_is_removed() -> io::Result<()> {
    let scratch = Scratch::new()?;
    scratch.dir("a/b/c")?;
    let watcher = Watcher::new()?;
    let watch = watcher.add_recursive(scratch.path(), entries()).await?.watch;
    scratch.write("a/b/c/1")?;
    scratch.dir("a/new")?;
    watcher.remove(watch)?;
    scratch.write("a/b/c/2")?;
    assert_eq!(watcher.remove(watch).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    assert_eq!(scratch.words(&watcher.recv().await?), "Created a/b/c/1");
    assert_eq!(scratch.words(&watcher.recv().await?), "Created a/new/");
    let last = watcher.recv().await?;
    assert_eq!((last.kind(), last.watch()), (EventKind::Ignored, Some(watch)));
    assert_eq!(watcher.watch_count(), 0);
    assert_eq!(watcher.try_recv().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    Ok(())
}

async fn a_tree_that_is_deleted_ends() -> io::Result<()> {
    let scratch = Scratch::new()?;
    scratch.dir("top/a/b")?;
    let watcher = Watcher::new()?;
    watcher.add_recursive(scratch.join("top"), entries()).await?;
    fs::remove_dir_all(scratch.join("top"))?;
    let mut told = Vec::new();
    while told.last().is_none_or(|last: &String| !last.starts_with("Ignored")) {
        told.push(scratch.words(&watcher.recv().await?));
    }
    assert_eq!(told, ["Removed top/a/b/", "Removed top/a/", "Ignored top"]);
    assert_eq!(watcher.watch_count(), 0);
    Ok(())
}

async fn trees_do_not_overlap() -> io::Result<()> {
    let scratch = Scratch::new()?;
    scratch.dir("a/b")?;
    let watcher = watched(&scratch).await?;
    for path in ["a", "a/b", "."] {
        let path = scratch.join(path);
        let error = watcher.add(&path, Mask::CREATE).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert!(error.to_string().contains("another Watcher"), "{error}");
        let error = watcher.add_recursive(&path, Mask::CREATE).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    }
    scratch.write("a/b/1")?;
    assert_eq!(scratch.told(&watcher).await?, ["Created a/b/1"]);
    // The other way round the tree leaves out what has a watch of its own.
    let watcher = Watcher::new()?;
    watcher.add(scratch.join("a/b"), Mask::DELETE)?;
    let tree = watcher.add_recursive(scratch.path(), Mask::CREATE).await?;
    assert_eq!(tree.unwatched.len(), 1);
    assert_eq!(tree.unwatched[0].0, scratch.join("a/b"));
    scratch.write("a/b/2")?;
    fs::remove_file(scratch.join("a/b/2"))?;
    assert_eq!(scratch.words(&watcher.recv().await?), "Removed a/b/2");
    Ok(())
}

async fn a_file_is_a_tree_of_one() -> io::Result<()> {
    let scratch = Scratch::new()?;
    let path = scratch.write("a")?;
    let watcher = Watcher::new()?;
    assert_eq!(watcher.add_recursive(&path, Mask::CLOSE_WRITE).await?.directories, 1);
    fs::write(&path, "other")?;
    assert_eq!(scratch.words(&watcher.recv().await?), "ClosedAfterWrite a");
    Ok(())
}

async fn given_up_nothing_is_watched() -> io::Result<()> {
    let scratch = Scratch::new()?;
    for n in 0..50 {
        scratch.dir(&format!("{n}/a"))?;
    }
    let watcher = Watcher::new()?;
    for polls in 0..4 {
        let mut adding = Box::pin(watcher.add_recursive(scratch.path(), Mask::CREATE));
        let mut left = polls;
        let added = poll_fn(|cx| match adding.as_mut().poll(cx) {
            Poll::Ready(added) => Poll::Ready(Some(added)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => {
                left -= 1;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        })
        .await;
        drop(adding);
        match added {
            Some(tree) => {
                watcher.remove(tree?.watch)?;
                assert_eq!(watcher.recv().await?.kind(), EventKind::Ignored);
            }
            None => assert_eq!(watcher.watch_count(), 0),
        }
    }
    // The last walk may only now see that it was given up; it adds nothing more.
    let watcher = watched(&scratch).await?;
    assert_eq!(watcher.watch_count(), 101);
    Ok(())
}

async fn halves_told_apart_keep_paths_right() -> io::Result<()> {
    let scratch = Scratch::new()?;
    scratch.dir("a/b")?;
    let watcher = watched(&scratch).await?;
    watcher.join_renames(false);
    fs::rename(scratch.join("a"), scratch.join("c"))?;
    scratch.write("c/b/1")?;
    assert_eq!(scratch.told(&watcher).await?, ["MovedAway a/", "MovedIn c/", "Created c/b/1"]);
    assert_eq!(watcher.watch_count(), 3);
    Ok(())
}
