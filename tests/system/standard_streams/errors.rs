//! Streams that are closed, or of no use.

use std::fs::File;

use super::kinds::{Directory, Kind};
use super::program::{Program, lend, on_each_dispatcher};

#[test]
fn a_closed_stream_is_an_error_and_another_file_of_its_number_is_left_alone() {
    on_each_dispatcher(|dispatcher| Program::start(dispatcher, "closed", [None; 3]).succeeds());
}

#[test]
fn without_a_reader_a_write_is_an_error_and_no_signal() {
    on_each_dispatcher(|dispatcher| {
        for kind in [Kind::Pipe, Kind::LockedPipe, Kind::Fifo, Kind::LockedFifo, Kind::Socket] {
            let (theirs, ours) = kind.to_write();
            drop(ours);
            Program::start(dispatcher, "no reader", [None, lend(&theirs), None]).succeeds();
        }
    });
}

#[test]
fn the_null_device_is_empty_and_takes_everything() {
    on_each_dispatcher(|dispatcher| Program::start(dispatcher, "nothing", [None; 3]).succeeds());
}

#[test]
fn devices_that_never_wait_let_others_run() {
    on_each_dispatcher(|dispatcher| {
        let zero = File::open("/dev/zero").expect("a device");
        let full = File::options().write(true).open("/dev/full").expect("a device");
        Program::start(dispatcher, "full", [lend(&zero), lend(&full), None]).succeeds();
    });
}

#[test]
fn a_stream_that_is_open_for_the_other_direction_is_named_so() {
    on_each_dispatcher(|dispatcher| {
        let directory = Directory::new();
        let written = File::create(directory.path().join("file")).expect("a file");
        let read = File::open(directory.path().join("file")).expect("the file");
        Program::start(dispatcher, "wrong way", [lend(&written), lend(&read), None]).succeeds();
    });
}
