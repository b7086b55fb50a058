//! What belongs to the whole process: its limit of open files, and its fd numbers. Each test runs in a process of its own.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::process::Command;

use super::*;

/// poll(2) alone: a number that was closed behind the dispatcher's back.
#[test]
fn closed_number_is_reported_once_by_poll() {
    in_a_process_of_its_own("dispatcher::contract::process::closed_number_is_reported_once_by_poll", || {
        let bench = Bench::new(Dispatcher::Poll);
        let (socket, _peer) = unix_pair();
        let token = bench.add_armed(&socket, Direction::Write);
        drop(socket);
        let broken = Readiness::ERROR | Readiness::READ_CLOSED | Readiness::WRITE_CLOSED;
        assert_eq!(bench.expect(token, Readiness::ERROR), broken);
        assert!(bench.gather(token).is_empty(), "reported for ever");
    });
}

/// `RLIMIT_NOFILE` lowered below the number of watched fds, which poll(2) refuses to wait for.
#[test]
fn a_lowered_limit_of_open_files_loses_no_event() {
    in_a_process_of_its_own(
        "dispatcher::contract::process::a_lowered_limit_of_open_files_loses_no_event",
        || {
            for &dispatcher in Dispatcher::ALL {
                let bench = Bench::new(dispatcher);
                let (usual, _) = sys::fd_limits().unwrap();
                let pairs: Vec<_> = (0..20).map(|_| unix_pair()).collect();
                for limit in [10, 1, 0] {
                    sys::set_fd_limit(limit);
                    let add =
                        |(socket, _): &(UnixStream, UnixStream)| bench.add_armed(socket, Direction::Read);
                    let tokens: Vec<_> = pairs.iter().map(add).collect();
                    for ((socket, peer), token) in pairs.iter().zip(tokens) {
                        (&*peer).write_all(b"!").unwrap();
                        bench.dispatch.arm(token, Direction::Read);
                        bench.expect(token, Readiness::READABLE);
                        (&*socket).read_exact(&mut [0]).unwrap();
                        bench.dispatch.remove(socket.as_raw_fd(), token);
                    }
                    // A wake-up from another thread ends a wait too.
                    bench.dispatch.wake();
                    bench.dispatch.wait(&mut Batch::default(), None).unwrap();
                }
                sys::set_fd_limit(usual);
            }
        },
    );
}

/// RE11 (its half that needs no fault plan): no fd left over when there are too few for a whole dispatcher.
#[test]
fn opened_whole_or_not_at_all_at_the_fd_limit() {
    in_a_process_of_its_own(
        "dispatcher::contract::process::opened_whole_or_not_at_all_at_the_fd_limit",
        || {
            let (soft, _) = sys::fd_limits().unwrap();
            let before = open_fds();
            let lowest_free = File::open("/dev/null").unwrap().as_raw_fd() as u64;
            for dispatcher in Dispatcher::ALL {
                let mut refused = 0;
                while open_with_limit(*dispatcher, lowest_free + refused, soft).is_err() {
                    assert_eq!(open_fds(), before);
                    refused += 1;
                }
                let needed = if *dispatcher == Dispatcher::Epoll { 2 } else { 1 };
                assert_eq!(refused, needed);
                assert_eq!(open_fds(), before);
            }
        },
    );
}

fn open_with_limit(dispatcher: Dispatcher, limit: u64, usual: u64) -> io::Result<()> {
    sys::set_fd_limit(limit);
    let result = dispatcher.open().map(drop);
    sys::set_fd_limit(usual);
    result
}

/// RE17
#[test]
fn own_fds_are_close_on_exec_and_nonblocking() {
    in_a_process_of_its_own(
        "dispatcher::contract::process::own_fds_are_close_on_exec_and_nonblocking",
        || {
            for dispatcher in Dispatcher::ALL {
                let before = open_fds();
                let _open = dispatcher.open().unwrap();
                for fd in open_fds().into_iter().filter(|fd| !before.contains(fd)) {
                    let flags = fd_flags(&fd);
                    assert_ne!(flags & libc::O_CLOEXEC, 0, "{dispatcher:?} {fd}");
                    let file = fs::read_link(format!("/proc/self/fd/{fd}")).unwrap();
                    let is_epoll = file.to_string_lossy().contains("eventpoll");
                    // An epoll has no blocking mode: the timeout says how long to wait.
                    assert!(is_epoll || flags & libc::O_NONBLOCK != 0, "{dispatcher:?} {fd}");
                }
            }
        },
    );
}

/// The numbers of this process's open fds.
fn open_fds() -> Vec<String> {
    let listed: Vec<String> = fs::read_dir("/proc/self/fd")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    // Without the one that the listing itself used.
    listed.into_iter().filter(|fd| fs::read_link(format!("/proc/self/fd/{fd}")).is_ok()).collect()
}

/// What fcntl(2) would say, from proc(5).
fn fd_flags(fd: &str) -> i32 {
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).unwrap();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap();
    i32::from_str_radix(flags.trim(), 8).unwrap()
}

/// For tests of what belongs to the whole process: limits and fd numbers. Runs the named test alone, in a child.
fn in_a_process_of_its_own(test: &str, body: impl FnOnce()) {
    const MARK: &str = "FEND_TEST_ALONE";
    if std::env::var_os(MARK).is_some() {
        return body();
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(MARK, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
