//! Big files, small pieces: what comes back is what went in.

use std::io;

use fend::fs::{self, File};
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, io::SeekFrom};

use super::{Scratch, pattern};

on_every_dispatcher!(a_big_file_makes_a_round_trip, every_size_of_piece_comes_back, io_copy_takes_files);

const BIG: usize = 16 * 1024 * 1024;

async fn a_big_file_makes_a_round_trip() -> io::Result<()> {
    let scratch = Scratch::new();
    let (path, second) = (scratch.path("file"), scratch.path("second"));
    let contents = pattern(BIG);
    let mut file = File::create_new(&path).await?;
    file.write_all(&contents).await?;
    file.seek(SeekFrom::Start(0)).await?;
    let mut back = Vec::with_capacity(BIG);
    file.read_to_end(&mut back).await?;
    assert!(back == contents);
    assert!(fs::read(&path).await? == contents);
    assert_eq!(fs::copy(&path, &second).await?, BIG as u64);
    fs::write(&path, &back).await?;
    assert!(std::fs::read(&second)? == contents && std::fs::read(&path)? == contents);
    Ok(())
}

async fn every_size_of_piece_comes_back() -> io::Result<()> {
    let scratch = Scratch::new();
    let contents = pattern(1_000_000);
    for size in [1_000, 4_096, 65_536, 300_000, 1_000_000] {
        let mut file = File::create_new(scratch.path(size.to_string())).await?;
        for piece in contents.chunks(size) {
            file.write_all(piece).await?;
        }
        file.seek(SeekFrom::Start(0)).await?;
        let mut back = vec![0; contents.len()];
        for piece in back.chunks_mut(size) {
            file.read_exact(piece).await?;
        }
        assert!(back == contents, "pieces of {size}");
        assert_eq!(file.read(&mut [0]).await?, 0);
    }
    Ok(())
}

async fn io_copy_takes_files() -> io::Result<()> {
    let scratch = Scratch::new();
    let contents = pattern(700_000);
    fs::write(scratch.path("from"), &contents).await?;
    let (from, to) = (File::open(scratch.path("from")).await?, File::create(scratch.path("to")).await?);
    assert_eq!(fend::io::copy(&from, &to).await?, 700_000);
    // Flushed already.
    assert!(std::fs::read(scratch.path("to"))? == contents);
    Ok(())
}
