//! Functions of the C library, defined by this program: std, the libc crate and fend are linked to these. Each asks the plan, and
//! then fails, or does what the C library's function of the name does.
//!
//! What the C library and OpenSSL's library call inside themselves does not come here.
//!
//! # Rules that the SAFETY comments cite
//!
//! 1. The types are those of the C library's function, which the name was looked up for and which keeps whatever the caller has to keep.
//!    Where it takes any number of arguments, all that a call can have are passed on: in the C conventions of Linux's 64-bit architectures
//!    integers of a variadic call lie where those of any call lie, and an argument that was not given is not looked at.
//! 2. `dlsym` takes a C string, and gives null or an address that stays valid.
//! 3. The place of errno is the thread's own.
//! 4. The mapping is new, page-aligned, zeroed and never unmapped, and zeroes are a plan.
//! 5. The pointer is to a live place of the right type, which zeroes are a value of.

#![expect(unsafe_code, reason = "only functions with the C library's names come before the C library's")]

use std::ffi::{CStr, c_char, c_int, c_long, c_uint, c_void};
use std::mem;
use std::ptr;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::Relaxed;

use libc::{
    DIR, addrinfo, clockid_t, dirent64, epoll_event, id_t, idtype_t, iovec, itimerspec, mmsghdr, mode_t,
    msghdr, nfds_t, off64_t, pid_t, pollfd, posix_spawn_file_actions_t, posix_spawnattr_t, pthread_attr_t,
    pthread_t, rlimit, sigaction as Action, siginfo_t, sigset_t, size_t, sockaddr, socklen_t, ssize_t, stat,
    statx as Statx, timespec,
};

use crate::calls::{Call, Kind, Site};
use crate::plan::{self, Plan};

