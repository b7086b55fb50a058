//! What the program under test does with its streams.

use std::env;
use std::fs::File;
use std::future::{Future, poll_fn};
use std::io;
use std::os::fd::AsRawFd;
use std::pin::{Pin, pin};
use std::process;
use std::task::Poll;
use std::time::Duration;

use fend::io::{stderr, stdin, stdout};
use fend::runtime::Builder;
use futures_lite::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

use super::program::{ROLE, close_stream, respect_permissions, restore_sigpipe, runtime, take_streams};
use super::sessions;
use crate::alarms::Alarms;

/// How much is copied by who gives up again and again.
pub(super) const ENOUGH: usize = 1500;

/// Not a test: the program. Without a role it has nothing to do.
#[test]
fn role() {
    let Ok(role) = env::var(ROLE) else { return };
    // Before anything else writes to it.
    take_streams();
    respect_permissions();
    match &*role {
        "copy" => runtime().block_on(copy()),
        "copy interrupted" => {
            let _alarms = Alarms::start();
            runtime().block_on(copy())
        }
        "copy by the traits" => runtime().block_on(copy_by_the_traits()),
        "copy, giving up" => runtime().block_on(copy_giving_up()),
        "two readers" => runtime().block_on(two_readers()),
        "echo lines" => runtime().block_on(echo_lines()),
        "wait" => runtime().block_on(wait_for_ever()),
        "end" => return end_with_a_read_pending(),
        "shell" => sessions::shell(),
        "job" => runtime().block_on(sessions::job()),
        "line" => runtime().block_on(sessions::line()),
        "fill" => runtime().block_on(fill()),
        "number" => runtime().block_on(number()),
        "several runtimes" => several_runtimes(),
        "no reader" => runtime().block_on(no_reader()),
        "nothing" => runtime().block_on(nothing()),
        "closed" => runtime().block_on(closed()),
        "full" => runtime().block_on(full()),
        "wrong way" => runtime().block_on(wrong_way()),
        _ => Err(io::Error::other("no such role")),
    }
    .unwrap_or_else(|error| panic!("{role}: {error}"));
    // The harness has more to say, which is not for this stdout.
    process::exit(0);
}

/// Up to the end, or to the line `end` of a terminal that has none.
async fn copy() -> io::Result<()> {
    let (input, output) = (stdin(), stdout());
    let mut buf = vec![0; 10_000];
    loop {
        let count = input.recv(&mut buf).await?;
        if count == 0 {
            return Ok(());
        }
        output.send_all(&buf[..count]).await?;
    }
}

async fn copy_by_the_traits() -> io::Result<()> {
    let (mut input, mut output) = (stdin(), stdout());
    let mut buf = vec![0; 10_000];
    loop {
        let count = input.read(&mut buf).await?;
        if count == 0 {
            return output.close().await;
        }
        output.write_all(&buf[..count]).await?;
    }
}

/// Each receive is given up when it has to wait, and made again. Says when the first was given up.
async fn copy_giving_up() -> io::Result<()> {
    let mut all = Vec::<u8>::new();
    let mut buf = [0; 100];
    let mut given_up = 0;
    while all.len() < ENOUGH {
        let received = once(pin!(stdin().recv(&mut buf))).await;
        match received {
            None => {
                if given_up == 0 {
                    stdout().send_all(b"?").await?;
                }
                given_up += 1;
            }
            Some(Ok(0)) => break,
            Some(count) => all.extend(&buf[..count?]),
        }
        fend::yield_now().await;
    }
    stdout().send_all(&all).await
}

async fn once<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// Two tasks share the input; what both have got is sorted.
async fn two_readers() -> io::Result<()> {
    let readers = [(); 2].map(|()| {
        fend::spawn(async {
            let mut all = Vec::<u8>::new();
            let mut buf = [0; 7];
            loop {
                match stdin().recv(&mut buf).await? {
                    0 => return io::Result::Ok(all),
                    count => all.extend(&buf[..count]),
                }
            }
        })
    });
    let mut all = Vec::<u8>::new();
    for reader in readers {
        all.extend(reader.await.map_err(io::Error::other)??);
    }
    all.sort_unstable();
    stdout().send_all(&all).await
}

async fn echo_lines() -> io::Result<()> {
    let mut lines = BufReader::new(stdin());
    let mut line = String::new();
    while lines.read_line(&mut line).await? > 0 {
        stdout().send_all(format!("<{}>\n", line.trim_end()).as_bytes()).await?;
        line.clear();
    }
    Ok(())
}

/// Says when it waits, and waits.
async fn wait_for_ever() -> io::Result<()> {
    let mut buf = [0; 100];
    let input = stdin();
    let mut read = pin!(input.recv(&mut buf));
    assert!(once(read.as_mut()).await.is_none(), "nothing to read");
    stdout().send_all(b"waiting\n").await?;
    read.await.map(drop)
}

