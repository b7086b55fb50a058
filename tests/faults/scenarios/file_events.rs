//! File events: a file is made in a watched tree.

use std::io;
use std::path::PathBuf;

use fend::fs;
use fend::inotify::{EventKind, Mask, Watcher};
use futures::future::try_join;

pub(super) async fn all(place: PathBuf) -> io::Result<()> {
    fs::create_dir(place.join("below")).await?;
    let watcher = Watcher::new()?;
    let tree = watcher.add_recursive(&place, Mask::CREATE).await?;
    if let Some((_, error)) = tree.unwatched.into_iter().next() {
        return Err(error);
    }
    let path = place.join("below").join("file");
    let told = async {
        let event = watcher.recv().await?;
        assert_eq!((event.kind(), event.path()), (EventKind::Created, path.clone()));
        Ok(())
    };
    try_join(fs::write(&path, "text"), told).await?;
    watcher.remove(tree.watch)
}
