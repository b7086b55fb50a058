//! Passes on what a command prints, line by line, with its name in front.
//!
//! Whoever reads it may be slow, or read no more. Then its commands wait, as they would without us, but signals are still heard.

use fend::io::{stderr, stdout};
use futures::lock::Mutex;
use futures::{AsyncRead, AsyncReadExt};

/// A line is cut where it becomes longer than this.
const LONGEST_LINE: usize = 8192;

/// Where lines go.
#[derive(Clone, Copy)]
pub(crate) enum Sink {
    Stdout,
    Stderr,
}

impl Sink {
    /// One line after the other, so that those of several commands are not mixed. Nobody may want to hear it any more: that is no reason for
    /// the command to stop.
    pub(crate) async fn print(self, line: &[u8]) {
        static STDOUT: Mutex<()> = Mutex::new(());
        static STDERR: Mutex<()> = Mutex::new(());
        let _ = match self {
            Sink::Stdout => {
                let _turn = STDOUT.lock().await;
                stdout().send_all(line).await
            }
            Sink::Stderr => {
                let _turn = STDERR.lock().await;
                stderr().send_all(line).await
            }
        };
    }
}

fn named(name: &str, line: &[u8]) -> Vec<u8> {
    [name.as_bytes(), b" | ", line, b"\n"].concat()
}

/// Up to the end of `output`.
pub(crate) async fn relay(name: String, mut output: impl AsyncRead + Unpin, sink: Sink) {
    let mut buf = vec![0; LONGEST_LINE];
    let mut filled = 0;
    loop {
        match output.read(&mut buf[filled..]).await {
            Ok(0) | Err(_) => break,
            Ok(count) => filled += count,
        }
        let mut begin = 0;
        while let Some(length) = buf[begin..filled].iter().position(|&byte| byte == b'\n') {
            sink.print(&named(&name, &buf[begin..begin + length])).await;
            begin += length + 1;
        }
        if begin == 0 && filled == buf.len() {
            sink.print(&named(&name, &buf)).await;
            begin = filled;
        }
        buf.copy_within(begin..filled, 0);
        filled -= begin;
    }
    if filled > 0 {
        sink.print(&named(&name, &buf[..filled])).await;
    }
}
