//! Between a file and a socket, inside the kernel.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;

use fend_reactor::io::Direction;
use socket2::Socket;

use super::pool::Pipe;
use crate::error::SocketError;
use crate::socket::{self, Registered};
use crate::sys::pipe::status_flags;
use crate::sys::splice::sendfile;
use crate::sys::urgent::is_at_mark;
use crate::tcp::TcpStream;
use crate::unix::UnixStream;

/// The most that one call is asked for, so that reading a file that is not in memory stops the worker for a moment only.
const MOST_AT_ONCE: u64 = 512 * 1024;

/// The buffer, where no pipe is to be had.
const BUFFER: u64 = 64 * 1024;

/// `send_file` and `recv_file`, for a stream with a method `registered(&self) -> &Registered`.
macro_rules! file_methods {
    () => {
        /// Sends `count` bytes of `file`, from `offset` on, or fewer when the file ends before. Says how many. The file's own
        /// position is neither used nor changed. `file` is std's or [`fend_reactor::fs::File`], which is to be flushed before if
        /// it was written to.
        ///
        /// The bytes go from the page cache to the socket without passing through the program: sendfile(2). A change of the file
        /// while they are on their way may or may not reach the peer.
        ///
        /// **Reading from a disk may block.** What is in the page cache does not; the rest makes the worker wait for the disk, at
        /// most 512 KiB at a time. Where that matters, have the file read in beforehand (`posix_fadvise`, `readahead`, in
        /// [`spawn_blocking`](fend_reactor::spawn_blocking)).
        ///
        /// # Errors
        ///
        /// What sendfile(2) says: of the connection as [`send`](Self::send), and of the file; it must be one that can be mapped.
        /// How much was sent before is then unknown. `SIGPIPE` is never raised.
        ///
        /// # Cancel safety
        ///
        /// **Not** cancel safe: when the future is dropped, any part may have been sent.
        ///
        /// # Examples
        ///
        /// ```
        /// # use fend::net::{TcpListener, TcpStream};
        /// use std::fs::File;
        ///
        /// # fend::block_on(async {
        /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
        /// # let stream = TcpStream::connect(listener.local_addr()?).await?;
        /// # let (peer, _) = listener.accept().await?;
        /// let program = File::open(std::env::current_exe()?)?;
        /// assert_eq!(stream.send_file(&program, 1, 3).await?, 3);
        /// let mut magic = [0; 3];
        /// peer.recv_exact(&mut magic).await?;
        /// assert_eq!(&magic, b"ELF");
        /// # std::io::Result::Ok(())
        /// # }).unwrap();
        /// ```
        pub async fn send_file(
            &self,
            file: &impl ::std::os::fd::AsFd,
            offset: u64,
            count: u64,
        ) -> ::std::io::Result<u64> {
            $crate::copy::file::send_file(self.registered(), file.as_fd(), offset, count).await
        }

        /// Receives `count` bytes into `file`, from `offset` on, or fewer when the stream ends before. Says how many. The file's
        /// own position is neither used nor changed.
        ///
        /// The bytes go from the socket to the page cache without passing through the program: splice(2), by way of a pipe.
        ///
        /// **Writing to a disk may block** the worker, once the kernel has enough of data that is not yet on the disk.
        ///
        /// # Errors
        ///
        /// Of the connection as [`recv`](Self::recv). Of the file with the position in the message, and then what was
        /// received and not yet written is lost: no space, say. Before anything is received, and so with nothing lost: EBADF
        /// for a file that is not open for writing, [`InvalidInput`](io::ErrorKind::InvalidInput) for one that is open for
        /// appending, and for an offset that no file reaches (2⁶³ - 1 or more).
        ///
        /// # Cancel safety
        ///
        /// **Not** cancel safe: how much was received and written is lost. No byte is.
        ///
        /// # Examples
        ///
        /// ```
        /// # use fend::net::{TcpListener, TcpStream};
        /// use std::fs::File;
        ///
        /// # fend::block_on(async {
        /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
        /// # let stream = TcpStream::connect(listener.local_addr()?).await?;
        /// # let (peer, _) = listener.accept().await?;
        /// # let path = std::env::temp_dir().join(format!("fend-recv-file-{}", std::process::id()));
        /// let file = File::create(&path)?;
        /// # peer.send_all(b"all of it").await?;
        /// # drop(peer);
        /// let count = stream.recv_file(&file, 0, u64::MAX).await?;
        /// assert_eq!(count, 9);
        /// # assert_eq!(std::fs::read(&path)?, b"all of it");
        /// # std::fs::remove_file(&path)?;
        /// # std::io::Result::Ok(())
        /// # }).unwrap();
        /// ```
        pub async fn recv_file(
            &self,
            file: &::std::fs::File,
            offset: u64,
            count: u64,
        ) -> ::std::io::Result<u64> {
            $crate::copy::file::recv_file(self.registered(), file, offset, count).await
        }
    };
}

