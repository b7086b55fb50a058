//! How a standard stream is served, which depends on what kind of file it is.
//!
//! `O_NONBLOCK` belongs to the open file, and a standard stream's is shared with the shell and whoever else inherited it: set there, it
//! would make their reads and writes fail. It is never set on what was inherited.
//!
//! | kind | served by |
//! |---|---|
//! | terminal | readiness of an open file of our own: the same terminal opened once more, with `O_NONBLOCK` |
//! | pipe, FIFO | the same; where that is not permitted, calls that do not wait though the mode says so (`RWF_NOWAIT`) |
//! | socket | readiness of a duplicate, and calls that do not wait (`MSG_DONTWAIT`) |
//! | `/dev/null`, `/dev/zero`, `/dev/full`, `/dev/urandom` | direct calls: they never wait |
//! | regular file, directory, block device | threads of the pool for files: they wait, but always come to an end |
//! | anything else, and what could not be opened once more | a thread of its own, which nobody waits for |

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::sync::Arc;

use super::polled::{Calls, Polled};
use super::runner::{Place, Runner, Work};
use super::which::Which;
use crate::dispatcher::Direction;
use crate::sys;

/// What serves a stream.
#[derive(Debug)]
pub(super) enum Channel<W> {
    /// Waits until the kernel calls it ready.
    Polled(Polled),
    /// Calls never wait.
    Direct(File),
    /// Calls are made by a thread that may wait.
    Threaded(Arc<Runner<W>>),
}

impl<W: Work> Channel<W> {
    /// Looks at the stream, and takes a duplicate of its fd or opens its file once more.
    pub(super) fn open(which: Which) -> io::Result<Channel<W>> {
        let inherited = which.with_fd(|fd| {
            if sys::standard::is_close_on_exec(fd).map_err(closed)? {
                return Err(taken());
            }
            fd.try_clone_to_owned()
        })?;
        let file = File::from(inherited);
        check_access(&file, which)?;
        Channel::of(file, which)
    }

    /// The same for any file, of which this is a duplicate.
    pub(super) fn of(file: File, which: Which) -> io::Result<Channel<W>> {
        let metadata = file.metadata()?;
        let kind = metadata.file_type();
        if kind.is_socket() {
            return Ok(Channel::Polled(Polled::new(file, Calls::Socket, which)));
        }
        if kind.is_fifo() {
            return Channel::of_pipe(file, &metadata, which);
        }
        if kind.is_char_device() {
            return Ok(Channel::of_device(file, &metadata, which));
        }
        let place = if is_storage(&file, &metadata) { Place::FilePool } else { Place::Thread };
        Ok(Channel::threaded(file, place, which))
    }

    fn of_pipe(file: File, metadata: &Metadata, which: Which) -> io::Result<Channel<W>> {
        match open_again(&file, metadata, which) {
            Ok(own) => {
                keep_packets(&file, &own)?;
                Ok(Channel::Polled(Polled::new(own, Calls::File, which)))
            }
            // A FIFO that has no reader now, as a write would find too. One may come: this is not for good.
            Err(error) if error.raw_os_error() == Some(libc::ENXIO) => {
                Err(io::Error::from_raw_os_error(libc::EPIPE))
            }
            // Descriptors may be had later. What else there is, such as a pipe of another user's, stays.
            Err(error) if is_shortage(&error) => Err(error),
            Err(_) if knows_nowait(&file, which) => {
                Ok(Channel::Polled(Polled::new(file, Calls::NoWait, which)))
            }
            Err(_) => Ok(Channel::threaded(file, Place::Thread, which)),
        }
    }

    fn of_device(file: File, metadata: &Metadata, which: Which) -> Channel<W> {
        if never_waits(metadata) {
            return Channel::Direct(file);
        }
        match open_terminal_again(&file, metadata, which) {
            Some(own) => Channel::Polled(Polled::new(own, Calls::File, which)),
            None => Channel::threaded(file, Place::Thread, which),
        }
    }

    fn threaded(file: File, place: Place, which: Which) -> Channel<W> {
        Channel::Threaded(Arc::new(Runner::new(file, place, which)))
    }
}

