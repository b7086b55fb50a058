//! pidfd_open(2) and its like: a process by a descriptor, which never comes to mean another process, whatever becomes of the id.
//!
//! Called by number, since glibc has wrappers only from 2.36 on.
//!
//! # Rules that the SAFETY comments cite
//!
//! 1. The call takes numbers only, or a null pointer where that is allowed; the fd is open, since it is borrowed.
//! 2. A descriptor that a call has just returned is open and belongs to nobody else.
//! 3. The pointer comes from a live place, so it is aligned and valid for the whole call, and the kernel does not keep it.
//! 4. Zeroes are a value of `siginfo_t`, and what waitid(2) writes into it is one that tells of a child.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::ptr;

use super::checked;

/// `PIDFD_SIGNAL_PROCESS_GROUP` of pidfd_send_signal(2), since Linux 6.9.
const TO_THE_GROUP: libc::c_uint = 1 << 2;

/// What waitpid(2) adds to the signal's number when there was a core dump.
const CORE_DUMPED: libc::c_int = 0x80;

/// pidfd_open(2), close-on-exec.
///
/// # Errors
/// `ESRCH` when no process has the id any more, `ENOSYS` before Linux 5.3, `EMFILE` and `ENFILE` when there is no descriptor for it.
pub(crate) fn pidfd_open(pid: u32) -> io::Result<OwnedFd> {
    // SAFETY: rule 1.
    let fd = checked(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) } as libc::c_int)?;
    // SAFETY: rule 2.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// pidfd_send_signal(2), to the process. The signal 0 only asks whether it is there.
///
/// # Errors
/// `ESRCH` when its end was seen by its parent, `EPERM` when it is another user's.
pub(crate) fn signal_process(pidfd: BorrowedFd<'_>, signal: libc::c_int) -> io::Result<()> {
    send_signal(pidfd, signal, 0)
}

/// pidfd_send_signal(2), to the process group that has the process's id, though the process itself may have ended.
///
/// # Errors
/// `ESRCH` when there is no such group, `EINVAL` before Linux 6.9.
pub(crate) fn signal_group(pidfd: BorrowedFd<'_>, signal: libc::c_int) -> io::Result<()> {
    send_signal(pidfd, signal, TO_THE_GROUP)
}

fn send_signal(pidfd: BorrowedFd<'_>, signal: libc::c_int, flags: libc::c_uint) -> io::Result<()> {
    let none = ptr::null::<libc::siginfo_t>();
    // SAFETY: rule 1: without a siginfo the kernel makes one like that of kill(2).
    let returned =
        unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, none, flags) };
    checked(returned as libc::c_int).map(drop)
}

/// killpg(3), for kernels whose [`signal_group`] does not exist. The caller knows that the id still is that of the group.
pub(crate) fn signal_group_by_id(leader: u32, signal: libc::c_int) -> io::Result<()> {
    let group = libc::pid_t::try_from(leader).map_err(|_| io::Error::from_raw_os_error(libc::ESRCH))?;
    // SAFETY: rule 1.
    checked(unsafe { libc::killpg(group, signal) }).map(drop)
}

/// waitid(2) without waiting: the exit status of the child, which is taken, or `None` while it has not ended.
///
/// # Errors
/// `ECHILD` when it is no child of this process, or was waited for before.
pub(crate) fn take_exit_status(pidfd: BorrowedFd<'_>) -> io::Result<Option<ExitStatus>> {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let id = pidfd.as_raw_fd() as libc::id_t;
    // SAFETY: rules 1 and 3.
    checked(unsafe { libc::waitid(libc::P_PIDFD, id, info.as_mut_ptr(), libc::WEXITED | libc::WNOHANG) })?;
    // SAFETY: rule 4.
    let (pid, code, status) = unsafe {
        let info = info.assume_init();
        (info.si_pid(), info.si_code, info.si_status())
    };
    Ok((pid != 0).then(|| exit_status(code, status)))
}

/// waitid(2) that takes nothing: whether the status of this child can be waited for, now or when it has ended.
///
/// # Errors
/// `ECHILD` when it cannot, as it is no child of this process, or was waited for before.
pub(crate) fn check_child(pidfd: BorrowedFd<'_>) -> io::Result<()> {
    let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    // SAFETY: rules 1 and 3.
    checked(unsafe { libc::waitid(libc::P_PIDFD, pidfd.as_raw_fd() as libc::id_t, info.as_mut_ptr(), flags) })
        .map(drop)
}

/// From the form of waitid(2) to that of waitpid(2), which std's type has.
fn exit_status(code: libc::c_int, status: libc::c_int) -> ExitStatus {
    ExitStatus::from_raw(match code {
        libc::CLD_KILLED => status,
        libc::CLD_DUMPED => status | CORE_DUMPED,
        _ => (status & 0xff) << 8,
    })
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::os::fd::AsFd;
    use std::process::{Command, Stdio};

    use super::*;

    /// Waits for the process's end, and leaves the status.
    fn wait_until_ended(pidfd: BorrowedFd<'_>) {
        let mut fds = [libc::pollfd { fd: pidfd.as_raw_fd(), events: libc::POLLIN, revents: 0 }];
        while crate::sys::ppoll(&mut fds, None).unwrap() == 0 {}
    }

    #[test]
    #[expect(clippy::zombie_processes, reason = "waited for by the pidfd")]
    fn both_forms_of_a_status_are_the_same() {
        for script in ["exit 0", "exit 7", "exit 255", "kill -9 $$", "kill -15 $$"] {
            let start = || Command::new("sh").args(["-c", script]).spawn().unwrap();
            let expected = start().wait().unwrap();
            let child = start();
            let pidfd = pidfd_open(child.id()).unwrap();
            wait_until_ended(pidfd.as_fd());
            assert_eq!(take_exit_status(pidfd.as_fd()).unwrap(), Some(expected), "{script}");
        }
        let dumped = exit_status(libc::CLD_DUMPED, libc::SIGSEGV);
        assert_eq!((dumped.signal(), dumped.core_dumped()), (Some(libc::SIGSEGV), true));
    }

    #[test]
    #[expect(clippy::zombie_processes, reason = "waited for by the pidfd")]
    fn a_status_is_taken_once_and_an_ended_process_has_no_signals() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let pidfd = pidfd_open(child.id()).unwrap();
        assert_eq!(take_exit_status(pidfd.as_fd()).unwrap(), None);
        signal_process(pidfd.as_fd(), 0).unwrap();
        drop(child.stdin.take());
        wait_until_ended(pidfd.as_fd());
        signal_process(pidfd.as_fd(), 0).unwrap();
        check_child(pidfd.as_fd()).unwrap();
        assert!(take_exit_status(pidfd.as_fd()).unwrap().unwrap().success());
        let error = take_exit_status(pidfd.as_fd()).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ECHILD));
        assert_eq!(check_child(pidfd.as_fd()).unwrap_err().raw_os_error(), Some(libc::ECHILD));
        let error = signal_process(pidfd.as_fd(), 0).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ESRCH));
        assert_eq!(pidfd_open(child.id()).unwrap_err().raw_os_error(), Some(libc::ESRCH));
    }
}
