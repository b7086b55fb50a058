//! Pipes and FIFOs (named pipes): [`PipeReader`] and [`PipeWriter`] are their ends. See
//! [pipe(7)](https://man7.org/linux/man-pages/man7/pipe.7.html) and
//! [fifo(7)](https://man7.org/linux/man-pages/man7/fifo.7.html).
//!
//! [`pipe()`] makes a pipe, [`OpenOptions`] opens a FIFO, and the ends that other code has made, such as the standard streams
//! of a child process, are taken over with `try_from`.
//!
//! # Examples
//!
//! ```
//! use fend::net::pipe::pipe;
//!
//! # fend::block_on(async {
//! let (reader, writer) = pipe()?;
//! writer.send_all(b"through the pipe").await?;
//! let mut buf = [0; 16];
//! reader.recv_exact(&mut buf).await?;
//! assert_eq!(&buf, b"through the pipe");
//!
//! drop(writer);
//! assert_eq!(reader.recv(&mut buf).await?, 0, "no writer is left: the end");
//! # std::io::Result::Ok(())
//! # }).unwrap();
//! ```
//!
//! The output of a child process:
//!
//! ```
//! use std::process::{Command, Stdio};
//!
//! use fend::net::pipe::PipeReader;
//! use futures_lite::AsyncReadExt;
//!
//! # fend::block_on(async {
//! let mut child = Command::new("echo").arg("hello").stdout(Stdio::piped()).spawn()?;
//! let mut stdout = PipeReader::try_from(child.stdout.take().expect("it is piped"))?;
//! let mut text = String::new();
//! stdout.read_to_string(&mut text).await?;
//! assert_eq!(text, "hello\n");
//! # child.wait()?;
//! # std::io::Result::Ok(())
//! # }).unwrap();
//! ```

mod convert;
mod end;
mod futures_io;
mod open;
mod reader;
mod unwind;
mod writer;

use std::io;

use crate::error::SocketError;
use crate::sys;

pub(crate) use end::RegisteredPipe;
pub use open::OpenOptions;
pub use reader::PipeReader;
pub use writer::PipeWriter;

/// Makes a pipe (pipe2(2)): what is sent into the writer comes out of the reader, in order. It holds 64 KiB, unless
/// [`set_capacity`](PipeWriter::set_capacity) says otherwise.
///
/// # Errors
///
/// What pipe2(2) says: the limit of open files, of this process or of the system, is reached.
pub fn pipe() -> io::Result<(PipeReader, PipeWriter)> {
    let (reader, writer) = sys::pipe::pipe().map_err(|e| SocketError::wrap("pipe", None, e))?;
    Ok((PipeReader::of(reader), PipeWriter::of(writer)))
}