/// The C library's function of a name, looked up with its first use.
struct Real(&'static CStr, AtomicPtr<c_void>);

impl Real {
    const fn new(name: &'static CStr) -> Real {
        Real(name, AtomicPtr::new(ptr::null_mut()))
    }

    fn address(&self) -> *mut c_void {
        let known = self.1.load(Relaxed);
        if !known.is_null() {
            return known;
        }
        // SAFETY: rule 2.
        let found = unsafe { libc::dlsym(libc::RTLD_NEXT, self.0.as_ptr()) };
        assert!(!found.is_null(), "the C library has {:?}", self.0);
        self.1.store(found, Relaxed);
        found
    }
}

fn set_errno(errno: c_int) {
    // SAFETY: rule 3.
    unsafe { *libc::__errno_location() = errno };
}

/// How a function tells of an error.
trait Failed {
    fn with(errno: c_int) -> Self;
}

impl Failed for c_int {
    fn with(errno: c_int) -> c_int {
        set_errno(errno);
        -1
    }
}

impl Failed for isize {
    fn with(errno: c_int) -> isize {
        set_errno(errno);
        -1
    }
}

impl Failed for i64 {
    fn with(errno: c_int) -> i64 {
        set_errno(errno);
        -1
    }
}

impl<T> Failed for *mut T {
    fn with(errno: c_int) -> *mut T {
        set_errno(errno);
        ptr::null_mut()
    }
}

/// By the number that it returns.
fn returned(errno: c_int) -> c_int {
    errno
}

/// Zero for what was not found.
fn zero(errno: c_int) -> c_uint {
    set_errno(errno);
    0
}

fn call(call: Call) -> Option<Site> {
    Some(Site { call, kind: Kind::None })
}

/// A call on an fd.
fn on(fd: c_int, call: Call) -> Option<Site> {
    Some(Site { call, kind: kind_of(fd) })
}

fn kind_of(fd: c_int) -> Kind {
    static REAL: Real = Real::new(c"fstat64");
    // SAFETY: rules 1 and 5.
    let status = unsafe {
        let real = mem::transmute::<*mut c_void, unsafe extern "C" fn(c_int, *mut libc::stat64) -> c_int>(
            REAL.address(),
        );
        let mut status = mem::zeroed::<libc::stat64>();
        if real(fd, &raw mut status) == -1 {
            return Kind::None;
        }
        status
    };
    match status.st_mode & libc::S_IFMT {
        libc::S_IFREG => Kind::File,
        libc::S_IFDIR => Kind::Directory,
        libc::S_IFSOCK => kind_of_socket(fd),
        libc::S_IFIFO => Kind::Pipe,
        0 => Kind::Anonymous,
        _ => Kind::Device,
    }
}

fn kind_of_socket(fd: c_int) -> Kind {
    static REAL: Real = Real::new(c"getsockopt");
    type Getsockopt = unsafe extern "C" fn(c_int, c_int, c_int, *mut c_void, *mut socklen_t) -> c_int;
    let (mut domain, mut length): (c_int, socklen_t) = (0, size_of::<c_int>() as socklen_t);
    // SAFETY: rules 1 and 5.
    unsafe {
        let real = mem::transmute::<*mut c_void, Getsockopt>(REAL.address());
        real(fd, libc::SOL_SOCKET, libc::SO_DOMAIN, (&raw mut domain).cast(), &raw mut length);
    }
    if domain == libc::AF_UNIX { Kind::UnixSocket } else { Kind::Socket }
}

fn of_epoll(operation: c_int) -> Option<Site> {
    call(match operation {
        libc::EPOLL_CTL_ADD => Call::epoll_add,
        libc::EPOLL_CTL_MOD => Call::epoll_mod,
        _ => Call::epoll_del,
    })
}

fn of_waitid(options: c_int) -> Option<Site> {
    call(if options & libc::WNOHANG == 0 { Call::waitid } else { Call::waitid_at_once })
}

fn of_fcntl(fd: c_int, command: c_int) -> Option<Site> {
    on(fd, if command == libc::F_DUPFD_CLOEXEC { Call::duplicate } else { Call::fcntl })
}

/// One that is called by its number. `None` for those that no plan has, such as futex(2).
fn of_number(number: c_long, first: c_long) -> Option<Site> {
    let fd = first as c_int;
    match number {
        libc::SYS_epoll_pwait2 => call(Call::epoll_pwait2),
        libc::SYS_pidfd_open => call(Call::pidfd_open),
        libc::SYS_pidfd_send_signal => call(Call::pidfd_send_signal),
        libc::SYS_preadv2 => on(fd, Call::preadv2),
        libc::SYS_readv => on(fd, Call::readv),
        libc::SYS_recvfrom => on(fd, Call::recvfrom),
        libc::SYS_sendmsg => on(fd, Call::sendmsg),
        libc::SYS_sendto => on(fd, Call::sendto),
        libc::SYS_write => on(fd, Call::write),
        libc::SYS_getrandom => call(Call::getrandom),
        libc::SYS_statx => call(Call::statx),
        libc::SYS_copy_file_range => on(fd, Call::copy_file_range),
        _ => None,
    }
}

/// Defines functions: which site a call is of, and how it fails.
macro_rules! interpose {
    ($($name:ident($($argument:ident: $type:ty),*) -> $returns:ty, $site:expr, $failed:expr;)+) => {
        $(#[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($argument: $type),*) -> $returns {
            static REAL: Real =
                Real::new(match CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
                    Ok(name) => name,
                    Err(_) => panic!("a name has no zeroes"),
                });
            let real = || {
                // SAFETY: rule 1.
                unsafe {
                    let real = mem::transmute::<*mut c_void, unsafe extern "C" fn($($type),*) -> $returns>(REAL.address());
                    real($($argument),*)
                }
            };
            match plan::fault(|| $site) {
                None => real(),
                Some((site, errno)) => {
                    if site.happens_all_the_same() {
                        real();
                    }
                    $failed(errno)
                }
            }
        })+
    };
}

