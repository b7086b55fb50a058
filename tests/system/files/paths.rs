//! Every function that takes paths gives what std's gives.

use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use fend::fs::{self, DirBuilder, Permissions};

use super::{Scratch, detail};

on_every_dispatcher!(
    contents_are_those_of_std,
    names_change_as_with_std,
    metadata_is_that_of_std,
    directories_are_made_and_removed_as_with_std,
    errors_are_those_of_std_with_operation_and_path,
);

async fn contents_are_those_of_std() -> io::Result<()> {
    let scratch = Scratch::new();
    let (ours, copied) = (scratch.path("ours"), scratch.path("copied"));
    fs::write(&ours, "contents").await?;
    assert_eq!(std::fs::read(&ours)?, b"contents");
    assert_eq!(fs::read(&ours).await?, b"contents");
    assert_eq!(fs::read_to_string(&ours).await?, "contents");
    std::fs::set_permissions(&ours, Permissions::from_mode(0o640))?;
    assert_eq!(fs::copy(&ours, &copied).await?, 8);
    assert_eq!(std::fs::read(&copied)?, b"contents");
    assert_eq!(std::fs::metadata(&copied)?.mode() & 0o777, 0o640);
    fs::write(&ours, b"\xff").await?;
    assert_eq!(fs::read_to_string(&ours).await.unwrap_err().kind(), io::ErrorKind::InvalidData);
    Ok(())
}

async fn names_change_as_with_std() -> io::Result<()> {
    let scratch = Scratch::new();
    let [a, b, hard, soft, dangling] = ["a", "b", "hard", "soft", "dangling"].map(|name| scratch.path(name));
    std::fs::write(&a, "x")?;
    fs::rename(&a, &b).await?;
    assert_eq!(scratch.names(), ["b"]);
    fs::hard_link(&b, &hard).await?;
    assert_eq!(std::fs::metadata(&hard)?.ino(), std::fs::metadata(&b)?.ino());
    fs::symlink("b", &soft).await?;
    assert_eq!(std::fs::read_link(&soft)?, Path::new("b"));
    assert_eq!(fs::read_link(&soft).await?, Path::new("b"));
    assert_eq!(fs::canonicalize(&soft).await?, std::fs::canonicalize(&b)?);
    fs::symlink("nowhere", &dangling).await?;
    for path in [&a, &b, &hard, &soft, &dangling] {
        assert_eq!(fs::exists(path).await?, std::fs::exists(path)?, "{path:?}");
        assert_eq!(fs::try_exists(path).await?, path.try_exists()?, "{path:?}");
    }
    for path in [&b, &hard, &soft, &dangling] {
        fs::remove_file(path).await?;
    }
    assert!(scratch.names().is_empty());
    Ok(())
}

async fn metadata_is_that_of_std() -> io::Result<()> {
    let scratch = Scratch::new();
    let (file, link) = (scratch.path("file"), scratch.path("link"));
    std::fs::write(&file, "four")?;
    std::os::unix::fs::symlink(&file, &link)?;
    fs::set_permissions(&file, Permissions::from_mode(0o604)).await?;
    let (ours, theirs) = (fs::metadata(&link).await?, std::fs::metadata(&file)?);
    assert_eq!((ours.len(), ours.mode() & 0o777), (4, 0o604));
    assert_eq!((ours.ino(), ours.modified()?), (theirs.ino(), theirs.modified()?));
    assert!(fs::symlink_metadata(&link).await?.is_symlink());
    Ok(())
}

async fn directories_are_made_and_removed_as_with_std() -> io::Result<()> {
    let scratch = Scratch::new();
    let (one, deep, own) = (scratch.path("one"), scratch.path("a/b/c"), scratch.path("own/deep"));
    fs::create_dir(&one).await?;
    fs::create_dir_all(&deep).await?;
    fs::create_dir_all(&deep).await?;
    DirBuilder::new().recursive(true).mode(0o700).create(&own).await?;
    assert_eq!(std::fs::metadata(&own)?.mode() & 0o777, 0o700);
    assert_eq!(scratch.names(), ["a", "one", "own"]);
    fs::remove_dir(&one).await?;
    fs::remove_dir_all(scratch.path("a")).await?;
    assert_eq!(scratch.names(), ["own"]);
    Ok(())
}

/// The same errno and kind as std's, and text that says what std's does not.
async fn errors_are_those_of_std_with_operation_and_path() -> io::Result<()> {
    let scratch = Scratch::new();
    let (none, full) = (scratch.path("none"), scratch.path("full"));
    std::fs::create_dir_all(full.join("inner"))?;
    let permissions = Permissions::from_mode(0o600);
    let unit = |result: io::Result<()>| result.unwrap_err();
    let pairs = [
        ("read", fs::read(&none).await.unwrap_err(), std::fs::read(&none).unwrap_err()),
        ("read", fs::read_to_string(&full).await.unwrap_err(), std::fs::read_to_string(&full).unwrap_err()),
        ("write", unit(fs::write(&full, "x").await), unit(std::fs::write(&full, "x"))),
        ("remove", unit(fs::remove_file(&none).await), unit(std::fs::remove_file(&none))),
        ("remove directory", unit(fs::remove_dir(&full).await), unit(std::fs::remove_dir(&full))),
        ("remove directory", unit(fs::remove_dir_all(&none).await), unit(std::fs::remove_dir_all(&none))),
        ("create directory", unit(fs::create_dir(&full).await), unit(std::fs::create_dir(&full))),
        ("metadata", fs::metadata(&none).await.unwrap_err(), std::fs::metadata(&none).unwrap_err()),
        ("metadata", fs::symlink_metadata(&none).await.unwrap_err(), std::fs::metadata(&none).unwrap_err()),
        (
            "canonicalize",
            fs::canonicalize(&none).await.unwrap_err(),
            std::fs::canonicalize(&none).unwrap_err(),
        ),
        ("read link", fs::read_link(&full).await.unwrap_err(), std::fs::read_link(&full).unwrap_err()),
        ("read directory", fs::read_dir(&none).await.unwrap_err(), std::fs::read_dir(&none).unwrap_err()),
        ("open", fs::File::open(&none).await.unwrap_err(), std::fs::File::open(&none).unwrap_err()),
        (
            "open",
            fs::File::create_new(&full).await.unwrap_err(),
            std::fs::File::create_new(&full).unwrap_err(),
        ),
        (
            "set permissions of",
            unit(fs::set_permissions(&none, permissions.clone()).await),
            unit(std::fs::set_permissions(&none, permissions)),
        ),
    ];
    for (operation, ours, theirs) in pairs {
        let detail = detail(&ours);
        assert_eq!(detail.operation(), operation);
        let path = detail.path().expect("a path");
        assert!(path == none || path == full, "{path:?}");
        assert_eq!(detail.os_error().raw_os_error(), theirs.raw_os_error(), "{operation}");
        assert_eq!(ours.kind(), theirs.kind(), "{operation}");
        assert_eq!(ours.to_string(), format!("{operation} {path:?}: {theirs}"));
    }
    let error = fs::rename(&none, &full).await.unwrap_err();
    assert_eq!(detail(&error).second_path(), Some(full.as_path()));
    assert!(error.to_string().starts_with(&format!("rename {none:?} to {full:?}: ")), "{error}");
    for error in [fs::copy(&none, &full).await.map(|_| ()), fs::hard_link(&none, &full).await] {
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::NotFound);
    }
    let error = fs::symlink(&none, &full).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    // A path that no call can be made with.
    let error = fs::read("a\0b").await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(error.to_string().starts_with(r#"read "a\0b": "#), "{error}");
    Ok(())
}
