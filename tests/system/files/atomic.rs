//! `write_atomic`: the old contents or the new, and nothing left behind.

use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use fend::fs::{self, AtomicWrite, Permissions};

use super::{Scratch, once};

on_every_dispatcher!(
    readers_never_see_a_mix,
    given_up_it_leaves_the_old_or_the_new,
    permission_bits_are_kept,
    a_link_is_followed,
    what_is_no_regular_file_is_left_alone,
    an_error_leaves_nothing_behind,
);

const WRITERS: u8 = 4;

/// Contents of which each byte tells who wrote them.
fn contents(writer: u8, round: usize) -> Vec<u8> {
    vec![b'a' + writer; 20_000 + 1_000 * (round % 20)]
}

fn is_whole(contents: &[u8]) -> bool {
    contents.len() >= 20_000
        && contents.len() % 1_000 == 0
        && contents.iter().all(|byte| *byte == contents[0])
}

async fn read_until(done: Arc<AtomicBool>, path: PathBuf) -> io::Result<()> {
    while !done.load(SeqCst) {
        let contents = fs::read(&path).await?;
        assert!(is_whole(&contents), "{} bytes", contents.len());
    }
    Ok(())
}

async fn readers_never_see_a_mix() -> io::Result<()> {
    let scratch = Scratch::new();
    let path = scratch.path("file");
    let write = AtomicWrite::new().sync(false);
    write.write(&path, contents(0, 0)).await?;
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..4).map(|_| fend::spawn(read_until(done.clone(), path.clone()))).collect();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (write, path) = (write.clone(), path.clone());
            fend::spawn(async move {
                for round in 0..50 {
                    write.write(&path, contents(writer, round)).await?;
                }
                io::Result::Ok(())
            })
        })
        .collect();
    for writer in writers {
        writer.await??;
    }
    done.store(true, SeqCst);
    for reader in readers {
        reader.await??;
    }
    assert_eq!(scratch.names(), ["file"], "no temporary file is left");
    Ok(())
}

/// The call is one job, which runs to its end once it has begun: it is given up before it was polled, and after.
async fn given_up_it_leaves_the_old_or_the_new() -> io::Result<()> {
    let scratch = Scratch::new();
    let path = scratch.path("file");
    fs::write_atomic(&path, contents(0, 0)).await?;
    drop(fs::write_atomic(&path, contents(1, 0)));
    assert_eq!(fs::read(&path).await?, contents(0, 0));
    let write = AtomicWrite::new().sync(false);
    let mut finished = 0;
    for round in 1..200 {
        let (before, after) = (contents(0, round), contents(1, round));
        write.write(&path, &before).await?;
        if let Some(result) = once(write.write(&path, &after)) {
            result?;
        }
        // It comes to its end, or was not begun; also that of an earlier round may only do so now. Nobody sees a half.
        let seen = fs::read(&path).await?;
        assert!(is_whole(&seen), "{} bytes", seen.len());
        finished += usize::from(seen == after);
    }
    while scratch.names() != ["file"] {
        fend::yield_now().await;
    }
    assert!(is_whole(&fs::read(&path).await?));
    // Shown with `--nocapture`.
    eprintln!("{finished} of 199 were finished");
    Ok(())
}

async fn permission_bits_are_kept() -> io::Result<()> {
    let scratch = Scratch::new();
    let (path, beside) = (scratch.path("file"), scratch.path("beside"));
    let mode = |path: &PathBuf| std::fs::metadata(path).map(|metadata| metadata.mode() & 0o7777);
    fs::write(&beside, "as any other").await?;
    fs::write_atomic(&path, "new").await?;
    assert_eq!(mode(&path)?, mode(&beside)?, "of a new file");
    for bits in [0o600, 0o755, 0o444, 0o000] {
        std::fs::set_permissions(&path, Permissions::from_mode(bits))?;
        fs::write_atomic(&path, "newer").await?;
        assert_eq!(mode(&path)?, bits);
    }
    AtomicWrite::new().mode(0o642).write(&path, "newest").await?;
    assert_eq!(mode(&path)?, 0o642);
    Ok(())
}

async fn a_link_is_followed() -> io::Result<()> {
    let scratch = Scratch::new();
    let (link, first) = (scratch.path("link"), scratch.path("first"));
    fs::create_dir(scratch.path("elsewhere")).await?;
    let target = scratch.path("elsewhere/target");
    fs::symlink("elsewhere/target", &first).await?;
    fs::symlink(&first, &link).await?;
    for contents in ["created at the end of the links", "replaced there"] {
        fs::write_atomic(&link, contents).await?;
        assert_eq!(std::fs::read_to_string(&target)?, contents);
    }
    assert_eq!(scratch.names(), ["elsewhere", "first", "link"]);
    assert!(
        std::fs::symlink_metadata(&link)?.is_symlink() && std::fs::symlink_metadata(&first)?.is_symlink()
    );
    let turning = scratch.path("turning");
    fs::symlink("turning", &turning).await?;
    let error = fs::write_atomic(&turning, "x").await.unwrap_err();
    assert_eq!(super::detail(&error).os_error().raw_os_error(), Some(libc::ELOOP));
    Ok(())
}

async fn what_is_no_regular_file_is_left_alone() -> io::Result<()> {
    let scratch = Scratch::new();
    let socket = scratch.path("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket)?;
    let error = fs::write_atomic(&socket, "x").await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(error.to_string().starts_with(&format!("write {socket:?}: ")), "{error}");
    for directory in [scratch.0.clone(), PathBuf::from("/")] {
        let error = fs::write_atomic(&directory, "x").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::IsADirectory);
    }
    assert_eq!(scratch.names(), ["socket"]);
    Ok(())
}

async fn an_error_leaves_nothing_behind() -> io::Result<()> {
    let scratch = Scratch::new();
    let error = fs::write_atomic(scratch.path("none/file"), "x").await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    let long = "x".repeat(256);
    let error = fs::write_atomic(scratch.path(&long), "x").await.unwrap_err();
    assert_eq!(super::detail(&error).os_error().raw_os_error(), Some(libc::ENAMETOOLONG));
    assert!(scratch.names().is_empty());
    let error = fs::write_atomic("", "x").await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound, "{error}");
    // The longest name there is leaves no room for a longer one beside it.
    fs::write_atomic(scratch.path(&long[1..]), "x").await
}
