//! The extension traits and combinators of futures-util and futures-lite, over TCP and TLS of fend.

mod combinators;
mod futures_lite;
mod futures_util;

use std::io;

use fend::net::TcpStream;
use futures::AsyncWriteExt;
use futures::io::BufWriter;

const LENGTH: usize = 4 << 20;
const LINES: usize = 5_000;

/// Lines of all lengths, of which the longest do not fit into a buffer.
fn line(number: usize) -> String {
    format!("line {number} {}", "x".repeat(if number.is_multiple_of(1_000) { 20_000 } else { number % 90 }))
}

async fn write_lines(stream: TcpStream) -> io::Result<()> {
    let mut writer = BufWriter::new(stream);
    for number in 0..LINES {
        writer.write_all(line(number).as_bytes()).await?;
        writer.write_all(if number % 2 == 0 { b"\n" } else { b"\r\n" }).await?;
    }
    writer.close().await
}
