//! A child made by fork(2), which tells the parent through a socket how it went.

#![expect(unsafe_code, reason = "std has no fork")]

use std::any::Any;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// Far more than any child here takes: only one that hangs reaches it.
const HANGS: Duration = Duration::from_secs(10);

/// The process id of a child; `None` in the child.
fn fork() -> Option<libc::pid_t> {
    // SAFETY: takes no pointer. The child runs code that takes locks, the allocator's among them, which the C library frees for it; that the
    // others are in order is what is tested.
    match unsafe { libc::fork() } {
        -1 => panic!("fork: {}", io::Error::last_os_error()),
        0 => None,
        pid => Some(pid),
    }
}

/// Forks. The child runs `body` and ends; the parent gives what `body` returned.
///
/// # Panics
/// In the parent, when `body` panics or takes too long.
pub(super) fn in_child(body: impl FnOnce() -> String) -> String {
    let (reader, writer) = UnixStream::pair().expect("a pair");
    let Some(pid) = fork() else {
        panic_without_backtrace();
        report_and_end(writer, catch_unwind(AssertUnwindSafe(body)));
    };
    drop(writer);
    hear(reader, pid)
}

/// For a child that is to go on where it was forked: its end of the socket, and what the parent hears at the other end.
pub(super) enum Forked {
    Child(UnixStream),
    Parent(UnixStream, libc::pid_t),
}

pub(super) fn fork_here() -> Forked {
    let (reader, writer) = UnixStream::pair().expect("a pair");
    match fork() {
        None => {
            panic_without_backtrace();
            Forked::Child(writer)
        }
        Some(pid) => Forked::Parent(reader, pid),
    }
}

/// Children panic on purpose, and a backtrace takes far longer than the rest of a test.
fn panic_without_backtrace() {
    panic::set_hook(Box::new(|panic| eprintln!("{panic}")));
}

/// Ends the child. Nothing of the parent's is dropped, and the test harness does not come to an end twice.
pub(super) fn report_and_end(mut writer: impl Write, outcome: Result<String, Box<dyn Any + Send>>) -> ! {
    let (status, text) = match outcome {
        Ok(text) => (0, text),
        Err(panic) => (1, format!("the child panicked: {}", text_of(&*panic))),
    };
    let _ = writer.write_all(text.as_bytes());
    // SAFETY: takes no pointer.
    unsafe { libc::_exit(status) }
}

pub(super) fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

/// What the child reports.
pub(super) fn hear(mut reader: UnixStream, pid: libc::pid_t) -> String {
    let mut text = String::new();
    let in_time = ends_in_time(&reader);
    if in_time {
        reader.read_to_string(&mut text).expect("the report");
    } else {
        // SAFETY: takes no pointer; the child was not waited for, so that the number is its own.
        unsafe { libc::kill(pid, libc::SIGKILL) };
    }
    let mut status = 0;
    // SAFETY: `status` is valid for writes.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid, "{}", io::Error::last_os_error());
    assert!(in_time, "the child hangs");
    assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "status {status:#x}: {text}");
    text
}

/// Whether the child writes or ends soon.
fn ends_in_time(reader: &UnixStream) -> bool {
    let mut fd = libc::pollfd { fd: reader.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: `fd` is valid for reads and writes.
    unsafe { libc::poll(&raw mut fd, 1, HANGS.as_millis() as libc::c_int) == 1 }
}

/// fork(2) and execve(2), as a program in C does it: `true` runs in the child.
pub(super) fn run_true() {
    let path = c"/bin/true";
    let arguments = [path.as_ptr(), std::ptr::null()];
    let Some(pid) = fork() else {
        // SAFETY: the strings and the arrays end as they must, and live as long as this process.
        unsafe {
            libc::execve(path.as_ptr(), arguments.as_ptr(), arguments[1..].as_ptr());
            libc::_exit(127)
        }
    };
    let mut status = 0;
    // SAFETY: `status` is valid for writes.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    assert_eq!(status, 0);
}
