//! RE16: a borrowed fd is not closed, nor its owner dropped, while it is registered.
use std::fs::File;
use std::os::fd::AsFd;

use fend::io::AsyncFd;

fn dropped(file: File) {
    let registered = AsyncFd::new(file.as_fd()).unwrap();
    drop(file);
    drop(registered);
}

fn main() {}
