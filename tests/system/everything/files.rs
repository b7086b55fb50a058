//! Files, directories, and what is told of them.

use std::io::{self, SeekFrom};

use fend::fs::{self, File};
use fend::inotify::{EventKind, Mask, Watcher};
use futures_lite::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use super::place::Place;

pub(super) async fn files(round: u64) -> io::Result<()> {
    let place = Place::new();
    let text = format!("round {round}\n").repeat(5000);
    fs::write(place.join("one"), &text).await?;
    fs::rename(place.join("one"), place.join("two")).await?;
    assert_eq!(fs::copy(place.join("two"), place.join("three")).await?, text.len() as u64);
    fs::write_atomic(place.join("three"), "replaced").await?;
    assert_eq!(fs::read_to_string(place.join("two")).await?, text);
    assert_eq!(fs::read(place.join("three")).await?, b"replaced");
    let mut names = Vec::new();
    let mut entries = fs::read_dir(place.path()).await?;
    while let Some(entry) = entries.next_entry().await? {
        names.push(entry.file_name());
    }
    names.sort();
    assert_eq!(names, ["three", "two"]);
    let mut file = File::options().read(true).write(true).open(place.join("two")).await?;
    file.seek(SeekFrom::End(0)).await?;
    file.write_all(b"the end").await?;
    file.flush().await?;
    file.sync_data().await?;
    file.seek(SeekFrom::Start(0)).await?;
    let mut read = String::new();
    file.read_to_string(&mut read).await?;
    assert_eq!(read, text + "the end");
    fs::remove_dir_all(place.path()).await
}

pub(super) async fn file_events(round: u64) -> io::Result<()> {
    let place = Place::new();
    let watcher = Watcher::new()?;
    watcher.add_recursive(place.path(), Mask::CREATE | Mask::MOVE | Mask::DELETE).await?;
    let (from, to) = (place.join(&format!("{round}")), place.join("renamed"));
    let work = async {
        fs::write(&from, "text").await?;
        fs::rename(&from, &to).await?;
        fs::remove_file(&to).await
    };
    let told = async {
        for kind in [EventKind::Created, EventKind::Renamed, EventKind::Removed] {
            let mut event = watcher.recv().await?;
            if kind == EventKind::Renamed && event.kind() == EventKind::MovedAway {
                // The thread that renames has stood still within the call, for longer than a half is held.
                assert_eq!(event.path(), from);
                event = watcher.recv().await?;
                assert_eq!((event.kind(), &event.path()), (EventKind::MovedIn, &to));
                continue;
            }
            let path = if kind == EventKind::Created { &from } else { &to };
            assert_eq!((event.kind(), &event.path()), (kind, path));
        }
        Ok(())
    };
    futures::future::try_join(work, told).await.map(drop)
}
