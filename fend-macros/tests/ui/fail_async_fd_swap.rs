//! RE16: the object cannot be reached mutably: another fd could be put in its place.
use std::fs::File;

use fend::io::AsyncFd;

fn by_method(fd: &mut AsyncFd<File>, other: File) {
    *fd.get_mut() = other;
}

fn by_reference(fd: &mut AsyncFd<File>, other: File) {
    *fd.get_ref() = other;
}

fn by_trait(fd: &mut AsyncFd<File>, other: File) {
    *fd.as_mut() = other;
}

fn main() {}
