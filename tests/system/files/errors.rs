//! Errors of writes that were accepted are told, once, by whoever asks next.

use std::io;
use std::os::fd::AsRawFd;

use fend::fs::{self, File, OpenOptions};
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, io::SeekFrom};

use super::{Scratch, detail};

on_every_dispatcher!(
    a_full_disk_is_told_by_flush_and_close,
    a_full_disk_is_told_by_the_next_write,
    a_full_disk_is_told_by_sync_and_into_std,
    what_follows_an_error_is_written_again,
    a_file_is_named_by_its_path_or_fd,
    a_bad_seek_moves_nothing,
);

async fn full() -> io::Result<File> {
    OpenOptions::new().write(true).open("/dev/full").await
}

fn is_no_space(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::StorageFull
        && detail(error).os_error().raw_os_error() == Some(libc::ENOSPC)
        && error.to_string() == r#"write "/dev/full": No space left on device (os error 28)"#
}

async fn a_full_disk_is_told_by_flush_and_close() -> io::Result<()> {
    let mut file = full().await?;
    file.write_all(b"x").await?;
    assert!(is_no_space(&file.flush().await.unwrap_err()));
    file.flush().await?;
    file.write_all(b"x").await?;
    assert!(is_no_space(&file.close().await.unwrap_err()));
    file.close().await
}

async fn a_full_disk_is_told_by_the_next_write() -> io::Result<()> {
    let mut file = full().await?;
    let error = loop {
        // Accepted, as long as the call that fails is on its way.
        if let Err(error) = file.write(b"x").await {
            break error;
        }
        fend::yield_now().await;
    };
    assert!(is_no_space(&error), "{error}");
    file.flush().await
}

async fn a_full_disk_is_told_by_sync_and_into_std() -> io::Result<()> {
    let mut file = full().await?;
    file.write_all(b"x").await?;
    assert!(is_no_space(&file.sync_all().await.unwrap_err()));
    file.write_all(b"x").await?;
    assert!(is_no_space(&file.sync_data().await.unwrap_err()));
    file.write_all(b"x").await?;
    // Not while the error is not told.
    while file.metadata().await.is_err() {}
    let file = file.try_into_std().expect_err("there is an error to tell");
    assert!(is_no_space(&file.into_std().await.unwrap_err()));
    Ok(())
}

/// Nothing is stuck after an error: here a write to a file that is open for reading.
async fn what_follows_an_error_is_written_again() -> io::Result<()> {
    let scratch = Scratch::new();
    let path = scratch.path("file");
    fs::write(&path, "contents").await?;
    let mut file = File::open(&path).await?;
    for _ in 0..3 {
        file.write_all(b"x").await?;
        assert_eq!(detail(&file.flush().await.unwrap_err()).os_error().raw_os_error(), Some(libc::EBADF));
    }
    let mut contents = String::new();
    file.read_to_string(&mut contents).await?;
    assert_eq!(contents, "contents");
    Ok(())
}

async fn a_file_is_named_by_its_path_or_fd() -> io::Result<()> {
    let scratch = Scratch::new();
    let path = scratch.path("file");
    let mut file = File::create(&path).await?;
    let error = file.read(&mut [0]).await.unwrap_err();
    assert_eq!(error.to_string(), format!("read {path:?}: Bad file descriptor (os error 9)"));
    assert_eq!(file.read_at(&mut [0], 0).await.unwrap_err().to_string(), error.to_string());
    let mut directory = File::open(&scratch.0).await?;
    assert_eq!(directory.read(&mut [0]).await.unwrap_err().kind(), io::ErrorKind::IsADirectory);
    assert_eq!(directory.set_len(1).await.unwrap_err().kind(), io::ErrorKind::InvalidInput);

    let mut file = File::from(std::fs::File::create(&path)?);
    let error = file.read(&mut [0]).await.unwrap_err();
    assert!(error.to_string().starts_with(&format!("read fd {}: ", file.as_raw_fd())), "{error}");
    assert_eq!(detail(&error).path(), None);
    Ok(())
}

async fn a_bad_seek_moves_nothing() -> io::Result<()> {
    let scratch = Scratch::new();
    let path = scratch.path("file");
    fs::write(&path, "contents").await?;
    let mut file = File::open(&path).await?;
    file.read_exact(&mut [0; 3]).await?;
    for target in
        [SeekFrom::Current(-4), SeekFrom::End(-9), SeekFrom::Start(u64::MAX), SeekFrom::Current(i64::MIN)]
    {
        let error = file.seek(target).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{target:?}");
        assert!(error.to_string().starts_with(&format!("seek {path:?}: ")), "{error}");
    }
    assert_eq!(file.seek(SeekFrom::Current(0)).await?, 3);
    Ok(())
}
