//! Files and directories that were opened before the fork, in the child.

use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use fend::fs::{self, File, ReadDir};
use futures_lite::future::{block_on as plain_block_on, poll_once};
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, io::SeekFrom};

use super::child::in_child;
use super::errors::FORKED;
use crate::alone::alone;
use crate::shape::Shape;

on_each_dispatcher!(files_say_so, directories_say_so, what_was_accepted_is_written_once);

fn scratch(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("fend-fork-{name}-{}", std::process::id()))
}

fn fails<T>(result: io::Result<T>) {
    let error = result.err().expect("the file is the parent's");
    assert!(error.to_string().contains(FORKED), "{error}");
}

async fn each_use_fails(mut file: File) {
    fails(file.read(&mut [0]).await);
    fails(file.write(b"x").await);
    fails(file.flush().await);
    fails(file.close().await);
    for target in [SeekFrom::Start(0), SeekFrom::End(0)] {
        fails(file.seek(target).await);
    }
    fails(file.read_at(&mut [0], 0).await);
    fails(file.write_at(b"x", 0).await);
    fails(file.sync_all().await);
    fails(file.sync_data().await);
    fails(file.set_len(1).await);
    fails(file.metadata().await);
    fails(file.try_clone().await);
    let file = file.try_into_std().expect_err("as if a call were under way");
    fails(file.into_std().await);
}

/// SP9: one that nobody uses, and one that a thread of the parent's reads just then.
fn files_say_so(shape: Shape) {
    alone(shape, || {
        let path = scratch("file");
        std::fs::write(&path, "0123456789").unwrap();
        let runtime = shape.build();
        let (reader, mut writer) = UnixStream::pair().unwrap();
        let mut in_use = File::from_std(OwnedFd::from(reader).into());
        let unused = runtime.block_on(async {
            assert!(poll_once(in_use.read(&mut [0])).await.is_none(), "there is nothing yet");
            let mut file = File::options().read(true).write(true).open(&path).await.unwrap();
            file.read_exact(&mut [0; 2]).await.unwrap();
            file
        });
        let mut files = [Some(unused), Some(in_use)];
        for file in &mut files {
            in_child(|| {
                fend::block_on(each_use_fails(file.take().unwrap()));
                String::new()
            });
            in_child(|| {
                let _entered = runtime.enter();
                plain_block_on(each_use_fails(file.take().unwrap()));
                String::new()
            });
        }
        in_child(|| {
            let fd = files[0].as_ref().unwrap().as_fd().try_clone_to_owned().unwrap();
            let anew = File::from_std(fd.into());
            assert_eq!(fend::block_on(anew.metadata()).unwrap().len(), 10, "made anew it serves");
            let start = Instant::now();
            drop(files.each_mut().map(Option::take));
            assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
            String::new()
        });
        let [unused, in_use] = &mut files;
        runtime.block_on(async {
            let mut rest = String::new();
            unused.as_mut().unwrap().read_to_string(&mut rest).await.unwrap();
            assert_eq!(rest, "23456789", "the position has not moved");
            writer.write_all(b"x").unwrap();
            assert_eq!(in_use.as_mut().unwrap().read(&mut [0]).await.unwrap(), 1);
        });
        std::fs::remove_file(&path).unwrap();
    });
}

/// What is left is an error, and then the end. Gives the number of entries before.
async fn ends_with_an_error(entries: &mut ReadDir) -> usize {
    let mut count = 0;
    let error = loop {
        match entries.next_entry().await {
            Ok(Some(_)) => count += 1,
            Ok(None) => panic!("the end after {count}"),
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains(FORKED), "{error}");
    assert!(entries.next_entry().await.unwrap().is_none());
    count
}

/// SP9: between two trips to the pool, and during one.
fn directories_say_so(shape: Shape) {
    /// More than two trips bring.
    const FILES: usize = 700;
    alone(shape, || {
        let path = scratch("directory");
        std::fs::create_dir(&path).unwrap();
        for number in 0..FILES {
            std::fs::write(path.join(number.to_string()), "").unwrap();
        }
        let runtime = shape.build();
        let (mut entries, mut fetching) = runtime.block_on(async {
            let mut fetching = fs::read_dir(&path).await.unwrap();
            while poll_once(fetching.next_entry()).await.is_some() {}
            (fs::read_dir(&path).await.unwrap(), fetching)
        });
        in_child(|| {
            assert!(fend::block_on(ends_with_an_error(&mut entries)) < FILES);
            // A trip that was over before the fork gives its output.
            assert!(fend::block_on(ends_with_an_error(&mut fetching)) < FILES);
            String::new()
        });
        runtime.block_on(async {
            let mut count = 0;
            while entries.next_entry().await.unwrap().is_some() {
                count += 1;
            }
            assert_eq!(count, FILES, "the child has taken none");
            assert!(fetching.next_entry().await.unwrap().is_some());
        });
        std::fs::remove_dir_all(&path).unwrap();
    });
}

/// SP9: by the parent.
fn what_was_accepted_is_written_once(shape: Shape) {
    alone(shape, || {
        let path = scratch("accepted");
        let runtime = shape.build();
        let mut file = Some(runtime.block_on(File::create(&path)).unwrap());
        for _ in 0..20 {
            runtime.block_on(file.as_mut().unwrap().write_all(&[b'x'; 10_000])).unwrap();
            in_child(|| {
                fails(fend::block_on(file.as_mut().unwrap().flush()));
                drop(file.take());
                String::new()
            });
        }
        runtime.block_on(file.as_mut().unwrap().flush()).unwrap();
        assert_eq!(std::fs::read(&path).unwrap().len(), 200_000);
        std::fs::remove_file(&path).unwrap();
    });
}