/// Ends as a program does whose `main` returns.
fn end_with_a_read_pending() {
    let runtime = runtime();
    let task = runtime.spawn(async { stdin().recv(&mut [0; 100]).await });
    runtime.block_on(async {
        let mut buf = [0; 100];
        let input = stdin();
        assert!(once(pin!(input.recv(&mut buf))).await.is_none(), "nothing to read");
        while !task.is_finished() && runtime_is_young().await {}
    });
    let report = runtime.shutdown_timeout(Duration::from_secs(600));
    assert!(report.is_clean(), "{report:?}");
}

/// Lets others run a few times.
async fn runtime_is_young() -> bool {
    for _ in 0..3 {
        fend::yield_now().await;
    }
    false
}

/// Writes a mebibyte, with timers going on meanwhile.
async fn fill() -> io::Result<()> {
    let write = fend::spawn(async { stdout().send_all(&vec![b'x'; 1 << 20]).await });
    for _ in 0..5 {
        fend::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(!write.is_finished(), "more than fits was written");
    stderr().send_all(b"timers go on\n").await?;
    write.await.map_err(io::Error::other)?
}

/// Numbered lines, through handles of all kinds.
async fn number() -> io::Result<()> {
    let kept = stdout();
    for number in 0..1000 {
        let line = format!("{number}\n");
        match number % 4 {
            0 => kept.send_all(line.as_bytes()).await?,
            1 => stdout().send_all(line.as_bytes()).await?,
            2 => (&kept).write_all(line.as_bytes()).await?,
            _ => stdout().write_all(line.as_bytes()).await?,
        }
    }
    Ok(())
}

/// A byte for each runtime, one after the other; then two at once, of which one ends while the other's task waits.
fn several_runtimes() -> io::Result<()> {
    let input = stdin();
    let next = async |input: &fend::io::Stdin| {
        let mut byte = [0];
        stdout().send_all(b"next\n").await?;
        input.recv_exact(&mut byte).await?;
        io::Result::Ok(byte[0])
    };
    for expected in 0..3 {
        assert_eq!(runtime().block_on(next(&input))?, expected);
    }
    let first = Builder::new().worker_threads(1).build()?;
    first.block_on(async {
        let mut buf = [0];
        assert!(once(pin!(input.recv(&mut buf))).await.is_none(), "nothing to read");
    });
    let second = Builder::new().worker_threads(2).build()?;
    let waiting = second.spawn({
        let input = input.clone();
        async move { next(&input).await }
    });
    second.block_on(async { while !waiting.is_finished() && runtime_is_young().await {} });
    drop(first);
    assert_eq!(second.block_on(waiting).map_err(io::Error::other)??, 3);
    Ok(())
}

/// No signal, but an error that says so.
async fn no_reader() -> io::Result<()> {
    restore_sigpipe();
    // What fits into a pipe was sent, or nothing.
    let error = stdout().send_all(&[0; 1 << 20]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "{error}");
    assert!(error.to_string().contains("standard output (fd 1)"), "{error}");
    Ok(())
}

/// /dev/null.
async fn nothing() -> io::Result<()> {
    assert_eq!(stdin().recv(&mut [0; 100]).await?, 0);
    assert_eq!(stdin().try_recv(&mut [0; 100])?, 0);
    stdout().send_all(&[0; 100]).await?;
    assert_eq!(stdout().try_send(&[0; 100])?, 100);
    Ok(())
}

/// /dev/full is full; /dev/zero has no end, and does not keep its worker from others.
async fn full() -> io::Result<()> {
    let error = stdout().send_all(b"x").await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{error}");
    let endless =
        fend::spawn(async { while stdin().recv(&mut [1; 100]).await.is_ok_and(|count| count > 0) {} });
    fend::time::sleep(Duration::from_millis(1)).await;
    endless.abort();
    assert!(endless.await.is_err());
    Ok(())
}

/// Fd 0 is closed, and then another file's.
async fn closed() -> io::Result<()> {
    close_stream(0);
    let error = stdin().recv(&mut [0; 100]).await.unwrap_err();
    assert!(error.to_string().starts_with("cannot read standard input (fd 0): it is closed"), "{error}");
    let other = File::open(env::current_exe()?)?;
    assert_eq!(other.as_raw_fd(), 0, "the lowest number that is free");
    let error = stdin().recv(&mut [0; 100]).await.unwrap_err();
    assert!(error.to_string().contains("that of another file"), "{error}");
    assert_eq!(io::Seek::stream_position(&mut &other)?, 0);
    Ok(())
}

/// A file that is open for writing only, and one for reading only.
async fn wrong_way() -> io::Result<()> {
    let error = stdin().recv(&mut [0; 100]).await.unwrap_err();
    assert!(error.to_string().ends_with("it is not open for reading"), "{error}");
    let error = stdout().send(b"x").await.unwrap_err();
    assert!(error.to_string().ends_with("it is not open for writing"), "{error}");
    Ok(())
}
