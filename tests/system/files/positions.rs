//! Methods of `File` that are one call, and what the position has to do with them.

use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::{Duration, SystemTime};

use fend::fs::{self, File, FileTimes, OpenOptions, Permissions};
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, io::SeekFrom};

use super::Scratch;

on_every_dispatcher!(
    files_are_opened_as_by_std,
    calls_see_what_was_accepted,
    offsets_leave_the_position_alone,
    clones_share_a_position,
    times_and_permissions_are_set,
    seeks_go_where_stds_go,
);

async fn files_are_opened_as_by_std() -> io::Result<()> {
    let scratch = Scratch::new();
    let path = scratch.path("file");
    let mut file = File::create_new(&path).await?;
    file.write_all(b"x").await?;
    file.close().await?;
    assert_eq!(File::create_new(&path).await.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    let mut file = File::create(&path).await?;
    assert_eq!(file.metadata().await?.len(), 0);
    file.write_all(b"one").await?;
    file.close().await?;
    let mut file = File::options().append(true).open(&path).await?;
    file.write_all(b" two").await?;
    file.flush().await?;
    assert_eq!(fs::read(&path).await?, b"one two");
    let own = scratch.path("own");
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&own).await?;
    assert_eq!(std::fs::metadata(&own)?.mode() & 0o777, 0o600);
    let error = OpenOptions::new().open(&path).await.unwrap_err();
    assert_eq!(error.kind(), std::fs::OpenOptions::new().open(&path).unwrap_err().kind());
    fs::symlink(&path, scratch.path("link")).await?;
    let mut options = OpenOptions::from(std::fs::OpenOptions::new().read(true).clone());
    options.custom_flags(libc::O_NOFOLLOW);
    let error = options.open(scratch.path("link")).await.unwrap_err();
    assert_eq!(super::detail(&error).os_error().raw_os_error(), Some(libc::ELOOP));
    assert!(std::fs::OpenOptions::from(options).open(&path).is_ok());
    Ok(())
}

async fn calls_see_what_was_accepted() -> io::Result<()> {
    let scratch = Scratch::new();
    let path = scratch.path("file");
    let mut file = File::create_new(&path).await?;
    file.write_all(b"0123456789").await?;
    assert_eq!(file.metadata().await?.len(), 10);
    file.write_all(b"abc").await?;
    let mut buf = [0; 4];
    file.read_exact_at(&mut buf, 9).await?;
    assert_eq!(&buf, b"9abc");
    file.write_all(b"def").await?;
    file.set_len(14).await?;
    file.write_all(b"x").await?;
    file.sync_all().await?;
    // The position was behind "def".
    assert_eq!(std::fs::read(&path)?, b"0123456789abcd\0\0x");
    file.write_all(b"y").await?;
    file.sync_data().await?;
    assert_eq!(io::Seek::stream_position(&mut file.into_std().await?)?, 18);
    Ok(())
}

async fn offsets_leave_the_position_alone() -> io::Result<()> {
    let scratch = Scratch::new();
    let mut file = File::create_new(scratch.path("file")).await?;
    file.write_all_at(b"0123456789", 0).await?;
    file.write_all_at(b"far", 20).await?;
    assert_eq!(file.write_at(b"", 0).await?, 0);
    let mut buf = [0; 23];
    file.read_exact(&mut buf[..2]).await?;
    file.read_exact_at(&mut buf, 0).await?;
    assert_eq!(&buf, b"0123456789\0\0\0\0\0\0\0\0\0\0far");
    assert_eq!(file.read_at(&mut buf, 22).await?, 1);
    assert_eq!(file.read_at(&mut buf, 23).await?, 0);
    assert_eq!(file.read_at(&mut buf, 1 << 40).await?, 0);
    let error = file.read_exact_at(&mut buf, 1).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    for offset in [u64::MAX, 1 << 63] {
        assert_eq!(file.read_at(&mut buf, offset).await.unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(file.write_at(&buf, offset).await.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
    assert_eq!(file.seek(SeekFrom::Current(0)).await?, 2);
    Ok(())
}

async fn clones_share_a_position() -> io::Result<()> {
    let scratch = Scratch::new();
    let mut one = File::create_new(scratch.path("file")).await?;
    one.write_all(b"0123456789").await?;
    let mut two = one.try_clone().await?;
    two.write_all(b"abc").await?;
    two.flush().await?;
    assert_eq!(one.seek(SeekFrom::Current(-3)).await?, 10);
    let mut text = String::new();
    two.read_to_string(&mut text).await?;
    assert_eq!(text, "abc");
    assert_eq!(one.read(&mut [0]).await?, 0);
    Ok(())
}

async fn times_and_permissions_are_set() -> io::Result<()> {
    let scratch = Scratch::new();
    let path = scratch.path("file");
    let file = File::create_new(&path).await?;
    let [accessed, modified, later] =
        [100, 200, 300].map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    file.set_times(FileTimes::new().set_accessed(accessed).set_modified(modified)).await?;
    let metadata = std::fs::metadata(&path)?;
    assert_eq!((metadata.accessed()?, metadata.modified()?), (accessed, modified));
    file.set_modified(later).await?;
    file.set_permissions(Permissions::from_mode(0o604)).await?;
    let metadata = std::fs::metadata(&path)?;
    assert_eq!((metadata.modified()?, metadata.mode() & 0o777), (later, 0o604));
    Ok(())
}

async fn seeks_go_where_stds_go() -> io::Result<()> {
    let scratch = Scratch::new();
    let path = scratch.path("file");
    fs::write(&path, "0123456789").await?;
    let (mut ours, mut theirs) = (File::open(&path).await?, std::fs::File::open(&path)?);
    for target in [SeekFrom::End(-3), SeekFrom::Current(-2), SeekFrom::Start(100), SeekFrom::End(5)] {
        assert_eq!(ours.seek(target).await?, io::Seek::seek(&mut theirs, target)?, "{target:?}");
    }
    assert_eq!(ours.read(&mut [0]).await?, 0);
    Ok(())
}
