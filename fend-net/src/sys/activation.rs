//! File descriptors that pass over exec(2): taking those that this process was started with, and starting a child with some.

use std::ffi::{CString, c_char};
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, PoisonError};

/// The first passed descriptor: `SD_LISTEN_FDS_START`.
pub(crate) const FIRST: RawFd = 3;

/// Why descriptors are not ours to take, and the first such.
#[derive(Debug)]
pub(crate) enum Unfit {
    NotOpen(RawFd),
    CloseOnExec(RawFd),
}

/// Whether this process's descriptors were claimed.
static CLAIMED: Mutex<bool> = Mutex::new(false);

/// Owns the `count` descriptors from [`FIRST`] on, close-on-exec from now on. Nothing when they were claimed before. To be
/// called when the environment says that so many were passed to this process: rule 4.
pub(crate) fn claim(count: usize) -> Result<Vec<OwnedFd>, Unfit> {
    let mut claimed = CLAIMED.lock().unwrap_or_else(PoisonError::into_inner);
    if *claimed || count == 0 {
        return Ok(Vec::new());
    }
    let numbers = (FIRST..).take(count);
    for number in numbers.clone() {
        // SAFETY: F_GETFD takes any number, and says whether it is open.
        match unsafe { libc::fcntl(number, libc::F_GETFD) } {
            -1 => return Err(Unfit::NotOpen(number)),
            flags if flags & libc::FD_CLOEXEC != 0 => return Err(Unfit::CloseOnExec(number)),
            _ => {}
        }
    }
    *claimed = true;
    let own = |number| {
        // SAFETY: of an open descriptor that is about to be ours this sets a flag. It cannot fail, as F_GETFD did not.
        unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) };
        // SAFETY: rule 4.
        unsafe { OwnedFd::from_raw_fd(number) }
    };
    Ok(numbers.map(own).collect())
}

/// What a child becomes: its arguments, of which the first is the program, and its environment. All of it is laid out before the
/// fork, since nothing may be allocated after it.
pub(crate) struct Image {
    arguments: Pointers,
    environment: Pointers,
    /// `NAME=` and room for a number behind it; the last of `environment`, when there is one.
    pid: Option<PidVariable>,
}

impl Image {
    /// `pid_variable` names the variable that tells the child its own id.
    pub(crate) fn new(
        arguments: Vec<CString>,
        environment: Vec<CString>,
        pid_variable: Option<&str>,
    ) -> Image {
        Image {
            arguments: Pointers::to(arguments),
            environment: Pointers::to(environment),
            pid: pid_variable.map(PidVariable::new),
        }
    }

    /// execvp(3): a program without a slash is looked for in the `PATH` of its own environment, as `Command` does it. Returns
    /// only when that fails. To be called between fork and exec.
    fn exec(&mut self) -> io::Error {
        if let Some(pid) = &mut self.pid {
            self.environment.set_last(pid.write(std::process::id()));
        }
        // SAFETY: rule 5: this is the only thread, and the arrays end with a null pointer and live on.
        unsafe {
            environ = self.environment.as_ptr();
            libc::execvp(self.arguments.first(), self.arguments.as_ptr());
        }
        io::Error::last_os_error()
    }
}

unsafe extern "C" {
    /// environ(7).
    static mut environ: *const *const c_char;
}

/// Starts `command` as `image`, with `fds` as its descriptors from [`FIRST`] on. Whatever else was set on `command` (directory,
/// standard streams) holds; its program, arguments and environment do not. Blocks until the child has become the image, or failed to.
///
/// std's child reports a failed exec over a pipe whose number nobody can choose: it may be one of those that `fds` are to have, and
/// then the pipe is overwritten, which looks like success, and the report would go into what was passed. So what fails after that
/// is reported over a stream of our own, whose end in the child has a number beyond, and the child ends before std's report.
pub(crate) fn spawn(mut command: Command, mut image: Image, fds: &[BorrowedFd<'_>]) -> io::Result<Child> {
    let beyond = (FIRST..).nth(fds.len()).ok_or(io::ErrorKind::InvalidInput)?;
    // In the child the numbers up to there are written over one by one, so that no source may be among them.
    let sources = fds.iter().map(|fd| duplicate(fd.as_fd(), beyond)).collect::<io::Result<Vec<OwnedFd>>>()?;
    let (mut failure, low) = UnixStream::pair()?;
    let report = duplicate(low.as_fd(), beyond)?;
    drop(low);
    let in_child = move || -> io::Result<()> {
        let passed = sources.iter().zip(FIRST..).try_for_each(|(fd, target)| pass_as(fd.as_fd(), target));
        let error = match passed {
            Ok(()) => image.exec(),
            Err(error) => error,
        };
        give_up(report.as_fd(), &error)
    };
    // SAFETY: rule 5: what runs in the child is dup2, getpid, stores into memory laid out before, execvp, send and _exit.
    unsafe { command.pre_exec(in_child) };
    let child = command.spawn();
    // With it goes this process's copy of `report`: the child's is closed when it execs or ends.
    drop(command);
    let mut child = child?;
    let mut errno = [0; size_of::<i32>()];
    match failure.read_exact(&mut errno) {
        Err(end) if end.kind() == io::ErrorKind::UnexpectedEof => Ok(child),
        failed => {
            child.wait()?;
            Err(failed.err().unwrap_or_else(|| io::Error::from_raw_os_error(i32::from_ne_bytes(errno))))
        }
    }
}

/// Reports the error, and ends the child. To be called between fork and exec.
fn give_up(report: BorrowedFd<'_>, error: &io::Error) -> ! {
    let errno = error.raw_os_error().unwrap_or(libc::EIO).to_ne_bytes();
    // Its few bytes find room, and when nobody is left to read them nothing can be told.
    let _ = super::retry_interrupted(|| {
        // SAFETY: rule 1 for the fd, rule 2 for the bytes.
        unsafe { libc::send(report.as_raw_fd(), errno.as_ptr().cast(), errno.len(), libc::MSG_NOSIGNAL) }
    });
    // SAFETY: rule 5: it ends the child at once, and runs nothing of the process that it is a copy of.
    unsafe { libc::_exit(127) }
}

/// A close-on-exec duplicate with the lowest free number from `floor` on.
fn duplicate(fd: BorrowedFd<'_>, floor: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: rule 1.
    let duplicate = || unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, floor) as isize };
    let number = super::retry_interrupted(duplicate)? as RawFd;
    // SAFETY: rule 3.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// dup2(2), whose result is not close-on-exec. To be called between fork and exec.
