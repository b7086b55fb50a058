//! Children, and the standard streams of this process.

use std::io;

use fend::io::{stderr, stdin, stdout};
use fend::net::pipe::PipeWriter;
use fend::process::{Command, Stdio};
use fend::signal::Signal;
use futures::future::try_join;

/// Waited for, killed, talked with, and dropped.
pub(super) async fn children(round: u64) -> io::Result<()> {
    let code = (round % 100) as i32;
    let mut child = Command::new("sh").args(["-c", &format!("exit {code}")]).spawn()?;
    assert_eq!(child.wait().await?.code(), Some(code));
    drop(Command::new("true").spawn()?);
    let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let (input, output) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
    let text = format!("round {round}\n").repeat(20_000);
    let mut received = vec![0; text.len()];
    try_join(input.send_all(text.as_bytes()), output.recv_exact(&mut received)).await?;
    assert!(received == text.as_bytes());
    child.signal(Signal::TERM)?;
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&child.wait().await?),
        Some(Signal::TERM.as_raw())
    );
    let output = Command::new("echo").arg(&text[..100]).output().await?;
    assert!(output.status.success());
    assert_eq!(output.stdout.strip_suffix(b"\n"), Some(&text.as_bytes()[..100]));
    Ok(())
}

/// A line that tells its number, of always the same length.
fn line(number: u64) -> String {
    format!("line {number:>15}\n")
}

/// What is to be read by [`standard_streams`]. Ends with the reader.
pub(super) async fn write_lines(to: PipeWriter) {
    let mut number = 0;
    while to.send_all(line(number).as_bytes()).await.is_ok() {
        number += 1;
    }
}

/// What [`standard_streams`] writes.
fn printed(number: u64) -> String {
    format!("printed {number:>15}\n")
}

/// That all of it was written once and in order, with the harness's words before and after.
pub(super) fn assert_printed(output: &str) {
    let mut number = 0;
    for line in output.split_inclusive('\n').filter(|line| line.starts_with("printed")) {
        assert_eq!(line, printed(number));
        number += 1;
    }
    assert!(number > 0, "nothing was printed:\n{output}");
}

/// The next lines of the standard input, and some words for the others.
pub(super) async fn standard_streams(round: u64) -> io::Result<()> {
    const LINES: u64 = 100;
    let input = stdin();
    let mut buf = vec![0; LINES as usize * line(0).len()];
    input.recv_exact(&mut buf).await?;
    for (number, read) in (round * LINES..).zip(buf.chunks(line(0).len())) {
        assert_eq!(read, line(number).as_bytes());
    }
    // The harness has begun a line.
    let words = if round == 0 { "\n".to_owned() + &printed(0) } else { printed(round) };
    stdout().send_all(words.as_bytes()).await?;
    stderr().send_all(b"").await
}
