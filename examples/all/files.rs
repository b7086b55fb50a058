//! Files, directories, and what happens to them.

use std::env;
use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};
use std::process;

use fend::fs::{self, File};
use fend::inotify::{Event, EventKind, Mask, Watcher};
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, StreamExt};

use crate::Outcome;

/// A directory that is gone with this.
struct Scratch(PathBuf);

impl Scratch {
    async fn new(part: &str) -> io::Result<Scratch> {
        let path = env::temp_dir().join(format!("fend-all-{part}-{}", process::id()));
        fs::create_dir_all(&path).await?;
        Ok(Scratch(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) async fn files() -> Outcome {
    let scratch = Scratch::new("files").await?;
    let path = scratch.0.join("text");
    let mut file = File::options().read(true).write(true).create_new(true).open(&path).await?;
    for number in 0..1000 {
        file.write_all(format!("line {number:03}\n").as_bytes()).await?;
    }
    file.seek(SeekFrom::Start(9 * 500)).await?;
    let mut line = [0; 9];
    file.read_exact(&mut line).await?;
    ensure!(line == *b"line 500\n", "read {:?}", String::from_utf8_lossy(&line));
    file.close().await?;

    // Nobody sees a half of it, whenever they look.
    fs::write_atomic(&path, "replaced").await?;
    ensure!(fs::read_to_string(&path).await? == "replaced", "the file was not replaced");
    fs::copy(&path, scratch.0.join("copy")).await?;
    let mut names = Vec::new();
    let mut entries = fs::read_dir(&scratch.0).await?;
    while let Some(entry) = entries.try_next().await? {
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    ensure!(names == ["copy", "text"], "the directory has {names:?}");
    Ok(format!("written, sought, read; replaced as a whole; the directory has {}", names.join(", ")))
}

/// What happens in a tree of directories, some of them made while it is watched.
pub(crate) async fn events() -> Outcome {
    let scratch = Scratch::new("events").await?;
    let watcher = Watcher::new()?;
    watcher.add_recursive(&scratch.0, Mask::CREATE | Mask::MOVE | Mask::DELETE).await?;
    let deep = scratch.0.join("a/b/c");
    fs::create_dir_all(&deep).await?;
    fs::write(deep.join("draft"), "text").await?;
    until(&watcher, EventKind::Created, &deep.join("draft")).await?;
    fs::rename(deep.join("draft"), scratch.0.join("final")).await?;
    let renamed = until(&watcher, EventKind::Renamed, &scratch.0.join("final")).await?;
    ensure!(renamed.from_path() == Some(deep.join("draft")), "renamed from {:?}", renamed.from_path());
    fs::remove_file(scratch.0.join("final")).await?;
    until(&watcher, EventKind::Removed, &scratch.0.join("final")).await?;
    Ok(format!(
        "a file made in a new directory, renamed, removed; {} directories watched",
        watcher.watch_count()
    ))
}

async fn until(watcher: &Watcher, kind: EventKind, path: &Path) -> io::Result<Event> {
    loop {
        let event = watcher.recv().await?;
        if event.kind() == kind && event.path() == path {
            return Ok(event);
        }
    }
}