impl TcpStream {
    file_methods!();
}

impl UnixStream {
    file_methods!();
}

/// sendfile(2), until `count` bytes are sent or the file ends.
pub(crate) async fn send_file(
    stream: &Registered,
    file: BorrowedFd<'_>,
    offset: u64,
    count: u64,
) -> io::Result<u64> {
    let mut sent = 0;
    while sent < count {
        let most = (count - sent).min(MOST_AT_ONCE) as usize;
        let from = position(offset, sent)?;
        let send = |socket: &Socket| sendfile(file, from, socket.as_fd(), most);
        let failed = |error| SocketError::wrap("send a file", format!("from byte {from} on"), error);
        match stream.with(Direction::Write, send).await.map_err(failed)? {
            0 => break,
            n => sent += n as u64,
        }
    }
    Ok(sent)
}

/// splice(2) into a pipe and out of it, until `count` bytes are written or the stream ends.
pub(crate) async fn recv_file(stream: &Registered, file: &File, offset: u64, count: u64) -> io::Result<u64> {
    takes_writes_at_offsets(file).map_err(|error| failed(offset, error))?;
    let mut received = 0;
    while received < count {
        let at = position(offset, received)?;
        let most = room(at)?.min(count - received).min(MOST_AT_ONCE);
        let n = recv_some(stream, file, at, most).await?;
        if n == 0 {
            break;
        }
        received += n;
    }
    Ok(received)
}

/// Asked beforehand, for a file that takes nothing would lose what was received, and one that appends would take it elsewhere.
fn takes_writes_at_offsets(file: &File) -> io::Result<()> {
    let flags = status_flags(file.as_fd())?;
    if flags & libc::O_ACCMODE == libc::O_RDONLY {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    if flags & libc::O_APPEND != 0 {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the file is open for appending"));
    }
    Ok(())
}

/// How many bytes a file can have from `at` on. There is no position above 2⁶³ - 1.
fn room(at: u64) -> io::Result<u64> {
    match (i64::MAX as u64).checked_sub(at) {
        None | Some(0) => {
            let message = format!("{at} is beyond the end of any file");
            Err(io::Error::new(io::ErrorKind::InvalidInput, message))
        }
        Some(room) => Ok(room),
    }
}

/// Receives up to `most` bytes and writes them all. 0 is the end of the stream.
async fn recv_some(stream: &Registered, file: &File, at: u64, most: u64) -> io::Result<u64> {
    match stream.with(Direction::Read, |socket| fill(socket, most)).await? {
        Held::Pipe(pipe) => drain(pipe, file, at).map_err(|error| failed(at, error)),
        Held::Bytes(bytes) => {
            file.write_all_at(&bytes, at).map_err(|error| failed(at, error))?;
            Ok(bytes.len() as u64)
        }
    }
}

fn failed(at: u64, error: io::Error) -> io::Error {
    SocketError::wrap("write to a file", format!("at byte {at}"), error)
}

/// What was received.
enum Held {
    Pipe(Pipe),
    Bytes(Vec<u8>),
}

fn fill(socket: &Socket, most: u64) -> io::Result<Held> {
    if let Some(mut pipe) = Pipe::take() {
        match pipe.fill(socket.as_fd(), most as usize) {
            // Splice stops in front of an urgent byte, as if nothing or the end were there; recv(2) steps over it.
            Ok(0) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && is_at_mark(socket.as_fd()) => {}
            filled => return filled.map(|_| Held::Pipe(pipe)),
        }
    }
    let mut bytes = vec![0; most.min(BUFFER) as usize];
    let count = socket::recv(socket, &mut bytes)?;
    bytes.truncate(count);
    Ok(Held::Bytes(bytes))
}

/// Moves all that is in the pipe to the file. Some file systems take no splice: then it is written.
fn drain(mut pipe: Pipe, file: &File, at: u64) -> io::Result<u64> {
    let all = pipe.len() as u64;
    let mut done = 0;
    while pipe.len() > 0 {
        match pipe.drain_into_file(file.as_fd(), position(at, done)?) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => done += n as u64,
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {
                file.write_all_at(&pipe.read_all()?, position(at, done)?)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

fn position(offset: u64, done: u64) -> io::Result<u64> {
    offset.checked_add(done).ok_or_else(|| {
        let message = format!("{done} bytes after byte {offset} is beyond the end of any file");
        io::Error::new(io::ErrorKind::InvalidInput, message)
    })
}
