//! Both halves of a rename.

use std::fs;
use std::io;
use std::time::Duration;

use fend::inotify::{EventKind, Mask, Watcher};
use fend::time::timeout;

use super::scratch::Scratch;

on_every_dispatcher!(
    within_a_directory_and_between_two,
    out_and_in,
    only_the_half_that_was_asked_for,
    halves_may_be_told_apart,
    many_renames_are_all_joined,
    a_held_half_keeps_what_comes_after_it_in_order,
);

/// `a` and `b`, watched for everything about entries.
fn two(scratch: &Scratch, watcher: &Watcher) -> io::Result<()> {
    for name in ["a", "b", "."] {
        watcher.add(scratch.dir(name)?, Mask::MOVE | Mask::CREATE | Mask::DELETE)?;
    }
    Ok(())
}

async fn within_a_directory_and_between_two() -> io::Result<()> {
    let scratch = Scratch::new()?;
    let watcher = Watcher::new()?;
    two(&scratch, &watcher)?;
    fs::rename(scratch.write("a/1")?, scratch.join("a/2"))?;
    fs::rename(scratch.join("a/2"), scratch.join("b/3"))?;
    fs::rename(scratch.dir("a/d")?, scratch.join("b/d"))?;
    let event = watcher.recv().await?;
    assert_eq!(scratch.words(&event), "Created a/1");
    let event = watcher.recv().await?;
    assert_eq!(scratch.words(&event), "Renamed a/1 a/2");
    assert!(event.cookie() != 0 && event.mask() == Mask::MOVE, "{event:?}");
    let told = scratch.told(&watcher).await?;
    assert_eq!(told, ["Renamed a/2 b/3", "Created a/d/", "Renamed a/d b/d/"]);
    Ok(())
}

async fn out_and_in() -> io::Result<()> {
    let scratch = Scratch::new()?;
    let watcher = Watcher::new()?;
    scratch.dir("out")?;
    two(&scratch, &watcher)?;
    fs::rename(scratch.write("a/1")?, scratch.join("out/1"))?;
    fs::rename(scratch.join("out/1"), scratch.join("b/2"))?;
    assert_eq!(scratch.told(&watcher).await?, ["Created a/1", "MovedAway a/1", "MovedIn b/2"]);
    // Nothing comes after it that could tell, but time.
    fs::rename(scratch.join("b/2"), scratch.join("out/2"))?;
    assert_eq!(scratch.words(&watcher.recv().await?), "MovedAway b/2");
    Ok(())
}

async fn only_the_half_that_was_asked_for() -> io::Result<()> {
    let scratch = Scratch::new()?;
    let watcher = Watcher::new()?;
    watcher.add(scratch.dir("a")?, Mask::MOVED_FROM)?;
    watcher.add(scratch.dir("b")?, Mask::MOVED_TO)?;
    watcher.add(scratch.path(), Mask::CREATE)?;
    fs::rename(scratch.write("a/1")?, scratch.join("a/2"))?;
    fs::rename(scratch.write("b/1")?, scratch.join("b/2"))?;
    fs::rename(scratch.join("a/2"), scratch.join("b/3"))?;
    assert_eq!(scratch.told(&watcher).await?, ["MovedAway a/1", "MovedIn b/2", "Renamed a/2 b/3"]);
    Ok(())
}

async fn halves_may_be_told_apart() -> io::Result<()> {
    let scratch = Scratch::new()?;
    let watcher = Watcher::new()?;
    watcher.join_renames(false);
    two(&scratch, &watcher)?;
    fs::rename(scratch.write("a/1")?, scratch.join("b/2"))?;
    assert_eq!(watcher.recv().await?.kind(), EventKind::Created);
    let (away, arrived) = (watcher.recv().await?, watcher.recv().await?);
    assert_eq!((away.kind(), arrived.kind()), (EventKind::MovedAway, EventKind::MovedIn));
    assert!(away.cookie() != 0 && away.cookie() == arrived.cookie());
    Ok(())
}

/// Some thousand renames go through several reads, which split some pairs.
async fn many_renames_are_all_joined() -> io::Result<()> {
    let scratch = Scratch::new()?;
    let watcher = Watcher::new()?;
    two(&scratch, &watcher)?;
    scratch.write("a/0")?;
    const RENAMES: usize = 3000;
    for n in 0..RENAMES {
        let (from, to) = if n % 2 == 0 { ("a", "b") } else { ("b", "a") };
        fs::rename(scratch.join(&format!("{from}/{n}")), scratch.join(&format!("{to}/{}", n + 1)))?;
    }
    assert_eq!(scratch.words(&watcher.recv().await?), "Created a/0");
    for n in 0..RENAMES {
        let (from, to) = if n % 2 == 0 { ("a", "b") } else { ("b", "a") };
        let words = scratch.words(&watcher.recv().await?);
        assert_eq!(words, format!("Renamed {from}/{n} {to}/{}", n + 1));
    }
    Ok(())
}

async fn a_held_half_keeps_what_comes_after_it_in_order() -> io::Result<()> {
    let scratch = Scratch::new()?;
    let watcher = Watcher::new()?;
    scratch.dir("out")?;
    two(&scratch, &watcher)?;
    fs::rename(scratch.write("a/1")?, scratch.join("out/1"))?;
    scratch.write("a/1")?;
    assert_eq!(scratch.words(&watcher.recv().await?), "Created a/1");
    // It is not held for long, so that on a slow machine each of these may be the first that finds it.
    let away = match watcher.try_recv() {
        Ok(late) => late,
        Err(error) => {
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
            // Given up while it is held, it is still there.
            match timeout(Duration::ZERO, watcher.recv()).await {
                Ok(late) => late?,
                Err(_) => watcher.recv().await?,
            }
        }
    };
    assert_eq!(scratch.words(&away), "MovedAway a/1");
    assert_eq!(scratch.words(&watcher.recv().await?), "Created a/1");
    Ok(())
}
