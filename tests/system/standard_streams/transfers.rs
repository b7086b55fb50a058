//! Data through each kind of stream.

use std::fs::{self, File};
use std::io::{Read, Seek, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::thread;

use super::kinds::{Directory, Kind, is_nonblocking, pipe, read_all, set_nonblocking};
use super::program::{Program, lend, on_each_dispatcher};
use super::roles::ENOUGH;

/// A mebibyte, or less where each byte costs more.
const SIZE: usize = if cfg!(debug_assertions) { 1 << 18 } else { 1 << 20 };

fn pattern(size: usize) -> Vec<u8> {
    (0_u32..).flat_map(|number| number.to_le_bytes()).take(size).collect()
}

fn write_all(stream: &OwnedFd, data: &[u8]) {
    File::from(stream.try_clone().expect("an fd")).write_all(data).expect("it is read");
}

/// Starts the program with these kinds for input and output, sends `data` through it, and gives what has come.
fn pass(
    program: impl FnOnce([Option<BorrowedFd<'_>>; 3]) -> Program,
    kinds: [Kind; 2],
    data: &[u8],
) -> Vec<u8> {
    let (theirs_in, ours_in) = kinds[0].to_read();
    let (theirs_out, ours_out) = kinds[1].to_write();
    let mut program = program([lend(&theirs_in), lend(&theirs_out), None]);
    let received = thread::scope(|scope| {
        scope.spawn(|| write_all(&ours_in, data));
        read_all(ours_out, data.len())
    });
    for stream in [&theirs_in, &theirs_out] {
        assert!(!is_nonblocking(stream.as_fd()), "others share the open file");
    }
    drop(ours_in);
    drop(theirs_in);
    if kinds[0].ends() {
        program.succeeds();
    } else {
        program.kill();
    }
    received
}

/// Every kind, both ways; the end of the input is seen, and what was inherited stays in blocking mode.
#[test]
fn data_passes_intact() {
    on_each_dispatcher(|dispatcher| {
        for kind in Kind::ALL {
            let data = pattern(SIZE);
            for role in ["copy", "copy by the traits"] {
                let received = pass(|streams| Program::start(dispatcher, role, streams), [kind, kind], &data);
                assert!(received == data, "{kind:?}, {role}: {} bytes", received.len());
            }
        }
    });
}

/// SP8
#[test]
fn interruptions_are_not_seen() {
    on_each_dispatcher(|dispatcher| {
        for kind in Kind::ALL {
            let data = pattern(SIZE);
            let received =
                pass(|streams| Program::start(dispatcher, "copy interrupted", streams), [kind, kind], &data);
            assert!(received == data, "{kind:?}: {} bytes", received.len());
        }
    });
}

/// Somebody else has made them so: they work, and stay so.
#[test]
fn streams_that_are_nonblocking_already_work_and_stay_so() {
    on_each_dispatcher(|dispatcher| {
        for kind in Kind::ALL {
            let data = pattern(SIZE / 4);
            let (theirs_in, ours_in) = kind.to_read();
            let (theirs_out, ours_out) = kind.to_write();
            let inherited = [theirs_in, theirs_out];
            inherited.iter().for_each(|stream| set_nonblocking(stream.as_fd()));
            let [input, output] = inherited.each_ref().map(lend);
            let mut program = Program::start(dispatcher, "copy", [input, output, None]);
            let received = thread::scope(|scope| {
                scope.spawn(|| write_all(&ours_in, &data));
                read_all(ours_out, data.len())
            });
            assert!(received == data, "{kind:?}: {} bytes", received.len());
            assert!(inherited.iter().all(|stream| is_nonblocking(stream.as_fd())), "{kind:?}");
            program.kill();
        }
    });
}

/// From a regular file to another: the rest of the one, to the end of the other.
#[test]
fn regular_files_keep_their_offset_and_append_mode() {
    on_each_dispatcher(|dispatcher| {
        for role in ["copy", "copy by the traits"] {
            let directory = Directory::new();
            let (from, to) = (directory.path().join("from"), directory.path().join("to"));
            fs::write(&from, pattern(SIZE)).expect("a file");
            fs::write(&to, "before\n").expect("a file");
            let mut input = File::open(&from).expect("the file");
            input.read_exact(&mut [0; 100]).expect("its start");
            let output = File::options().append(true).open(&to).expect("the file");
            Program::start(dispatcher, role, [lend(&input), lend(&output), None]).succeeds();
            let mut expected = b"before\n".to_vec();
            expected.extend(&pattern(SIZE)[100..]);
            assert!(fs::read(&to).expect("the file") == expected, "{role}");
            assert_eq!(input.stream_position().expect("an offset"), SIZE as u64);
        }
    });
}

/// What is written is written when the call returns, in order, by whichever handle.
#[test]
fn writes_keep_their_order() {
    on_each_dispatcher(|dispatcher| {
        let expected: String = (0..1000).map(|number| format!("{number}\n")).collect();
        let directory = Directory::new();
        let path = directory.path().join("out");
        let file = File::create(&path).expect("a file");
        Program::start(dispatcher, "number", [None, lend(&file), None]).succeeds();
        assert_eq!(fs::read_to_string(&path).expect("the file"), expected);
        for kind in Kind::ALL {
            let (theirs, ours) = kind.to_write();
            let program = Program::start(dispatcher, "number", [None, lend(&theirs), None]);
            assert_eq!(read_all(ours, expected.len()), expected.as_bytes(), "{kind:?}");
            program.succeeds();
        }
    });
}

/// A receive that is dropped while it waits takes nothing along.
#[test]
fn a_receive_that_is_given_up_loses_nothing() {
    on_each_dispatcher(|dispatcher| {
        for kind in Kind::ALL {
            let data = pattern(ENOUGH);
            let (theirs, ours) = kind.to_read();
            let (received, output) = pipe();
            let program = Program::start(dispatcher, "copy, giving up", [lend(&theirs), lend(&output), None]);
            drop(output);
            let (mut ours, mut received) = (File::from(ours), File::from(received));
            received.read_exact(&mut [0]).expect("it has given up");
            for part in data.chunks(50) {
                ours.write_all(part).expect("it is read");
                thread::yield_now();
            }
            assert!(read_all(received.into(), 1 << 20) == data, "{kind:?}");
            program.succeeds();
        }
    });
}

/// Each byte goes to one of two tasks.
#[test]
fn two_readers_share_the_stream() {
    on_each_dispatcher(|dispatcher| {
        for kind in Kind::ALL.into_iter().filter(|kind| kind.ends()) {
            let data = pattern(5000);
            let (theirs, ours) = kind.to_read();
            let (received, output) = pipe();
            let program = Program::start(dispatcher, "two readers", [lend(&theirs), lend(&output), None]);
            drop((theirs, output));
            File::from(ours).write_all(&data).expect("it is read");
            let mut expected = data;
            expected.sort_unstable();
            assert!(read_all(received, 1 << 20) == expected, "{kind:?}");
            program.succeeds();
        }
    });
}
