//! Trees that change faster than they can be followed.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use fend::inotify::{EventKind, Mask, Watcher};
use fend::time::timeout;

use super::scratch::{Scratch, without_children};
use crate::shape::Shape;

on_each_dispatcher!(alone: all_that_exists_in_the_end_was_told, what_is_added_during_a_storm_is_followed);

/// Directories and renames that each thread makes.
const ROUNDS: u64 = if cfg!(debug_assertions) { 60 } else { 600 };
const THREADS: u64 = 3;

/// Far more than an event takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Numbers that look random: the same ones each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Makes deep directories and files in them, and renames and removes them over each other. The threads are in each other's way, so much fails.
fn rage(top: &Path, seed: u64) {
    let mut numbers = Numbers(seed);
    for round in 0..ROUNDS {
        let mut some = |top: &Path| {
            let depth = 1 + numbers.below(3);
            (0..depth).fold(top.to_path_buf(), |path, _| path.join(format!("d{}", numbers.below(4))))
        };
        let (one, two) = (some(top), some(top));
        match round % 4 {
            0 | 1 => {
                let _ = fs::create_dir_all(one.join("x/y"));
                let _ = File::create(one.join(format!("x/y/deep{seed}-{round}")));
                let _ = File::create(one.join(format!("flat{seed}-{round}")));
            }
            2 => drop(fs::rename(&one, &two)),
            _ => {
                let _ = fs::rename(&one, two.join(format!("moved{seed}-{round}")));
                if round % 16 == 3 {
                    let _ = fs::remove_dir_all(&two);
                }
            }
        }
    }
}

/// All entries below `top`, and which of them are directories.
fn existing(top: &Path, found: &mut BTreeSet<(PathBuf, bool)>) -> io::Result<()> {
    for entry in fs::read_dir(top)? {
        let entry = entry?;
        let is_dir = entry.file_type()?.is_dir();
        found.insert((entry.path(), is_dir));
        if is_dir {
            existing(&entry.path(), found)?;
        }
    }
    Ok(())
}

/// Listens until a file `end` is told of and nothing more comes, and returns the names that were told.
async fn listen(watcher: &Watcher, end: &Path) -> io::Result<BTreeSet<OsString>> {
    let (mut names, mut ended) = (BTreeSet::new(), false);
    loop {
        let event = match watcher.try_recv() {
            Err(error) if ended && error.kind() == io::ErrorKind::WouldBlock => return Ok(names),
            Err(_) => watcher.recv().await?,
            Ok(event) => event,
        };
        match event.kind() {
            EventKind::Created | EventKind::MovedIn | EventKind::Renamed => {
                ended |= event.path() == end;
                names.extend(event.name().map(OsStr::to_owned));
            }
            EventKind::MovedAway | EventKind::Removed => {}
            // An overflow among them: the queue is large enough.
            kind => panic!("{kind:?}: {event:?}"),
        }
    }
}

async fn storm(watcher: &Watcher, scratch: &Scratch, add: bool) -> io::Result<()> {
    let top = scratch.path().to_path_buf();
    let raging = thread::spawn(move || {
        thread::scope(|scope| {
            for seed in 1..=THREADS {
                let top = &top;
                scope.spawn(move || rage(top, seed));
            }
        });
        fs::write(top.join("end"), "text")
    });
    let mask = Mask::CREATE | Mask::MOVE | Mask::DELETE;
    if add {
        watcher.add_recursive(scratch.path(), mask).await?;
    }
    let mut before = BTreeSet::new();
    if add {
        raging.join().expect("no panic")?;
        existing(scratch.path(), &mut before)?;
        listen(watcher, &scratch.write("another end")?).await?;
    } else {
        let told = listen(watcher, &scratch.join("end")).await?;
        raging.join().expect("no panic")?;
        existing(scratch.path(), &mut before)?;
        // Names of files are unique, so that each stands for its file.
        let untold = |(path, _): &&(PathBuf, bool)| path.file_name().is_some_and(|name| !told.contains(name));
        let untold: Vec<_> = before.iter().filter(untold).collect();
        assert!(untold.is_empty(), "{} of {} were not told of: {untold:?}", untold.len(), before.len());
    }
    paths_are_right(watcher, scratch, before).await
}

/// Each directory that exists is watched, under the path that it has; and no other is.
async fn paths_are_right(
    watcher: &Watcher,
    scratch: &Scratch,
    existing: BTreeSet<(PathBuf, bool)>,
) -> io::Result<()> {
    let directories: Vec<PathBuf> =
        existing.into_iter().filter(|(_, is_dir)| *is_dir).map(|(path, _)| path).collect();
    assert!(directories.len() > 10, "a storm leaves something behind");
    for directory in &directories {
        let path = directory.join("check");
        fs::write(&path, "text")?;
        let event =
            timeout(PATIENCE, watcher.recv()).await.unwrap_or_else(|_| panic!("{path:?} was not seen"))?;
        assert_eq!((event.kind(), event.path()), (EventKind::Created, path), "{event:?}");
    }
    assert_eq!(watcher.watch_count(), directories.len() + 1, "of {}", scratch.path().display());
    Ok(())
}

fn all_that_exists_in_the_end_was_told(shape: Shape) {
    without_children(shape, async || {
        let scratch = Scratch::new()?;
        let watcher = Watcher::new()?;
        watcher.add_recursive(scratch.path(), Mask::CREATE | Mask::MOVE | Mask::DELETE).await?;
        storm(&watcher, &scratch, false).await
    });
}

fn what_is_added_during_a_storm_is_followed(shape: Shape) {
    without_children(shape, async || {
        let scratch = Scratch::new()?;
        let watcher = Watcher::new()?;
        storm(&watcher, &scratch, true).await
    });
}
