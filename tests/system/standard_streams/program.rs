//! The program under test: this binary once more, with the files of the test's choice for its streams.

#![expect(unsafe_code, reason = "descriptors are put in place before the program starts")]

use std::env;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};

use fend::runtime::{Builder, Dispatcher, Runtime};

use crate::support::unless_it_stalls;

/// Names what the program is to do.
pub(super) const ROLE: &str = "FEND_TEST_STREAMS_ROLE";
const DISPATCHER: &str = "FEND_DISPATCHER";

/// Where the program finds what is to become its streams 0, 1 and 2. The test harness writes to the one that it was started with.
const FIRST: i32 = 500;

/// Runs `test` on each dispatcher.
pub(super) fn on_each_dispatcher(test: impl Fn(Dispatcher) + Send + Clone + 'static) {
    for dispatcher in Dispatcher::ALL {
        let test = test.clone();
        unless_it_stalls(move || test(*dispatcher));
    }
}

/// A program that was started.
#[derive(Debug)]
pub(super) struct Program(Child);

impl Program {
    /// Starts it. A stream that is `None` is /dev/null, or a pipe for what goes wrong.
    pub(super) fn start(dispatcher: Dispatcher, role: &str, streams: [Option<BorrowedFd<'_>>; 3]) -> Program {
        Program::start_with(dispatcher, role, streams, |_| {})
    }

    pub(super) fn start_with(
        dispatcher: Dispatcher,
        role: &str,
        streams: [Option<BorrowedFd<'_>>; 3],
        more: impl FnOnce(&mut Command),
    ) -> Program {
        let numbers = streams.map(|stream| stream.map(|fd| fd.as_raw_fd()));
        let mut command = Command::new(env::current_exe().expect("this program"));
        command.args(["--exact", "standard_streams::roles::role", "--nocapture"]).env(ROLE, role);
        command.env(DISPATCHER, if dispatcher == Dispatcher::Poll { "poll" } else { "epoll" });
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        more(&mut command);
        let place = move || {
            for (target, number) in (FIRST..).zip(numbers) {
                // SAFETY: numbers only, and safe in the child of a fork (signal-safety(7)).
                let result = number.map_or(0, |number| unsafe { libc::dup2(number, target) });
                if result == -1 {
                    return Err(io::Error::last_os_error());
                }
            }
            Ok(())
        };
        // SAFETY: the closure makes system calls only.
        unsafe { command.pre_exec(place) };
        Program(command.spawn().expect("the program starts"))
    }

    /// Waits until it has succeeded.
    pub(super) fn succeeds(mut self) {
        let mut complaints = String::new();
        if let Some(mut stderr) = self.0.stderr.take() {
            stderr.read_to_string(&mut complaints).expect("its stderr");
        }
        let status = self.0.wait().expect("its status");
        assert!(status.success(), "{status}\n{complaints}");
    }

    pub(super) fn kill(&mut self) -> ExitStatus {
        self.0.kill().expect("it runs");
        self.0.wait().expect("its status")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // A test that has failed leaves nothing behind. One that has ended already is not harmed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Program {
    pub(super) fn id(&self) -> i32 {
        i32::try_from(self.0.id()).expect("a pid")
    }
}

/// In the program: puts the streams in place.
pub(super) fn take_streams() {
    for (target, source) in (0..3).zip(FIRST..) {
        // SAFETY: numbers only; nothing else uses those beyond 500.
        unsafe {
            if libc::fcntl(source, libc::F_GETFD) != -1 {
                assert_ne!(libc::dup2(source, target), -1, "{}", io::Error::last_os_error());
                libc::close(source);
            }
        }
    }
}

/// In the program: closes a stream.
pub(super) fn close_stream(number: i32) {
    // SAFETY: of those who use it, the one under test must find out, and the others are not used any more.
    assert_ne!(unsafe { libc::close(number) }, -1);
}

/// In the program: somebody who may not open what the test has taken all permissions from. The superuser is let do that, and
/// gives up being so, in this thread: it runs all that the program does.
pub(super) fn respect_permissions() {
    let is_locked = [io::stdin().as_fd(), io::stdout().as_fd()].iter().any(|stream| {
        let file = File::from(stream.try_clone_to_owned().expect("an fd"));
        file.metadata().expect("its mode").mode() & 0o777 == 0
    });
    // SAFETY: numbers only.
    unsafe {
        if is_locked && libc::geteuid() == 0 {
            assert_ne!(libc::syscall(libc::SYS_setresuid, 65534, 65534, 65534), -1);
        }
    }
}

/// In the program: `SIGPIPE` ends it, as it does programs in C.
pub(super) fn restore_sigpipe() {
    // SAFETY: the default action is a valid one.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
}

/// In the program: a runtime with one worker, so that a stream which blocks it is found out. The dispatcher is that of the environment.
pub(super) fn runtime() -> Runtime {
    Builder::new().worker_threads(1).build().expect("a runtime")
}

/// Lends an fd for a stream.
pub(super) fn lend(fd: &impl AsFd) -> Option<BorrowedFd<'_>> {
    Some(fd.as_fd())
}
