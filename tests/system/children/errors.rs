//! What cannot be started, and what is said of it.

use std::io::{self, ErrorKind};

use fend::process::{Command, ProcessError};

use super::census::children;
use super::kernel;
use crate::alone::alone;
use crate::shape::Shape;

on_every_dispatcher!(a_program_that_cannot_be_started_is_named, the_directory_is_named);
on_each_dispatcher!(alone: nothing_is_left_of_what_could_not_be_started);

fn errno(error: &io::Error) -> Option<i32> {
    error.get_ref()?.downcast_ref::<ProcessError>()?.os_error().raw_os_error()
}

/// A directory of this process's own `PATH` may be closed to its user: then that is the error.
fn sought_in_bin(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env("PATH", "/usr/bin:/bin");
    command
}

async fn a_program_that_cannot_be_started_is_named() -> io::Result<()> {
    for (program, kind, number) in [
        ("no-such-program", ErrorKind::NotFound, Some(libc::ENOENT)),
        ("/no/such/program", ErrorKind::NotFound, Some(libc::ENOENT)),
        ("/etc/passwd", ErrorKind::PermissionDenied, Some(libc::EACCES)),
    ] {
        let spawned = sought_in_bin(program).spawn().unwrap_err();
        let (status, output) = (sought_in_bin(program).status().await, sought_in_bin(program).output().await);
        for error in [spawned, status.unwrap_err(), output.unwrap_err()] {
            assert_eq!((error.kind(), errno(&error)), (kind, number), "{error}");
            assert!(error.to_string().starts_with(&format!("cannot start {program:?}: ")), "{error}");
        }
    }
    for mut command in [Command::new("a\0b"), Command::new("true")] {
        let error = command.arg("\0").spawn().unwrap_err();
        assert_eq!((error.kind(), errno(&error)), (ErrorKind::InvalidInput, None), "{error}");
    }
    Ok(())
}

async fn the_directory_is_named() -> io::Result<()> {
    let error = Command::new("true").current_dir("/no/such/place").spawn().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().starts_with("cannot start \"true\" in \"/no/such/place\": "), "{error}");
    Ok(())
}

/// SP6
#[expect(unsafe_code, reason = "pre_exec is unsafe")]
fn nothing_is_left_of_what_could_not_be_started(shape: Shape) {
    alone(shape, || {
        let fds = crate::process::open_fds();
        shape.block_on(async {
            for number in [libc::EPERM, libc::ENOTEMPTY] {
                let mut command = Command::new("true");
                // SAFETY: it only makes an error of a number.
                unsafe { command.pre_exec(move || Err(io::Error::from_raw_os_error(number))) };
                let error = command.spawn().unwrap_err();
                assert_eq!(
                    (errno(&error), error.kind()),
                    (Some(number), io::Error::from_raw_os_error(number).kind())
                );
                assert!(error.to_string().starts_with("cannot start \"true\": "), "{error}");
                assert!(children().is_empty(), "{:?}", children());
            }
            assert!(Command::new("no-such-program").spawn().is_err());
            assert!(children().is_empty(), "{:?}", children());

            // std cannot wait for it then.
            kernel::dispose(libc::SIGCHLD, libc::SIG_IGN);
            let mut command = Command::new("true");
            // SAFETY: as above.
            unsafe { command.pre_exec(|| Err(io::Error::from_raw_os_error(libc::EPERM))) };
            let error = command.spawn().unwrap_err();
            assert!(error.to_string().starts_with("cannot start \"true\": "), "{error}");
            kernel::dispose(libc::SIGCHLD, libc::SIG_DFL);
        });
        assert_eq!(crate::process::open_fds(), fds);
    });
}
