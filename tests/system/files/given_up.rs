//! Futures that are given up: no byte is lost or doubled.

use std::io;

use fend::fs::{self, File, OpenOptions};
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, future, io::SeekFrom};

use super::{Scratch, once, pattern};

on_every_dispatcher!(
    an_end_that_was_found_and_not_told_may_have_moved,
    an_end_that_a_seek_has_found_may_have_moved,
    reads_given_up_lose_nothing,
    what_a_file_has_accepted_is_written_when_it_is_dropped,
    a_seek_given_up_is_made_at_most_once,
    the_position_is_right_after_a_read_given_up,
    calls_given_up_leave_the_file_in_order,
    tasks_that_share_a_file_lose_nothing,
);

/// A file whose reads go to the pool: nothing is read at once from one that has a clone.
async fn pooled(path: &std::path::Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).open(path).await?;
    file.try_clone().await?;
    Ok(file)
}

/// Begins a read and gives it up.
async fn give_up_a_read(file: &mut File) -> io::Result<()> {
    let mut buf = [0; 4];
    // The pool may be faster.
    while let Some(count) = once(file.read(&mut buf)) {
        file.seek(SeekFrom::Current(-i64::try_from(count?).unwrap())).await?;
    }
    Ok(())
}

async fn reads_given_up_lose_nothing() -> io::Result<()> {
    let scratch = Scratch::new();
    let path = scratch.path("file");
    let contents = pattern(100_000);
    fs::write(&path, &contents).await?;
    for mut file in [pooled(&path).await?, File::open(&path).await?] {
        let mut seen = Vec::new();
        let mut buf = [0; 4096];
        for size in (1..).map(|n| 1 + n * 997 % 4096) {
            let count = match once(file.read(&mut buf[..size])) {
                Some(count) => count?,
                // Given up; another size than that which is on its way.
                None => {
                    let size = 1 + size / 2;
                    file.read(&mut buf[..size]).await?
                }
            };
            if count == 0 {
                break;
            }
            seen.extend_from_slice(&buf[..count]);
        }
        assert!(seen == contents, "{} bytes", seen.len());
    }
    Ok(())
}

async fn what_a_file_has_accepted_is_written_when_it_is_dropped() -> io::Result<()> {
    let scratch = Scratch::new();
    let path = scratch.path("file");
    let contents = pattern(300_000);
    let mut file = File::create(&path).await?;
    file.write_all(&contents).await?;
    drop(file);
    while fs::metadata(&path).await?.len() < contents.len() as u64 {
        fend::yield_now().await;
    }
    assert!(fs::read(&path).await? == contents);
    Ok(())
}

async fn a_seek_given_up_is_made_at_most_once() -> io::Result<()> {
    let scratch = Scratch::new();
    let path = scratch.path("file");
    fs::write(&path, "0123456789").await?;
    let mut file = pooled(&path).await?;
    for _ in 0..20 {
        file.seek(SeekFrom::Start(0)).await?;
        // Asked for again, this is the same seek, unless the pool was faster than the one who gave up.
        let at_once = once(file.seek(SeekFrom::Current(3))).is_some();
        let wanted = if at_once { 6 } else { 3 };
        assert_eq!(file.seek(SeekFrom::Current(3)).await?, wanted);
        drop(once(file.seek(SeekFrom::End(0))));
        assert_eq!(file.seek(SeekFrom::Start(2)).await?, 2);
        drop(once(file.seek(SeekFrom::Current(2))));
        // A read in between: this is another one.
        file.read_exact(&mut [0]).await?;
        assert_eq!(file.seek(SeekFrom::Current(2)).await?, 7);
    }
    Ok(())
}

