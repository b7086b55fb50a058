//! Files and directories.

use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};

use fend::fs::{self, File};
use futures_lite::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

pub(super) async fn all(place: PathBuf) -> io::Result<()> {
    let (one, two, three) = (place.join("one"), place.join("two"), place.join("three"));
    fs::write(&one, "text").await?;
    fs::rename(&one, &two).await?;
    assert_eq!(fs::copy(&two, &three).await?, 4);
    fs::write_atomic(&three, "replaced").await?;
    assert_eq!(fs::read(&three).await?, b"replaced");
    assert_eq!(fs::metadata(&two).await?.len(), 4);
    let mut count = 0;
    let mut entries = fs::read_dir(&place).await?;
    while let Some(entry) = entries.next_entry().await? {
        count += u32::from(entry.file_type().await?.is_file());
    }
    assert_eq!(count, 2);
    opened(two.clone()).await?;
    named(two, &place).await?;
    fs::create_dir(place.join("directory")).await?;
    fs::remove_dir_all(place.join("directory")).await?;
    fs::remove_file(&three).await
}

/// Further names, and what a name leads to.
async fn named(file: PathBuf, place: &Path) -> io::Result<()> {
    let (link, name) = (place.join("link"), place.join("name"));
    fs::symlink(&file, &link).await?;
    assert_eq!(fs::read_link(&link).await?, file);
    assert!(fs::symlink_metadata(&link).await?.is_symlink());
    assert_eq!(fs::canonicalize(&link).await?, fs::canonicalize(&file).await?);
    fs::hard_link(&file, &name).await?;
    let mut permissions = fs::metadata(&name).await?.permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&name, permissions).await
}

async fn opened(path: PathBuf) -> io::Result<()> {
    let mut file = File::options().read(true).write(true).open(path).await?;
    file.seek(SeekFrom::End(0)).await?;
    file.write_all(b", and the end").await?;
    file.flush().await?;
    file.set_len(9).await?;
    file.sync_all().await?;
    assert_eq!(file.write_at(b"T", 0).await?, 1);
    file.sync_data().await?;
    let mut first = [0; 1];
    assert_eq!(file.try_clone().await?.read_at(&mut first, 0).await?, 1);
    file.seek(SeekFrom::Start(0)).await?;
    let mut read = String::new();
    file.read_to_string(&mut read).await?;
    assert_eq!(read, "Text, and");
    Ok(())
}