/// The error of an fd that is not open.
fn closed(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("it is closed ({error})"))
}

/// What execve(2) has left open is not close-on-exec; what Rust programs open themselves is. So this file was opened later, under a
/// number that was free since the stream was closed.
fn taken() -> io::Error {
    let error = io::Error::from_raw_os_error(libc::EBADF);
    let why = "it was closed, and its number is that of another file now (which is close-on-exec)";
    io::Error::new(error.kind(), why)
}

fn check_access(file: &File, which: Which) -> io::Result<()> {
    let flags = sys::status_flags(file.as_fd())?;
    let wrong = if which == Which::Input { libc::O_WRONLY } else { libc::O_RDONLY };
    if flags & libc::O_ACCMODE == wrong || flags & libc::O_PATH != 0 {
        let direction = if which == Which::Input { "reading" } else { "writing" };
        let error = io::Error::from_raw_os_error(libc::EBADF);
        return Err(io::Error::new(error.kind(), format!("it is not open for {direction}")));
    }
    Ok(())
}

/// An open file of our own, non-blocking, of the same pipe or terminal.
fn open_again(file: &File, metadata: &Metadata, which: Which) -> io::Result<File> {
    let own = options(which).open(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
    let opened = own.metadata()?;
    if (opened.dev(), opened.ino()) != (metadata.dev(), metadata.ino()) {
        return Err(io::Error::other("/proc shows another file"));
    }
    Ok(own)
}

fn options(which: Which) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(which.direction() == Direction::Read).write(which.direction() == Direction::Write);
    // std adds O_CLOEXEC. A terminal must not become the one that controls us.
    options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    options
}

/// A pipe in packet mode stays in it (`O_DIRECT` of pipe(2), which open(2) refuses for a pipe).
fn keep_packets(inherited: &File, own: &File) -> io::Result<()> {
    if sys::status_flags(inherited.as_fd())? & libc::O_DIRECT == 0 {
        return Ok(());
    }
    sys::standard::set_status_flags(own.as_fd(), libc::O_NONBLOCK | libc::O_DIRECT)
}

/// `None` when it is no terminal, or one that we are not let open. The controlling side of a pseudoterminal cannot be opened twice: that
/// makes another one.
fn open_terminal_again(file: &File, metadata: &Metadata, which: Which) -> Option<File> {
    if !file.is_terminal() || sys::standard::is_pty_master(file.as_fd()) {
        return None;
    }
    let device = sys::standard::terminal_device(file.as_fd()).ok()?;
    let is_same = |own: &File| sys::standard::terminal_device(own.as_fd()).is_ok_and(|own| own == device);
    // Another user's terminal, as after su(1), may still be opened as what it is to this process: its session's.
    let by_any_name = open_again(file, metadata, which).or_else(|_| options(which).open("/dev/tty"));
    by_any_name.ok().filter(is_same)
}

fn is_shortage(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM))
}

fn knows_nowait(pipe: &File, which: Which) -> bool {
    match which.direction() {
        Direction::Read => sys::standard::knows_read_now(pipe.as_fd()),
        _ => sys::standard::knows_write_now(pipe.as_fd()),
    }
}

/// The devices of mem(4), null(4) and urandom(4) that have an answer at once.
fn never_waits(metadata: &Metadata) -> bool {
    const NULL: u64 = libc::makedev(1, 3);
    const ZERO: u64 = libc::makedev(1, 5);
    const FULL: u64 = libc::makedev(1, 7);
    const URANDOM: u64 = libc::makedev(1, 9);
    matches!(metadata.rdev(), NULL | ZERO | FULL | URANDOM)
}

/// Whether its calls come to an end by themselves. A file that can be polled, as some of proc(5), is one that makes its readers wait,
/// whatever it looks like.
fn is_storage(file: &File, metadata: &Metadata) -> bool {
    let kind = metadata.file_type();
    let looks_so = kind.is_file() || kind.is_dir() || kind.is_block_device();
    looks_so && !sys::epoll_accepts(file.as_fd()).unwrap_or(false)
}
