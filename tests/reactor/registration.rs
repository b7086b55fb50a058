//! What can be registered, what cannot, and what is left after either.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use fend::io::AsyncFd;
use futures_lite::future::poll_once;

use crate::alone::alone;
use crate::kernel;
use crate::process::open_fds;
use crate::shape::Shape;

on_every_shape!(
    files_that_cannot_be_polled_are_sent_to_the_blocking_pool,
    an_fd_registers_once,
    a_refused_registration_leaves_nothing,
    too_few_fds_for_a_runtime_is_an_error_that_leaves_nothing,
    a_borrowed_fd_is_only_borrowed,
    an_object_comes_back_as_it_was,
    a_shut_down_runtime_refuses,
);

fn directory() -> io::Result<File> {
    File::open("/")
}

fn regular_file() -> io::Result<File> {
    File::open(std::env::current_exe()?)
}

/// RE12
fn files_that_cannot_be_polled_are_sent_to_the_blocking_pool(shape: Shape) {
    shape.block_on(async {
        for file in [regular_file(), directory(), File::open("/dev/null")] {
            let error = AsyncFd::new(file.expect("opens")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::PermissionDenied);
            assert!(error.to_string().contains("spawn_blocking (the blocking pool)"), "{error}");
        }
    });
}

fn an_fd_registers_once(shape: Shape) {
    shape
        .block_on(async {
            let (ours, mut theirs) = UnixStream::pair()?;
            let first = AsyncFd::new(ours)?;
            let error = AsyncFd::new(first.as_fd()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AlreadyExists);
            assert!(error.to_string().contains("share one AsyncFd"), "{error}");

            let duplicate = AsyncFd::new(first.get_ref().try_clone()?)?;
            theirs.write_all(b"x")?;
            duplicate.readable().await?;
            first.readable().await?;
            drop(duplicate);
            first.read_with(|mut socket| socket.read(&mut [0; 8])).await?;
            theirs.write_all(b"y")?;
            assert_eq!(first.read_with(|mut socket| socket.read(&mut [0; 8])).await?, 1);
            io::Result::Ok(())
        })
        .expect("the sockets");
}

/// RE11, with the refusals that can be had without a limit of the whole machine: an fd that cannot be polled, and one that is
/// registered.
fn a_refused_registration_leaves_nothing(shape: Shape) {
    alone(shape, || {
        shape
            .block_on(async {
                let (ours, _theirs) = UnixStream::pair()?;
                let ours = AsyncFd::new(ours)?;
                let before = open_fds();
                for _ in 0..100 {
                    AsyncFd::new(regular_file()?).unwrap_err();
                    AsyncFd::new(ours.as_fd()).unwrap_err();
                }
                assert_eq!(open_fds(), before, "each fd was closed, and only those");
                ours.writable().await
            })
            .expect("the sockets");
    });
}

/// RE11: with no fd left, then with one, and so on, until there are enough.
fn too_few_fds_for_a_runtime_is_an_error_that_leaves_nothing(shape: Shape) {
    alone(shape, || {
        let before = open_fds();
        let first_free = kernel::eventfd().expect("an fd").as_raw_fd();
        let mut refused = 0;
        for limit in first_free.. {
            let old = kernel::limit_open_files(limit.unsigned_abs().into()).expect("a lower limit");
            let built = shape.builder().build();
            // Whatever comes next must not meet the limit.
            kernel::limit_open_files(old).expect("the old limit");
            let Err(error) = built else { break };
            assert!(error.to_string().contains("Too many open files"), "{error}");
            assert_eq!(open_fds(), before);
            refused += 1;
        }
        assert!(refused > 0, "a runtime without fds");
        shape.block_on(fend::yield_now());
    });
}

/// RE16: dropping the `AsyncFd` leaves the fd open, and deregistered.
fn a_borrowed_fd_is_only_borrowed(shape: Shape) {
    shape
        .block_on(async {
            let (ours, mut theirs) = UnixStream::pair()?;
            for round in 0..3 {
                let borrowed: AsyncFd<BorrowedFd<'_>> = AsyncFd::new(ours.as_fd())?;
                assert!(poll_once(borrowed.readable()).await.is_none());
                theirs.write_all(&[round])?;
                let n =
                    borrowed.read_with(|fd| File::from(fd.try_clone_to_owned()?).read(&mut [0; 8])).await?;
                assert_eq!(n, 1);
            }
            let by_reference = AsyncFd::new(&ours)?;
            theirs.write_all(b"x")?;
            assert_eq!(by_reference.read_with(|socket| (&**socket).read(&mut [0; 8])).await?, 1);
            io::Result::Ok(())
        })
        .expect("the sockets");
}

fn is_nonblocking(fd: &impl std::os::fd::AsRawFd) -> bool {
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.as_raw_fd())).expect("an open fd");
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).expect("the flags");
    let flags = i32::from_str_radix(flags.trim(), 8).expect("an octal number");
    flags & libc::O_NONBLOCK != 0
}

fn an_object_comes_back_as_it_was(shape: Shape) {
    shape
        .block_on(async {
            let (ours, mut theirs) = UnixStream::pair()?;
            let ours = AsyncFd::new(ours)?;
            assert!(is_nonblocking(&ours));
            ours.set_blocking(true)?;
            assert!(!is_nonblocking(&ours));
            ours.set_blocking(false)?;
            let ours: UnixStream = ours.into_inner();
            assert!(is_nonblocking(&ours), "as documented");
            theirs.write_all(b"x")?;
            let again = AsyncFd::new(Arc::new(OwnedFd::from(ours)))?;
            again.readable().await
        })
        .expect("the sockets");
}

fn a_shut_down_runtime_refuses(shape: Shape) {
    let runtime = shape.build();
    let (ours, theirs) = UnixStream::pair().expect("sockets");
    let ours = runtime.block_on(async { AsyncFd::new(ours) }).expect("registers");
    let handle = runtime.handle();
    drop(runtime);
    let error = fend::block_on(ours.readable()).unwrap_err();
    assert!(error.to_string().contains("has shut down"), "{error}");
    let _entered = handle.enter();
    let error = AsyncFd::new(theirs).unwrap_err();
    assert!(error.to_string().contains("has shut down"), "{error}");
}
