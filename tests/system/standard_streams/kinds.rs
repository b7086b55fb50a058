//! The kinds of files that a program may be started with, made by the test, which keeps the other end.

#![expect(unsafe_code, reason = "terminals, FIFOs and modes are made by the C library")]

use std::ffi::CString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// What a stream of the program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Pipe,
    /// A pipe that the program may not open again.
    LockedPipe,
    Fifo,
    /// A FIFO that the program may not open again.
    LockedFifo,
    Socket,
    Terminal,
    /// A terminal that the program may not open again.
    LockedTerminal,
    /// The controlling side of a pseudoterminal, which cannot be opened twice.
    Master,
}

impl Kind {
    pub(super) const ALL: [Kind; 8] = [
        Kind::Pipe,
        Kind::LockedPipe,
        Kind::Fifo,
        Kind::LockedFifo,
        Kind::Socket,
        Kind::Terminal,
        Kind::LockedTerminal,
        Kind::Master,
    ];

    /// Whether its readers come to an end, with nothing lost, when the writer closes it.
    pub(super) fn ends(self) -> bool {
        !matches!(self, Kind::Terminal | Kind::LockedTerminal | Kind::Master)
    }

    /// An end for the program to read from, and the one that is written to.
    pub(super) fn to_read(self) -> (OwnedFd, OwnedFd) {
        match self {
            Kind::Pipe => pipe(),
            Kind::LockedPipe => {
                let (reader, writer) = pipe();
                lock(&reader);
                (reader, writer)
            }
            Kind::Fifo => fifo(),
            Kind::LockedFifo => {
                let (reader, writer) = fifo();
                lock(&reader);
                (reader, writer)
            }
            Kind::Socket => sockets(),
            Kind::Terminal => swapped(terminal()),
            Kind::LockedTerminal => {
                let (master, terminal) = terminal();
                lock(&terminal);
                (terminal, master)
            }
            Kind::Master => terminal(),
        }
    }

    /// An end for the program to write to, and the one that is read from.
    pub(super) fn to_write(self) -> (OwnedFd, OwnedFd) {
        match self {
            Kind::Pipe | Kind::LockedPipe | Kind::Fifo | Kind::LockedFifo => swapped(self.to_read()),
            Kind::Socket | Kind::Terminal | Kind::LockedTerminal | Kind::Master => self.to_read(),
        }
    }
}

fn swapped<A, B>((a, b): (A, B)) -> (B, A) {
    (b, a)
}

pub(super) fn pipe() -> (OwnedFd, OwnedFd) {
    let mut ends = [-1; 2];
    // SAFETY: the array has room for two numbers.
    checked(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) });
    // SAFETY: both are new, and nobody else's.
    unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) }
}

fn sockets() -> (OwnedFd, OwnedFd) {
    let (ours, theirs) = UnixStream::pair().expect("sockets");
    (ours.into(), theirs.into())
}

/// Both ends of a FIFO. The reader is in blocking mode, as one that a shell has opened.
fn fifo() -> (OwnedFd, OwnedFd) {
    let directory = Directory::new();
    let path = directory.path().join("fifo");
    make_fifo(&path);
    let reader = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(&path).expect("a reader");
    let writer = File::options().write(true).open(&path).expect("a writer");
    let reader = OwnedFd::from(reader);
    set_blocking(reader.as_fd());
    (reader, writer.into())
}

pub(super) fn make_fifo(path: &Path) {
    let path = CString::new(path.as_os_str().as_bytes()).expect("no zero in it");
    // SAFETY: a string with a zero at its end.
    checked(unsafe { libc::mkfifo(path.as_ptr(), 0o600) });
}

/// The controlling side and the terminal, which passes bytes on as they are.
pub(super) fn terminal() -> (OwnedFd, OwnedFd) {
    let (master, slave) = cooked_terminal();
    // SAFETY: zeroes are a value of it, and it is valid for both calls.
    unsafe {
        let mut modes: libc::termios = std::mem::zeroed();
        checked(libc::tcgetattr(slave.as_raw_fd(), &raw mut modes));
        libc::cfmakeraw(&raw mut modes);
        checked(libc::tcsetattr(slave.as_raw_fd(), libc::TCSANOW, &raw const modes));
    }
    (master, slave)
}

/// The controlling side and the terminal, which gives its readers lines, knows ^D and echoes what is typed.
pub(super) fn cooked_terminal() -> (OwnedFd, OwnedFd) {
    let open = |flags: libc::c_int, path: &str| {
        File::options().read(true).write(true).custom_flags(flags | libc::O_NOCTTY).open(path)
    };
    let master = open(0, "/dev/ptmx").expect("a pseudoterminal");
    let mut number: libc::c_uint = 0;
    let unlock: libc::c_int = 0;
    // SAFETY: each reads or writes one int.
    unsafe {
        checked(libc::ioctl(master.as_raw_fd(), libc::TIOCSPTLCK, &raw const unlock));
        checked(libc::ioctl(master.as_raw_fd(), libc::TIOCGPTN, &raw mut number));
    }
    let slave = open(0, &format!("/dev/pts/{number}")).expect("its terminal");
    (master.into(), slave.into())
}

/// Takes all permissions: nobody but the superuser opens it again.
pub(super) fn lock(file: &OwnedFd) {
    // SAFETY: numbers only.
    checked(unsafe { libc::fchmod(file.as_raw_fd(), 0) });
}

pub(super) fn is_nonblocking(fd: BorrowedFd<'_>) -> bool {
    flags(fd) & libc::O_NONBLOCK != 0
}

pub(super) fn set_nonblocking(fd: BorrowedFd<'_>) {
    let flags = flags(fd) | libc::O_NONBLOCK;
    // SAFETY: numbers only.
    checked(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, flags) });
}

fn set_blocking(fd: BorrowedFd<'_>) {
    let flags = flags(fd) & !libc::O_NONBLOCK;
    // SAFETY: numbers only.
    checked(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, flags) });
}

fn flags(fd: BorrowedFd<'_>) -> libc::c_int {
    // SAFETY: numbers only.
    checked(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) })
}

fn checked(returned: libc::c_int) -> libc::c_int {
    assert_ne!(returned, -1, "{}", io::Error::last_os_error());
    returned
}

/// Reads up to `size` bytes, or the end. A terminal that nobody has open any more gives an error for its end.
pub(super) fn read_all(fd: OwnedFd, size: usize) -> Vec<u8> {
    let mut all = vec![0; size];
    let mut read = 0;
    let mut file = File::from(fd);
    while read < size {
        match file.read(&mut all[read..]) {
            Ok(0) => break,
            Ok(count) => read += count,
            Err(error) if error.raw_os_error() == Some(libc::EIO) => break,
            Err(error) => panic!("{error}"),
        }
    }
    all.truncate(read);
    all
}

/// A directory of the test's own, removed at the end.
#[derive(Debug)]
pub(super) struct Directory(PathBuf);

impl Directory {
    pub(super) fn new() -> Directory {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("fend-streams-{}-{count}", std::process::id()));
        fs::create_dir(&path).expect("a directory");
        Directory(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
