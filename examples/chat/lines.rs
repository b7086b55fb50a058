//! Lines from a stream, none longer than a line should be.

use std::io;

use futures_lite::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

pub(crate) struct Lines<S> {
    stream: BufReader<S>,
    max: usize,
    /// The end of a line that was too long is still to come.
    skipping: bool,
}

pub(crate) enum Line {
    Text(String),
    /// It has more bytes than a line may have. The rest of it is skipped.
    TooLong,
}

impl<S: AsyncRead + Unpin> Lines<S> {
    /// A line has at most `max` bytes.
    pub(crate) fn of(stream: S, max: usize) -> Lines<S> {
        Lines { stream: BufReader::new(stream), max, skipping: false }
    }

    /// The next line without its end; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let mut line = Vec::new();
            // One byte more than a line may have, so that one which is too long shows.
            let mut limited = (&mut self.stream).take(self.max as u64 + 1);
            limited.read_until(b'\n', &mut line).await?;
            let ends = line.ends_with(b"\n");
            let skip = self.skipping;
            // Told at once: the end of it may never come.
            self.skipping = !ends && line.len() > self.max;
            match (line.is_empty(), skip) {
                (true, _) => return Ok(None),
                (false, false) if self.skipping => return Ok(Some(Line::TooLong)),
                (false, false) => return Ok(Some(Line::Text(printable(&line)))),
                (false, true) => {}
            }
        }
    }
}

/// As text, without what could play tricks on a terminal.
fn printable(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches(['\n', '\r']);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