fn pass_as(source: BorrowedFd<'_>, target: RawFd) -> io::Result<()> {
    super::retry_interrupted(|| {
        // SAFETY: rule 1 for the source; of the target, rule 5: the child's own copies are nobody's any more.
        unsafe { libc::dup2(source.as_raw_fd(), target) as isize }
    })
    .map(drop)
}

/// Strings, and the array of pointers to them that C takes: behind the last there is room for one more, then null.
struct Pointers {
    /// Never changed, so that the pointers hold.
    strings: Vec<CString>,
    /// Atomic for no other reason than to be `Send` and `Sync`, which plain pointers are not.
    array: Vec<AtomicPtr<c_char>>,
}

impl Pointers {
    fn to(strings: Vec<CString>) -> Pointers {
        let pointers = strings.iter().map(|string| string.as_ptr().cast_mut());
        let array = pointers.chain([ptr::null_mut(); 2]).map(AtomicPtr::new).collect();
        Pointers { strings, array }
    }

    fn set_last(&mut self, string: *const c_char) {
        self.array[self.strings.len()].store(string.cast_mut(), Ordering::Relaxed);
    }

    fn first(&self) -> *const c_char {
        self.array[0].load(Ordering::Relaxed)
    }

    /// An atomic pointer has the memory of a plain one.
    fn as_ptr(&self) -> *const *const c_char {
        self.array.as_ptr().cast()
    }
}

/// A variable whose value is written in the child.
struct PidVariable {
    text: Vec<u8>,
    value: usize,
}

impl PidVariable {
    /// Digits of the greatest number, and the zero that ends the string.
    const ROOM: usize = 11;

    fn new(name: &str) -> PidVariable {
        let mut text = format!("{name}=").into_bytes();
        let value = text.len();
        text.resize(value + Self::ROOM, 0);
        PidVariable { text, value }
    }

    /// Allocates nothing.
    fn write(&mut self, mut pid: u32) -> *const c_char {
        let room = &mut self.text[self.value..];
        room.fill(0);
        let mut digits = [0; Self::ROOM - 1];
        let mut begin = digits.len();
        loop {
            begin -= 1;
            digits[begin] = b'0' + (pid % 10) as u8;
            pid /= 10;
            if pid == 0 {
                break;
            }
        }
        let digits = &digits[begin..];
        room[..digits.len()].copy_from_slice(digits);
        self.text.as_ptr().cast()
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;
    use std::sync::atomic::AtomicBool;
    use std::thread;

    use super::*;

    #[test]
    fn the_variable_takes_every_id() {
        let mut variable = PidVariable::new("LISTEN_PID");
        for pid in [4_194_304, u32::MAX, 0, 7, 10] {
            variable.write(pid);
            let text = CStr::from_bytes_until_nul(&variable.text).unwrap().to_str().unwrap();
            assert_eq!(text, format!("LISTEN_PID={pid}"));
        }
    }

    /// With so many descriptors std's pipe has one of their numbers, whatever others open and close meanwhile.
    #[test]
    fn a_failed_exec_is_an_error_and_touches_nothing_that_was_passed() {
        let (source, mut peer) = UnixStream::pair().unwrap();
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let held: Vec<_> = (0..20).map(|_| source.try_clone()).collect();
                    drop(held);
                }
            });
            for _ in 0..20 {
                let arguments = vec![c"/nowhere/to/be/found".to_owned()];
                let image = Image::new(arguments, Vec::new(), Some("LISTEN_PID"));
                let result = spawn(Command::new("/"), image, &[source.as_fd(); 200]);
                done.store(result.is_ok(), Ordering::Relaxed);
                let error = result.unwrap_err();
                assert_eq!(error.raw_os_error(), Some(libc::ENOENT), "{error}");
            }
            done.store(true, Ordering::Relaxed);
        });
        drop(source);
        let mut written = Vec::new();
        peer.read_to_end(&mut written).unwrap();
        assert!(written.is_empty(), "{written:?}");
    }

    #[test]
    fn a_child_that_starts_has_what_was_passed() {
        let (source, mut peer) = UnixStream::pair().unwrap();
        let arguments = ["sh", "-c", "echo $LISTEN_PID $$ >&5; exit 7"];
        let arguments = arguments.map(|argument| CString::new(argument).unwrap()).to_vec();
        let image = Image::new(arguments, vec![c"PATH=/bin:/usr/bin".to_owned()], Some("LISTEN_PID"));
        let mut child = spawn(Command::new("/"), image, &[source.as_fd(); 3]).unwrap();
        drop(source);
        assert_eq!(child.wait().unwrap().code(), Some(7));
        let mut written = String::new();
        peer.read_to_string(&mut written).unwrap();
        let id = child.id();
        assert_eq!(written, format!("{id} {id}\n"));
    }
}