async fn the_position_is_right_after_a_read_given_up() -> io::Result<()> {
    let scratch = Scratch::new();
    let path = scratch.path("file");
    fs::write(&path, "0123456789").await?;
    let mut buf = [0; 4];
    // Who comes next finds the position where it was: a seek, a write, a change of length, a clone, std.
    let mut file = pooled(&path).await?;
    give_up_a_read(&mut file).await?;
    assert_eq!(file.seek(SeekFrom::Current(1)).await?, 1);
    file.read_exact(&mut buf[..1]).await?;
    assert_eq!(buf[0], b'1');

    give_up_a_read(&mut file).await?;
    file.write_all(b"x").await?;
    file.flush().await?;
    assert_eq!(fs::read(&path).await?, b"01x3456789");
    file.read_exact(&mut buf[..1]).await?;
    assert_eq!(buf[0], b'3');

    give_up_a_read(&mut file).await?;
    file.set_len(6).await?;
    let mut rest = String::new();
    file.read_to_string(&mut rest).await?;
    assert_eq!(rest, "45");

    file.seek(SeekFrom::Start(1)).await?;
    give_up_a_read(&mut file).await?;
    let mut clone = file.try_clone().await?;
    clone.read_exact(&mut buf[..2]).await?;
    assert_eq!(&buf[..2], b"1x");
    give_up_a_read(&mut clone).await?;
    assert_eq!(clone.metadata().await?.len(), 6);
    let mut theirs = clone.try_into_std().expect("no call is under way");
    assert_eq!(io::Seek::stream_position(&mut theirs)?, 3);

    give_up_a_read(&mut file).await?;
    assert_eq!(io::Seek::stream_position(&mut file.into_std().await?)?, 3);
    Ok(())
}

async fn calls_given_up_leave_the_file_in_order() -> io::Result<()> {
    let scratch = Scratch::new();
    let path = scratch.path("file");
    fs::write(&path, "0123456789").await?;
    let mut file = pooled(&path).await?;
    for _ in 0..50 {
        give_up_a_read(&mut file).await?;
        drop(once(file.metadata()));
        drop(once(file.set_len(10)));
        drop(once(file.read_at(&mut [0; 3], 2)));
        drop(once(file.sync_data()));
        drop(once(file.flush()));
        drop(once(file.seek(SeekFrom::Current(0))));
        file.seek(SeekFrom::Start(4)).await?;
        let mut buf = [0; 3];
        file.read_exact(&mut buf).await?;
        assert_eq!(&buf, b"456");
    }
    Ok(())
}

/// More of them than wakers are kept, so that some are woken for nothing.
async fn tasks_that_share_a_file_lose_nothing() -> io::Result<()> {
    let scratch = Scratch::new();
    let path = scratch.path("file");
    let contents = pattern(400_000);
    fs::write(&path, &contents).await?;
    let file = std::sync::Arc::new(pooled(&path).await?);
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let file = file.clone();
            fend::spawn(async move {
                let mut bytes = Vec::new();
                let mut buf = [0; 1000];
                loop {
                    match (&*file).read(&mut buf).await? {
                        0 => return io::Result::Ok(bytes),
                        count => bytes.extend_from_slice(&buf[..count]),
                    }
                }
            })
        })
        .collect();
    let (mut counts, mut wanted) = ([0_u32; 256], [0_u32; 256]);
    for task in tasks {
        task.await??.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    }
    contents.iter().for_each(|byte| wanted[usize::from(*byte)] += 1);
    assert_eq!(counts, wanted, "each byte went to one of them");

    // A reader comes to its turn although a writer never stops by itself.
    (&*file).seek(SeekFrom::Start(0)).await?;
    let write = async {
        loop {
            (&*file).write_all(&[1; 100]).await?;
        }
    };
    let read = async { (&*file).read(&mut [0]).await.map(drop) };
    future::or(read, write).await
}

async fn an_end_that_was_found_and_not_told_may_have_moved() -> io::Result<()> {
    let scratch = Scratch::new();
    let mut file = OpenOptions::new().read(true).write(true).create(true).open(scratch.path("file")).await?;
    let mut buf = [1; 8];
    for size in 1..=20 {
        // The pool finds the end, as a rule when nobody waits for it any more.
        let _ = once(file.read(&mut buf));
        file.set_len(size).await?;
        assert_eq!(file.read(&mut buf).await?, 1);
    }
    Ok(())
}

async fn an_end_that_a_seek_has_found_may_have_moved() -> io::Result<()> {
    let scratch = Scratch::new();
    let path = scratch.path("file");
    fs::write(&path, "").await?;
    let mut file = pooled(&path).await?;
    for size in 1..=20 {
        drop(once(file.seek(SeekFrom::End(0))));
        file.set_len(size).await?;
        assert_eq!(file.seek(SeekFrom::End(0)).await?, size);
        drop(once(file.seek(SeekFrom::End(0))));
        file.write_all_at(&[0; 20], 20 * size).await?;
        assert_eq!(file.seek(SeekFrom::End(0)).await?, 20 * size + 20);
    }
    Ok(())
}
