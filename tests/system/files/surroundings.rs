//! Under other executors, without a runtime, and after the end of one.

use std::io;
use std::path::Path;
use std::time::Duration;

use fend::fs::{self, DirBuilder, File};
use fend::runtime::Builder;
use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt};

use super::{Scratch, detail, once};
use crate::shape::Shape;

on_every_shape!(
    after_the_end_of_the_runtime_there_are_errors,
    a_file_outlives_its_runtime,
    a_write_that_was_accepted_ends_with_the_runtime_or_is_told,
);

async fn all_of_it() -> io::Result<()> {
    let scratch = Scratch::new();
    let path = scratch.path("file");
    fs::write_atomic(&path, "contents").await?;
    let mut file = File::open(&path).await?;
    let mut text = String::new();
    file.read_to_string(&mut text).await?;
    assert_eq!(text, "contents");
    let mut file = File::create(&path).await?;
    file.write_all(b"other").await?;
    file.flush().await?;
    assert_eq!(fs::read(&path).await?, b"other");
    assert_eq!(fs::read_dir(&scratch.0).await?.count().await, 1);
    Ok(())
}

#[test]
fn under_other_executors() {
    futures_lite::future::block_on(all_of_it()).unwrap();
    futures::executor::block_on(all_of_it()).unwrap();
    smol::block_on(smol::spawn(all_of_it())).unwrap();
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(all_of_it()).unwrap();
}

fn after_the_end_of_the_runtime_there_are_errors(builder: Builder) {
    let scratch = Scratch::new();
    let path = scratch.path("file");
    std::fs::write(&path, "x").unwrap();
    let runtime = builder.build().unwrap();
    let handle = runtime.handle();
    let mut file = runtime.block_on(File::options().read(true).write(true).open(&path)).unwrap();
    drop(runtime);
    let _entered = handle.enter();
    futures_lite::future::block_on(async {
        let each_names = |path: &Path, errors: &[io::Error]| {
            errors.iter().for_each(|error| assert_eq!(detail(error).path(), Some(path), "{error}"));
        };
        each_names(
            &path,
            &[
                fs::read(&path).await.unwrap_err(),
                fs::rename(&path, "other").await.unwrap_err(),
                fs::write_atomic(&path, "y").await.unwrap_err(),
                File::open(&path).await.unwrap_err(),
                file.write(b"y").await.unwrap_err(),
                file.metadata().await.unwrap_err(),
                file.read_exact(&mut [0; 2]).await.unwrap_err(),
            ],
        );
        each_names(
            &scratch.0,
            &[
                fs::read_dir(&scratch.0).await.unwrap_err(),
                DirBuilder::new().create(&scratch.0).await.unwrap_err(),
            ],
        );
    });
    assert_eq!(std::fs::read(&path).unwrap(), b"x");
}

fn a_file_outlives_its_runtime(builder: Builder) {
    let scratch = Scratch::new();
    let runtime = builder.build().unwrap();
    let mut file = runtime.block_on(File::create_new(scratch.path("file"))).unwrap();
    drop(runtime);
    futures_lite::future::block_on(async {
        file.write_all(b"x").await.unwrap();
        file.sync_all().await.unwrap();
    });
    assert_eq!(std::fs::read(scratch.path("file")).unwrap(), b"x");
}

/// Perhaps all threads are busy, so that the call that writes has not begun when the runtime ends.
fn a_write_that_was_accepted_ends_with_the_runtime_or_is_told(shape: Shape) {
    let scratch = Scratch::new();
    let runtime = shape.builder().max_blocking_threads(1).build().unwrap();
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    let mut file = runtime.block_on(File::create_new(scratch.path("file"))).unwrap();
    runtime.block_on(async {
        drop(fend::spawn_blocking(move || wait.recv()));
        assert_eq!(once(file.write(b"x")).expect("there is room").unwrap(), 1);
    });
    let _ = runtime.shutdown_timeout(Duration::ZERO);
    let flushed = futures_lite::future::block_on(file.flush());
    drop(go_on);
    let written = std::fs::read(scratch.path("file")).unwrap();
    assert_eq!(flushed.is_ok(), !written.is_empty(), "{flushed:?}");
}
