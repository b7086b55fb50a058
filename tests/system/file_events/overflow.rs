//! More events than the kernel's queue takes.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;

use fend::inotify::{EventKind, Mask, Watcher};

use super::scratch::Scratch;

on_every_dispatcher!(an_overflow_is_told_and_trees_are_whole_again);

fn queue_size() -> usize {
    let size = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").expect("proc is mounted");
    size.trim().parse().expect("a number")
}

async fn an_overflow_is_told_and_trees_are_whole_again() -> io::Result<()> {
    let scratch = Scratch::new()?;
    let (a, b) = (scratch.write("a")?, scratch.write("b")?);
    let mut watcher = Watcher::new()?;
    let watch = watcher.add_recursive(scratch.path(), Mask::ATTRIB | Mask::CREATE).await?.watch;
    let mode = Permissions::from_mode(0o600);
    // Equal events in a row are merged, so two take turns.
    for _ in 0..queue_size() / 2 + 10 {
        fs::set_permissions(&a, mode.clone())?;
        fs::set_permissions(&b, mode.clone())?;
    }
    // Nothing of this comes through the queue.
    scratch.dir("new/deep")?;
    scratch.write("new/deep/file")?;

    let mut before = 0;
    loop {
        let event = watcher.recv().await?;
        match event.kind() {
            EventKind::Attributes => before += 1,
            kind => {
                assert_eq!((kind, event.watch(), event.name()), (EventKind::Overflow, None, None));
                break;
            }
        }
    }
    assert_eq!(before, queue_size());
    let mut told = BTreeSet::new();
    for _ in 0..3 {
        told.insert(scratch.words(&watcher.recv().await?));
    }
    let expected = ["Created new/ (scan)", "Created new/deep/ (scan)", "Created new/deep/file (scan)"];
    assert!(told.iter().eq(&expected), "{told:?}");
    scratch.write("new/deep/later")?;
    assert_eq!(scratch.words(&watcher.recv().await?), "Created new/deep/later");

    // And all there is, when asked.
    watcher.rescan(watch)?;
    let mut told = BTreeSet::new();
    for _ in 0..6 {
        told.insert(scratch.words(&watcher.recv().await?));
    }
    let all = ["a", "b", "new/", "new/deep/", "new/deep/file", "new/deep/later"];
    assert!(told.iter().eq(&all.map(|name| format!("Created {name} (scan)"))), "{told:?}");
    assert_eq!(watcher.watch_count(), 3);
    Ok(())
}
