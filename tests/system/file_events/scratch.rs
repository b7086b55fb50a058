//! A directory of a test's own, and what is told of it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};

use fend::inotify::{Event, Watcher};

use crate::alone::alone;
use crate::shape::Shape;

/// Runs a test to which it matters when the kernel tells that a file was closed, or that a directory is no more: in a process of its own. A child
/// that another test is about to start has what is open here too, for a moment, and it is told only when that has closed it.
pub(crate) fn without_children(shape: Shape, test: impl AsyncFnOnce() -> io::Result<()>) {
    alone(shape, || shape.block_on(test()).expect("the test's I/O"));
}

/// Gone when it is dropped.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> io::Result<Scratch> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("fend-file-events-{}-{number}", process::id()));
        fs::create_dir_all(&path)?;
        Ok(Scratch(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn dir(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.join(name);
        fs::create_dir_all(&path)?;
        Ok(path)
    }

    pub(crate) fn write(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.join(name);
        fs::write(&path, "text")?;
        Ok(path)
    }

    /// The event in words: kind, paths below this directory, and what else is special.
    pub(crate) fn words(&self, event: &Event) -> String {
        let short = |path: PathBuf| match path.strip_prefix(&self.0) {
            Ok(path) if path.as_os_str().is_empty() => ".".to_owned(),
            Ok(path) => path.display().to_string(),
            Err(_) => path.display().to_string(),
        };
        let from = event.from_path().map(|from| short(from) + " ").unwrap_or_default();
        let dir = if event.is_dir() { "/" } else { "" };
        let scan = if event.found_by_scan() { " (scan)" } else { "" };
        format!("{:?} {from}{}{dir}{scan}", event.kind(), short(event.path()))
    }

    /// The events up to the one that making a file `end` makes.
    pub(crate) async fn told(&self, watcher: &Watcher) -> io::Result<Vec<String>> {
        self.write("end")?;
        let mut told = Vec::new();
        loop {
            let words = self.words(&watcher.recv().await?);
            if words == "Created end" {
                return Ok(told);
            }
            told.push(words);
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
