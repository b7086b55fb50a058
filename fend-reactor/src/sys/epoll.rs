//! epoll(7).
//!
//! # Rules that the SAFETY comments cite
//!
//! 1. The call takes numbers only, and a bad fd number gives `EBADF`.
//! 2. The pointers come from live references, so they are aligned and valid for the whole call, and the kernel keeps none of them.
//! 3. The kernel writes at most the number of elements it is given, and that is the length of the slice.
//! 4. A descriptor that a call has just returned is open and belongs to nobody else.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{checked, ready_count};

/// Room for the events of one wait.
pub(crate) struct EpollEvents {
    slots: Box<[libc::epoll_event]>,
    filled: usize,
}

impl EpollEvents {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        EpollEvents { slots: vec![libc::epoll_event { events: 0, u64: 0 }; capacity].into(), filled: 0 }
    }

    /// The flags and the data of each event of the last wait. Copies: on x86-64 the kernel's struct is packed, and no
    /// reference to its fields may exist.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, u64)> {
        self.slots[..self.filled].iter().map(|event| (event.events, event.u64))
    }
}

impl std::fmt::Debug for EpollEvents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// epoll_create1(2), close-on-exec.
pub(crate) fn epoll_create() -> io::Result<OwnedFd> {
    // SAFETY: rule 1.
    let fd = checked(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
    // SAFETY: rule 4.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// `EPOLL_CTL_ADD` of epoll_ctl(2): watches `fd` for `flags`; its events carry `data`.
pub(crate) fn epoll_add(epoll: BorrowedFd<'_>, fd: BorrowedFd<'_>, flags: u32, data: u64) -> io::Result<()> {
    let mut event = libc::epoll_event { events: flags, u64: data };
    // SAFETY: rule 2.
    checked(unsafe {
        libc::epoll_ctl(epoll.as_raw_fd(), libc::EPOLL_CTL_ADD, fd.as_raw_fd(), &raw mut event)
    })?;
    Ok(())
}

/// `EPOLL_CTL_MOD` of epoll_ctl(2): watches `fd` for `flags` from now on; its events carry `data`. Takes a number, since it may be closed by
/// now: that gives `EBADF` or `ENOENT`.
pub(crate) fn epoll_modify(epoll: BorrowedFd<'_>, fd: RawFd, flags: u32, data: u64) -> io::Result<()> {
    let mut event = libc::epoll_event { events: flags, u64: data };
    // SAFETY: rules 1 and 2.
    checked(unsafe { libc::epoll_ctl(epoll.as_raw_fd(), libc::EPOLL_CTL_MOD, fd, &raw mut event) })?;
    Ok(())
}

/// `EPOLL_CTL_DEL` of epoll_ctl(2). Takes a number, since it may be closed by now: that gives `EBADF` or `ENOENT`.
pub(crate) fn epoll_delete(epoll: BorrowedFd<'_>, fd: RawFd) -> io::Result<()> {
    // SAFETY: rule 1; the event is ignored for EPOLL_CTL_DEL and may be null since Linux 2.6.9.
    checked(unsafe { libc::epoll_ctl(epoll.as_raw_fd(), libc::EPOLL_CTL_DEL, fd, ptr::null_mut()) })?;
    Ok(())
}

/// Whether epoll takes `fd`, that is, whether the kernel can tell when it becomes ready. An error when epoll itself
/// cannot be had.
///
/// Asked of an epoll made for the question: no other call gives the answer (poll(2) calls a file that cannot be polled
/// always ready).
pub(crate) fn epoll_accepts(fd: BorrowedFd<'_>) -> io::Result<bool> {
    use std::os::fd::AsFd;
    let epoll = epoll_create()?;
    match epoll_add(epoll.as_fd(), fd, 0, 0) {
        Ok(()) => Ok(true),
        Err(error) if error.raw_os_error() == Some(libc::EPERM) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Set once epoll_pwait2(2) turned out to be missing: Linux before 5.11 (`ENOSYS`), or a seccomp filter that does not
/// know it (`EPERM`, as Docker's once did).
static WITHOUT_PWAIT2: AtomicBool = AtomicBool::new(false);

/// epoll_pwait2(2), with a timeout in nanoseconds; epoll_wait(2), in milliseconds rounded up, where the kernel has no
/// other. No timeout waits without end. An interrupted wait has no events.
///
/// epoll_wait can wait for 24 days at most: a longer timeout ends early there.
pub(crate) fn epoll_wait(
    epoll: BorrowedFd<'_>,
    events: &mut EpollEvents,
    timeout: Option<Duration>,
) -> io::Result<()> {
    events.filled = 0;
    if !WITHOUT_PWAIT2.load(Ordering::Relaxed) {
        match ready_count(wait_nanoseconds(epoll, &mut events.slots, timeout)) {
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM)) => {
                WITHOUT_PWAIT2.store(true, Ordering::Relaxed);
            }
            result => {
                events.filled = result?;
                return Ok(());
            }
        }
    }
    events.filled = ready_count(wait_milliseconds(epoll, &mut events.slots, timeout))?;
    Ok(())
}

/// The kernel's `struct __kernel_timespec`: 64 bits on every architecture, where libc's follows `time_t`.
#[repr(C)]
struct KernelTimespec {
    seconds: i64,
    nanoseconds: i64,
}

impl From<Duration> for KernelTimespec {
    /// Saturates: the kernel takes the largest value for "without end".
    fn from(duration: Duration) -> Self {
        KernelTimespec {
            seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
            nanoseconds: duration.subsec_nanos().into(),
        }
    }
}

/// Called by number, since glibc has a wrapper only from 2.35 on.
fn wait_nanoseconds(
    epoll: BorrowedFd<'_>,
    slots: &mut [libc::epoll_event],
    timeout: Option<Duration>,
) -> io::Result<libc::c_int> {
    let timeout = timeout.map(KernelTimespec::from);
    let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
    let no_mask: *const libc::sigset_t = ptr::null();
    // SAFETY: rules 2 and 3; a null timeout and a null mask are allowed, and the mask's size then goes unread.
    let returned = unsafe {
        libc::syscall(
            libc::SYS_epoll_pwait2,
            epoll.as_raw_fd(),
            slots.as_mut_ptr(),
            slots.len() as libc::c_int,
            timeout,
            no_mask,
            0_usize,
        )
    };
    checked(returned as libc::c_int)
}

fn wait_milliseconds(
    epoll: BorrowedFd<'_>,
    slots: &mut [libc::epoll_event],
    timeout: Option<Duration>,
) -> io::Result<libc::c_int> {
    let timeout = timeout.map_or(-1, milliseconds_rounded_up);
    // SAFETY: rules 2 and 3.
    checked(unsafe {
        libc::epoll_wait(epoll.as_raw_fd(), slots.as_mut_ptr(), slots.len() as libc::c_int, timeout)
    })
}

fn milliseconds_rounded_up(duration: Duration) -> libc::c_int {
    duration.as_nanos().div_ceil(1_000_000).try_into().unwrap_or(libc::c_int::MAX)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::os::fd::AsFd;
    use std::time::Instant;

    use super::*;

    #[test]
    fn milliseconds_are_rounded_up_and_saturate() {
        let cases = [
            (Duration::ZERO, 0),
            (Duration::from_nanos(1), 1),
            (Duration::from_millis(1), 1),
            (Duration::from_nanos(1_000_001), 2),
            (Duration::from_millis(i32::MAX as u64 + 5), i32::MAX),
            (Duration::MAX, i32::MAX),
        ];
        for (duration, milliseconds) in cases {
            assert_eq!(milliseconds_rounded_up(duration), milliseconds, "{duration:?}");
        }
    }

    #[test]
    fn timespec_saturates() {
        let longest = KernelTimespec::from(Duration::MAX);
        assert_eq!((longest.seconds, longest.nanoseconds), (i64::MAX, 999_999_999));
    }

    /// The way of old kernels, which this one does not take by itself.
    #[test]
    fn old_call_waits_no_shorter_than_asked() {
        let epoll = epoll_create().unwrap();
        let mut events = EpollEvents::with_capacity(1);
        let timeout = Duration::from_micros(1_200);
        let start = Instant::now();
        let returned = wait_milliseconds(epoll.as_fd(), &mut events.slots, Some(timeout)).unwrap();
        assert_eq!(returned, 0);
        assert!(start.elapsed() >= timeout);
    }
}
