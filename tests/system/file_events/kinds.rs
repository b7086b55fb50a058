//! Each kind of event.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;

use fend::inotify::{EventKind, Mask, Watcher};

use super::scratch::{Scratch, without_children};
use crate::shape::Shape;

on_every_dispatcher!(every_kind_by_a_real_operation, names_are_bytes, a_mask_leaves_out_the_rest);

on_each_dispatcher!(alone: a_directory_sees_what_is_done_to_its_entries, a_file_is_watched_itself);

async fn every_kind_by_a_real_operation() -> io::Result<()> {
    let scratch = Scratch::new()?;
    let (watched, outside) = (scratch.dir("watched")?, scratch.dir("outside")?);
    let watcher = Watcher::new()?;
    watcher.add(&watched, Mask::ALL_EVENTS)?;
    let next = async || -> io::Result<String> { Ok(scratch.words(&watcher.recv().await?)) };

    let mut file = File::create_new(watched.join("a"))?;
    assert_eq!(next().await?, "Created watched/a");
    assert_eq!(next().await?, "Opened watched/a");
    file.write_all(b"text")?;
    assert_eq!(next().await?, "Modified watched/a");
    drop(file);
    assert_eq!(next().await?, "ClosedAfterWrite watched/a");

    let mut file = File::open(watched.join("a"))?;
    assert_eq!(next().await?, "Opened watched/a");
    file.read_exact(&mut [0; 4])?;
    assert_eq!(next().await?, "Accessed watched/a");
    drop(file);
    assert_eq!(next().await?, "Closed watched/a");
    fs::set_permissions(watched.join("a"), Permissions::from_mode(0o600))?;
    assert_eq!(next().await?, "Attributes watched/a");

    fs::rename(watched.join("a"), watched.join("b"))?;
    assert_eq!(next().await?, "Renamed watched/a watched/b");
    fs::rename(watched.join("b"), outside.join("b"))?;
    assert_eq!(next().await?, "MovedAway watched/b");
    fs::rename(outside.join("b"), watched.join("c"))?;
    assert_eq!(next().await?, "MovedIn watched/c");
    fs::remove_file(watched.join("c"))?;
    assert_eq!(next().await?, "Removed watched/c");
    fs::create_dir(watched.join("d"))?;
    assert_eq!(next().await?, "Created watched/d/");
    fs::remove_dir(watched.join("d"))?;
    assert_eq!(next().await?, "Removed watched/d/");

    fs::rename(&watched, scratch.join("other"))?;
    assert!(next().await?.starts_with("SelfMoved watched"));
    fs::remove_dir(scratch.join("other"))?;
    assert!(next().await?.starts_with("SelfRemoved watched"));
    assert_eq!(next().await?, "Ignored watched");
    assert_eq!(watcher.watch_count(), 0);
    assert_eq!(watcher.try_recv().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    Ok(())
}

fn a_directory_sees_what_is_done_to_its_entries(shape: Shape) {
    without_children(shape, what_is_done_to_entries);
}

async fn what_is_done_to_entries() -> io::Result<()> {
    let scratch = Scratch::new()?;
    let watcher = Watcher::new()?;
    let watch = watcher.add(scratch.path(), Mask::CHANGES)?;
    let path = scratch.write("a")?;
    OpenOptions::new().append(true).open(&path)?.write_all(b"more")?;
    let event = watcher.recv().await?;
    assert_eq!((event.kind(), event.watch(), event.cookie()), (EventKind::Created, Some(watch), 0));
    assert_eq!((event.name(), event.watched_path()), (Some(OsStr::new("a")), scratch.path()));
    assert_eq!((event.mask(), event.is_dir(), event.found_by_scan()), (Mask::CREATE, false, false));
    assert!(format!("{event:?}").contains("kind: Created, path: "), "{event:?}");
    let told = scratch.told(&watcher).await?;
    let expected = ["Modified a", "ClosedAfterWrite a", "Modified a", "ClosedAfterWrite a"];
    assert_eq!(told, expected);
    Ok(())
}

/// The longest names, and bytes that are no text.
async fn names_are_bytes() -> io::Result<()> {
    let scratch = Scratch::new()?;
    let watcher = Watcher::new()?;
    watcher.add(scratch.path(), Mask::CREATE)?;
    let names = [&[b'x'; 255][..], b"\xff\xfe \n", b"a", &[0xC3; 255], &[b'y'; 16], &[b'z'; 15]];
    for name in names {
        File::create(scratch.path().join(OsStr::from_bytes(name)))?;
    }
    for name in names {
        let event = watcher.recv().await?;
        assert_eq!(event.name(), Some(OsStr::from_bytes(name)));
        assert_eq!(event.path(), scratch.path().join(OsStr::from_bytes(name)));
    }
    Ok(())
}

fn a_file_is_watched_itself(shape: Shape) {
    without_children(shape, what_is_done_to_a_file);
}

async fn what_is_done_to_a_file() -> io::Result<()> {
    let scratch = Scratch::new()?;
    let path = scratch.write("a")?;
    let watcher = Watcher::new()?;
    watcher.add(&path, Mask::CHANGES)?;
    fs::write(&path, "other")?;
    fs::remove_file(&path)?;
    let mut told = Vec::new();
    while told.last().is_none_or(|last| last != "Ignored a") {
        let event = watcher.recv().await?;
        assert_eq!(event.name(), None);
        told.push(scratch.words(&event));
    }
    // Truncating and writing are one when nothing comes between; see inotify(7).
    told.dedup();
    assert_eq!(told, ["Modified a", "ClosedAfterWrite a", "Attributes a", "SelfRemoved a", "Ignored a"]);
    Ok(())
}

async fn a_mask_leaves_out_the_rest() -> io::Result<()> {
    let scratch = Scratch::new()?;
    let watcher = Watcher::new()?;
    watcher.add(scratch.path(), Mask::CREATE | Mask::DELETE)?;
    fs::remove_file(scratch.write("a")?)?;
    fs::rename(scratch.write("b")?, scratch.join("c"))?;
    assert_eq!(scratch.told(&watcher).await?, ["Created a", "Removed a", "Created b"]);
    Ok(())
}
