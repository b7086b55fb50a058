//! The parts that threads serve, over pipes of the test's own.

use std::fs::File;
use std::future::{Future, poll_fn};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::channel::Channel;
use super::polled::{Calls, Kept, Polled};
use super::reads::Reads;
use super::runner::{Place, Runner, Work};
use super::which::Which;
use super::writes::{Polls, Writes};
use crate::runtime::Builder;
use crate::sys;

fn pipe() -> (File, File) {
    let (reader, writer) = sys::pipe().unwrap();
    (File::from(reader), File::from(writer))
}

/// Fills a pipe, and says with how much.
fn fill(mut writer: &File) -> usize {
    let mut filled = 0;
    while let Ok(count) = writer.write(&[b'.'; 4096]) {
        filled += count;
    }
    filled
}

fn runner<W: Work>(file: File, which: Which) -> Arc<Runner<W>> {
    Arc::new(Runner::new(file, Place::Thread, which))
}

fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// The `size` bytes that come after `skip` others.
fn read_after(reader: File, skip: usize, size: usize) -> Vec<u8> {
    sys::set_nonblocking(reader.as_fd(), false).unwrap();
    let mut all = vec![0; skip + size];
    (&reader).read_exact(&mut all).unwrap();
    all.split_off(skip)
}

/// The pipe is non-blocking, so that the thread has to wait for it by other means.
#[test]
fn what_is_read_when_nobody_waits_any_more_goes_to_the_next() {
    let (reader, mut writer) = pipe();
    let reads = runner::<Reads>(reader, Which::Input);
    for text in [b"first".as_slice(), b"second"] {
        assert!(poll_once(reads.read(&mut [0; 3])).is_pending());
        writer.write_all(text).unwrap();
        let mut all = Vec::<u8>::new();
        while all.len() < text.len() {
            let mut buf = [0; 100];
            let count = crate::block_on(reads.read(&mut buf)).unwrap();
            all.extend(&buf[..count]);
        }
        assert_eq!(all, text);
    }
    drop(writer);
    for _ in 0..2 {
        assert_eq!(crate::block_on(reads.read(&mut [0; 100])).unwrap(), 0, "the end stays");
    }
}