interpose! {
    socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int, call(Call::socket), Failed::with;
    socketpair(domain: c_int, kind: c_int, protocol: c_int, pair: *mut c_int) -> c_int, call(Call::socketpair), Failed::with;
    bind(fd: c_int, address: *const sockaddr, length: socklen_t) -> c_int, on(fd, Call::bind), Failed::with;
    listen(fd: c_int, backlog: c_int) -> c_int, on(fd, Call::listen), Failed::with;
    accept4(fd: c_int, address: *mut sockaddr, length: *mut socklen_t, flags: c_int) -> c_int, on(fd, Call::accept4), Failed::with;
    connect(fd: c_int, address: *const sockaddr, length: socklen_t) -> c_int, on(fd, Call::connect), Failed::with;
    getsockopt(fd: c_int, level: c_int, name: c_int, value: *mut c_void, length: *mut socklen_t) -> c_int, on(fd, Call::getsockopt), Failed::with;
    setsockopt(fd: c_int, level: c_int, name: c_int, value: *const c_void, length: socklen_t) -> c_int, on(fd, Call::setsockopt), Failed::with;
    getsockname(fd: c_int, address: *mut sockaddr, length: *mut socklen_t) -> c_int, on(fd, Call::getsockname), Failed::with;
    getpeername(fd: c_int, address: *mut sockaddr, length: *mut socklen_t) -> c_int, on(fd, Call::getpeername), Failed::with;
    shutdown(fd: c_int, how: c_int) -> c_int, on(fd, Call::shutdown), Failed::with;

    recv(fd: c_int, data: *mut c_void, length: size_t, flags: c_int) -> ssize_t, on(fd, Call::recv), Failed::with;
    recvfrom(fd: c_int, data: *mut c_void, length: size_t, flags: c_int, address: *mut sockaddr, size: *mut socklen_t) -> ssize_t, on(fd, Call::recvfrom), Failed::with;
    recvmsg(fd: c_int, message: *mut msghdr, flags: c_int) -> ssize_t, on(fd, Call::recvmsg), Failed::with;
    recvmmsg(fd: c_int, messages: *mut mmsghdr, count: c_uint, flags: c_int, timeout: *mut timespec) -> c_int, on(fd, Call::recvmmsg), Failed::with;
    send(fd: c_int, data: *const c_void, length: size_t, flags: c_int) -> ssize_t, on(fd, Call::send), Failed::with;
    sendto(fd: c_int, data: *const c_void, length: size_t, flags: c_int, address: *const sockaddr, size: socklen_t) -> ssize_t, on(fd, Call::sendto), Failed::with;
    sendmsg(fd: c_int, message: *const msghdr, flags: c_int) -> ssize_t, on(fd, Call::sendmsg), Failed::with;
    sendmmsg(fd: c_int, messages: *mut mmsghdr, count: c_uint, flags: c_int) -> c_int, on(fd, Call::sendmmsg), Failed::with;

    read(fd: c_int, data: *mut c_void, length: size_t) -> ssize_t, on(fd, Call::read), Failed::with;
    write(fd: c_int, data: *const c_void, length: size_t) -> ssize_t, on(fd, Call::write), Failed::with;
    readv(fd: c_int, parts: *const iovec, count: c_int) -> ssize_t, on(fd, Call::readv), Failed::with;
    writev(fd: c_int, parts: *const iovec, count: c_int) -> ssize_t, on(fd, Call::writev), Failed::with;
    pread64(fd: c_int, data: *mut c_void, length: size_t, offset: off64_t) -> ssize_t, on(fd, Call::pread64), Failed::with;
    pwrite64(fd: c_int, data: *const c_void, length: size_t, offset: off64_t) -> ssize_t, on(fd, Call::pwrite64), Failed::with;
    preadv2(fd: c_int, parts: *const iovec, count: c_int, offset: off64_t, flags: c_int) -> ssize_t, on(fd, Call::preadv2), Failed::with;
    pwritev2(fd: c_int, parts: *const iovec, count: c_int, offset: off64_t, flags: c_int) -> ssize_t, on(fd, Call::pwritev2), Failed::with;
    lseek64(fd: c_int, offset: off64_t, whence: c_int) -> off64_t, on(fd, Call::lseek64), Failed::with;
    sendfile64(to: c_int, from: c_int, offset: *mut off64_t, count: size_t) -> ssize_t, on(to, Call::sendfile64), Failed::with;
    splice(from: c_int, from_offset: *mut off64_t, to: c_int, to_offset: *mut off64_t, length: size_t, flags: c_uint) -> ssize_t, on(to, Call::splice), Failed::with;
    copy_file_range(from: c_int, from_offset: *mut off64_t, to: c_int, to_offset: *mut off64_t, length: size_t, flags: c_uint) -> ssize_t, on(to, Call::copy_file_range), Failed::with;
    pipe2(ends: *mut c_int, flags: c_int) -> c_int, call(Call::pipe2), Failed::with;
    close(fd: c_int) -> c_int, call(Call::close), Failed::with;
    fcntl(fd: c_int, command: c_int, argument: usize) -> c_int, of_fcntl(fd, command), Failed::with;
    ioctl(fd: c_int, request: libc::Ioctl, argument: usize) -> c_int, on(fd, Call::ioctl), Failed::with;

    epoll_create1(flags: c_int) -> c_int, call(Call::epoll_create1), Failed::with;
    epoll_ctl(epoll: c_int, operation: c_int, fd: c_int, event: *mut epoll_event) -> c_int, of_epoll(operation), Failed::with;
    epoll_wait(epoll: c_int, events: *mut epoll_event, count: c_int, timeout: c_int) -> c_int, call(Call::epoll_wait), Failed::with;
    poll(fds: *mut pollfd, count: nfds_t, timeout: c_int) -> c_int, call(Call::poll), Failed::with;
    ppoll(fds: *mut pollfd, count: nfds_t, timeout: *const timespec, mask: *const sigset_t) -> c_int, call(Call::ppoll), Failed::with;
    eventfd(value: c_uint, flags: c_int) -> c_int, call(Call::eventfd), Failed::with;
    timerfd_create(clock: clockid_t, flags: c_int) -> c_int, call(Call::timerfd_create), Failed::with;
    timerfd_settime(fd: c_int, flags: c_int, new: *const itimerspec, old: *mut itimerspec) -> c_int, call(Call::timerfd_settime), Failed::with;
    inotify_init1(flags: c_int) -> c_int, call(Call::inotify_init1), Failed::with;
    inotify_add_watch(fd: c_int, path: *const c_char, mask: u32) -> c_int, call(Call::inotify_add_watch), Failed::with;
    inotify_rm_watch(fd: c_int, watch: c_int) -> c_int, call(Call::inotify_rm_watch), Failed::with;
    syscall(number: c_long, a: c_long, b: c_long, c: c_long, d: c_long, e: c_long, f: c_long) -> c_long, of_number(number, a), Failed::with;

    waitid(kind: idtype_t, id: id_t, info: *mut siginfo_t, options: c_int) -> c_int, of_waitid(options), Failed::with;
    waitpid(id: pid_t, status: *mut c_int, options: c_int) -> pid_t, call(Call::waitpid), Failed::with;
    kill(id: pid_t, signal: c_int) -> c_int, call(Call::kill), Failed::with;
    killpg(id: pid_t, signal: c_int) -> c_int, call(Call::killpg), Failed::with;
    sigaction(signal: c_int, new: *const Action, old: *mut Action) -> c_int, call(Call::sigaction), Failed::with;
    posix_spawnp(id: *mut pid_t, path: *const c_char, actions: *const posix_spawn_file_actions_t, attributes: *const posix_spawnattr_t, arguments: *const *mut c_char, environment: *const *mut c_char) -> c_int, call(Call::posix_spawnp), returned;
    fork() -> pid_t, call(Call::fork), Failed::with;
    execvp(path: *const c_char, arguments: *const *const c_char) -> c_int, call(Call::execvp), Failed::with;
    dup2(from: c_int, to: c_int) -> c_int, call(Call::dup2), Failed::with;

    open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int, call(Call::open64), Failed::with;
    openat64(directory: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int, call(Call::openat64), Failed::with;
    opendir(path: *const c_char) -> *mut DIR, call(Call::opendir), Failed::with;
    fdopendir(fd: c_int) -> *mut DIR, call(Call::fdopendir), Failed::with;
    readdir64(directory: *mut DIR) -> *mut dirent64, call(Call::readdir64), Failed::with;
    closedir(directory: *mut DIR) -> c_int, call(Call::closedir), Failed::with;
    statx(directory: c_int, path: *const c_char, flags: c_int, mask: c_uint, status: *mut Statx) -> c_int, call(Call::statx), Failed::with;
    stat64(path: *const c_char, status: *mut libc::stat64) -> c_int, call(Call::stat64), Failed::with;
    lstat64(path: *const c_char, status: *mut libc::stat64) -> c_int, call(Call::lstat64), Failed::with;
    fstat(fd: c_int, status: *mut stat) -> c_int, on(fd, Call::fstat), Failed::with;
    fstat64(fd: c_int, status: *mut libc::stat64) -> c_int, on(fd, Call::fstat64), Failed::with;
    fstatat64(directory: c_int, path: *const c_char, status: *mut libc::stat64, flags: c_int) -> c_int, call(Call::fstatat64), Failed::with;
    rename(from: *const c_char, to: *const c_char) -> c_int, call(Call::rename), Failed::with;
    unlink(path: *const c_char) -> c_int, call(Call::unlink), Failed::with;
    unlinkat(directory: c_int, path: *const c_char, flags: c_int) -> c_int, call(Call::unlinkat), Failed::with;
    rmdir(path: *const c_char) -> c_int, call(Call::rmdir), Failed::with;
    mkdir(path: *const c_char, mode: mode_t) -> c_int, call(Call::mkdir), Failed::with;
    linkat(from_directory: c_int, from: *const c_char, to_directory: c_int, to: *const c_char, flags: c_int) -> c_int, call(Call::linkat), Failed::with;
    symlink(from: *const c_char, to: *const c_char) -> c_int, call(Call::symlink), Failed::with;
    readlink(path: *const c_char, text: *mut c_char, length: size_t) -> ssize_t, call(Call::readlink), Failed::with;
    realpath(path: *const c_char, text: *mut c_char) -> *mut c_char, call(Call::realpath), Failed::with;
    fchmod(fd: c_int, mode: mode_t) -> c_int, on(fd, Call::fchmod), Failed::with;
    chmod(path: *const c_char, mode: mode_t) -> c_int, call(Call::chmod), Failed::with;
    ftruncate64(fd: c_int, length: off64_t) -> c_int, on(fd, Call::ftruncate64), Failed::with;
    fsync(fd: c_int) -> c_int, on(fd, Call::fsync), Failed::with;
    fdatasync(fd: c_int) -> c_int, on(fd, Call::fdatasync), Failed::with;
    futimens(fd: c_int, times: *const timespec) -> c_int, on(fd, Call::futimens), Failed::with;

    pthread_create(thread: *mut pthread_t, attributes: *const pthread_attr_t, body: extern "C" fn(*mut c_void) -> *mut c_void, value: *mut c_void) -> c_int, call(Call::pthread_create), returned;
    pthread_setname_np(thread: pthread_t, name: *const c_char) -> c_int, call(Call::pthread_setname_np), returned;
    prctl(option: c_int, a: usize, b: usize, c: usize, d: usize) -> c_int, call(Call::prctl), Failed::with;
    sched_getaffinity(id: pid_t, size: size_t, set: *mut libc::cpu_set_t) -> c_int, call(Call::sched_getaffinity), Failed::with;
    getrandom(data: *mut c_void, length: size_t, flags: c_uint) -> ssize_t, call(Call::getrandom), Failed::with;
    getrlimit(resource: libc::__rlimit_resource_t, limit: *mut rlimit) -> c_int, call(Call::getrlimit), Failed::with;
    getaddrinfo(host: *const c_char, service: *const c_char, hints: *const addrinfo, found: *mut *mut addrinfo) -> c_int, call(Call::getaddrinfo), returned;
    getnameinfo(address: *const sockaddr, length: socklen_t, host: *mut c_char, host_length: socklen_t, service: *mut c_char, service_length: socklen_t, flags: c_int) -> c_int, call(Call::getnameinfo), returned;
    if_nametoindex(name: *const c_char) -> c_uint, call(Call::if_nametoindex), zero;
    gethostname(name: *mut c_char, length: size_t) -> c_int, call(Call::gethostname), Failed::with;
}

/// Memory for the plan that forked children share.
pub(crate) fn shared_plan() -> &'static Plan {
    // SAFETY: rule 4.
    unsafe {
        let memory = libc::mmap(
            ptr::null_mut(),
            size_of::<Plan>(),
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED | libc::MAP_ANONYMOUS,
            -1,
            0,
        );
        assert_ne!(memory, libc::MAP_FAILED);
        &*memory.cast::<Plan>()
    }
}

/// Whether there is a child, alive or not waited for.
pub(crate) fn has_children() -> bool {
    // SAFETY: rule 5.
    unsafe {
        let mut info = mem::zeroed::<siginfo_t>();
        let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
        libc::waitid(libc::P_ALL, 0, &raw mut info, options) == 0
    }
}
