//! Directories: all entries, whatever they are called, and none of them lost.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;

use fend::fs;
use futures_lite::StreamExt;

use super::{Scratch, once};

on_every_dispatcher!(
    a_large_directory_is_read_as_by_std,
    names_need_not_be_text,
    entries_know_what_they_are,
    no_entry_is_lost_to_a_wait_given_up,
    a_directory_dropped_early_is_closed,
);

fn many() -> usize {
    if cfg!(debug_assertions) { 1_000 } else { 10_000 }
}

fn fill(scratch: &Scratch, count: usize) -> BTreeSet<OsString> {
    let names = (0..count).map(|n| OsString::from(format!("entry-{n}")));
    names.inspect(|name| drop(std::fs::File::create(scratch.path(name)).expect("a file"))).collect()
}

async fn a_large_directory_is_read_as_by_std() -> io::Result<()> {
    let scratch = Scratch::new();
    let names = fill(&scratch, many());
    let mut order = Vec::new();
    let mut entries = fs::read_dir(&scratch.0).await?;
    while let Some(entry) = entries.try_next().await? {
        assert_eq!(entry.path(), scratch.path(entry.file_name()));
        order.push(entry.file_name());
    }
    assert!(entries.next_entry().await?.is_none(), "the end stays the end");
    let theirs: Vec<_> = std::fs::read_dir(&scratch.0)?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<Result<_, _>>()?;
    assert_eq!(order, theirs);
    assert_eq!(order.into_iter().collect::<BTreeSet<_>>(), names);
    Ok(())
}

async fn names_need_not_be_text() -> io::Result<()> {
    let scratch = Scratch::new();
    let name = OsStr::from_bytes(b"\xff\xfe \n");
    fs::create_dir(scratch.path(name)).await?;
    let inner = scratch.path(name).join(OsStr::from_bytes(b"\x80"));
    fs::write(&inner, "x").await?;
    let entry = fs::read_dir(scratch.path(name)).await?.next_entry().await?.expect("one entry");
    assert_eq!(entry.path(), inner);
    assert_eq!(entry.file_name().as_bytes(), b"\x80");
    let error = fs::read(scratch.path(name).join("none")).await.unwrap_err();
    assert!(error.to_string().contains(r#"\xFF\xFE \n/none""#), "{error}");
    Ok(())
}

async fn entries_know_what_they_are() -> io::Result<()> {
    let scratch = Scratch::new();
    fs::create_dir(scratch.path("directory")).await?;
    fs::write(scratch.path("file"), "four").await?;
    fs::symlink("nowhere", scratch.path("link")).await?;
    let mut entries: Vec<_> = fs::read_dir(&scratch.0).await?.try_collect().await?;
    entries.sort_by_key(|entry| entry.file_name());
    let [directory, file, link] = &entries[..] else { panic!("three entries: {entries:?}") };
    // Nothing to wait for.
    let file_type = |entry| once(fs::DirEntry::file_type(entry)).expect("known already").unwrap();
    assert!(file_type(directory).is_dir() && file_type(file).is_file() && file_type(link).is_symlink());
    assert_eq!(file.metadata().await?.len(), 4);
    assert!(link.metadata().await?.is_symlink());
    fs::remove_file(file.path()).await?;
    let error = file.metadata().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    assert!(error.to_string().starts_with(&format!("metadata {:?}: ", file.path())), "{error}");
    Ok(())
}

async fn no_entry_is_lost_to_a_wait_given_up() -> io::Result<()> {
    let scratch = Scratch::new();
    let names = fill(&scratch, 700);
    let mut entries = fs::read_dir(&scratch.0).await?;
    let mut seen = BTreeSet::new();
    loop {
        // Given up while a batch is on its way, now and then.
        let entry = match once(entries.next_entry()) {
            Some(entry) => entry?,
            None => entries.next_entry().await?,
        };
        let Some(entry) = entry else { break };
        assert!(seen.insert(entry.file_name()), "{entry:?} came twice");
    }
    assert_eq!(seen, names);
    Ok(())
}

/// Whether an fd of this process leads to the directory.
fn is_open(scratch: &Scratch) -> bool {
    let fds = std::fs::read_dir("/proc/self/fd").expect("proc is mounted");
    fds.filter_map(|fd| std::fs::read_link(fd.ok()?.path()).ok()).any(|target| target == scratch.0)
}

async fn a_directory_dropped_early_is_closed() -> io::Result<()> {
    let scratch = Scratch::new();
    fill(&scratch, 700);
    let mut entries = fs::read_dir(&scratch.0).await?;
    entries.next_entry().await?;
    assert!(is_open(&scratch));
    drop(entries);
    assert!(!is_open(&scratch));
    // And one that is being read.
    let mut entries = fs::read_dir(&scratch.0).await?;
    while once(entries.next_entry()).is_some() {}
    drop(entries);
    while is_open(&scratch) {
        fend::yield_now().await;
    }
    Ok(())
}
