//! Lines from a stream, none longer than a line should be.

use std::io;

use futures_lite::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

/// More bytes than this without an end are no line.
const MAX_LINE: usize = 1000;

pub(crate) struct Lines<S> {
    stream: BufReader<S>,
}

impl<S: AsyncRead + Unpin> Lines<S> {
    pub(crate) fn of(stream: S) -> Lines<S> {
        Lines { stream: BufReader::new(stream) }
    }

    /// The next line without its end; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        // One byte more than a line may have, so that one which is too long shows.
        let mut limited = (&mut self.stream).take(MAX_LINE as u64 + 1);
        limited.read_until(b'\n', &mut line).await?;
        if line.is_empty() {
            return Ok(None);
        }
        if line.len() > MAX_LINE {
            let message = format!("a line of more than {MAX_LINE} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(Some(printable(&line)))
    }
}

/// As text, without what could play tricks on a terminal.
fn printable(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches(['\n', '\r']);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