#[test]
fn a_try_takes_only_what_has_come() {
    let (reader, mut writer) = pipe();
    let reads = runner::<Reads>(reader, Which::Input);
    assert_eq!(reads.try_read(&mut [0; 8]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    writer.write_all(b"abcdef").unwrap();
    let mut first = [0; 4];
    crate::block_on(reads.read(&mut first)).unwrap();
    assert_eq!(
        reads.try_read(&mut [0; 8]).unwrap_err().kind(),
        io::ErrorKind::WouldBlock,
        "no more than asked for"
    );
    assert_eq!((&first, crate::block_on(reads.read(&mut [0; 8])).unwrap()), (b"abcd", 2));
}

#[test]
fn a_write_that_waits_its_turn_is_taken_back_when_it_is_given_up() {
    let (reader, writer) = pipe();
    let filled = fill(&writer);
    let writes = runner::<Writes>(writer, Which::Output);
    let mut first = Box::pin(writes.write(b"first"));
    assert!(poll_once(first.as_mut()).is_pending());
    assert!(poll_once(writes.write(b"second")).is_pending());
    let third = writes.write(b"third");
    let read = std::thread::spawn(move || read_after(reader, filled, 10));
    assert_eq!(crate::block_on(first).unwrap(), 5);
    assert_eq!(crate::block_on(third).unwrap(), 5);
    assert_eq!(read.join().unwrap(), b"firstthird");
}

#[test]
fn a_polled_write_is_known_by_its_bytes() {
    let (reader, writer) = pipe();
    let filled = fill(&writer);
    let writes = runner::<Writes>(writer, Which::Output);
    let polls = Polls::default();
    for bytes in [b"one".as_slice(), b"one", b"two", b"two", b"one"] {
        let mut cx = Context::from_waker(Waker::noop());
        assert!(polls.poll_write(&mut cx, &writes, bytes).is_pending());
    }
    let read = std::thread::spawn(move || read_after(reader, filled, 9));
    for bytes in [b"two".as_slice(), b"one"] {
        let count = crate::block_on(poll_fn(|cx| polls.poll_write(cx, &writes, bytes))).unwrap();
        assert_eq!(count, 3);
    }
    assert_eq!(
        read.join().unwrap(),
        b"onetwoone",
        "the first was over, and given up, when the second was asked for"
    );
}

#[test]
fn a_file_is_served_by_another_runtime_when_the_first_has_shut_down() {
    let mut text = [0; 4];
    let file = File::open(std::env::current_exe().unwrap()).unwrap();
    let Channel::Threaded(reads) = Channel::<Reads>::of(file, Which::Input).unwrap() else {
        panic!("a regular file is read by threads")
    };
    let first = Builder::new().worker_threads(1).build().unwrap();
    let handle = first.handle();
    drop(first);
    {
        let _entered = handle.enter();
        let error = crate::block_on(poll_fn(|cx| Poll::Ready(reads.poll_read(cx, &mut text))));
        let Poll::Ready(Err(error)) = error else { panic!("{error:?}") };
        assert!(error.to_string().contains("shut down"), "{error}");
    }
    let second = Builder::new().worker_threads(1).build().unwrap();
    assert_eq!(second.block_on(reads.read(&mut text)).unwrap(), 4);
    assert_eq!(&text, b"\x7fELF");
}

#[test]
fn what_the_kernel_can_call_ready_needs_no_thread() {
    let (reader, _writer) = pipe();
    let Channel::Polled(polled) = Channel::<Reads>::of(reader, Which::Input).unwrap() else {
        panic!("a pipe can be polled")
    };
    let kept = Kept::default();
    let runtime = Builder::new().worker_threads(1).build().unwrap();
    let read = kept.with(&polled, |calls, file| calls.read(file, &mut [0; 4]));
    assert!(runtime.block_on(async { poll_once(read) }).is_pending());
    drop(Polled::new(pipe().0, Calls::NoWait, Which::Input));
    let null = File::options().read(true).write(true).open("/dev/null").unwrap();
    assert!(matches!(Channel::<Writes>::of(null, Which::Output).unwrap(), Channel::Direct(_)));
}

/// Opening such a device again would make another terminal.
#[test]
fn the_controlling_side_of_a_terminal_is_not_opened_again() {
    let master = File::options().read(true).write(true).open("/dev/ptmx").unwrap();
    assert!(matches!(Channel::<Reads>::of(master, Which::Input).unwrap(), Channel::Threaded(_)));
}

/// A FIFO without a reader is an error for now, and no reason to give up. A process that another test is about to start has the reading end too,
/// for a moment.
#[test]
fn a_fifo_without_a_reader_is_a_broken_pipe() {
    let path = std::env::temp_dir().join(format!("fend-stdio-fifo-{}", std::process::id()));
    let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    let both = File::options().read(true).write(true).open(&path).unwrap();
    let writer = File::options().write(true).open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let open = || Channel::<Writes>::of(writer.try_clone().unwrap(), Which::Output);
    assert!(matches!(open().unwrap(), Channel::Polled(_)));
    drop(both);
    let start = std::time::Instant::now();
    let error = loop {
        match open() {
            Ok(_) => assert!(start.elapsed() < std::time::Duration::from_secs(60), "it has a reader"),
            Err(error) => break error,
        }
        std::thread::yield_now();
    };
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn auto_traits() {
    fn check<T: Send + Sync + Unpin + std::fmt::Debug + Clone>() {}
    check::<super::Stdin>();
    check::<super::Stdout>();
    check::<super::Stderr>();
    fn future_is_send<F: Send>(_: F) {}
    future_is_send(async { super::stdin().recv(&mut [0]).await });
    future_is_send(async { super::stdout().send_all(&[]).await });
}
