//! The calls that can be made to fail, and with what: the errors that their man pages name and that our use of them can meet.
//!
//! What the kernel never says is left out, since no program could live with it:
//!
//! - `EAGAIN` from a socket that is ready: under edge-triggered epoll nobody would ever be told again.
//! - A failed write to an eventfd that is not full, a failed read of an eventfd, timerfd or inotify instance that has something.
//! - `EINTR` from a waitid(2) with `WNOHANG`, which never sleeps.
//! - `EPOLL_CTL_MOD` and `EPOLL_CTL_DEL` of what is in the set, `inotify_rm_watch` of a watch that is there, `F_GETFL` and `F_SETFL` of an
//!   open fd, `waitid` without the child that it was asked for, `clock_gettime`, `pthread_sigmask`.
//! - A close(2) that does not close. It closes, and then may say `EINTR` or `EIO`.
//! - `ENOTCONN` from the shutdown(2) of what is connected.
//! - `ENOMEM` from a poll(2) of a few fds, which needs none. That of a driver may be of many.
//! - `EINTR` from a connect(2) that does not block: it never sleeps.
//!
//! And what fails inside std, before any code of ours can know: the stack for signal handlers that it maps for each thread (it
//! panics), its thread-local keys, and a closedir(3) that fails but for an interruption (it panics).

/// What a call's fd is open on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The call takes no fd, or it does not matter.
    None,
    File,
    Directory,
    /// Of the network.
    Socket,
    UnixSocket,
    Pipe,
    /// Without a name: eventfd, timerfd, inotify, pidfd, epoll.
    Anonymous,
    Device,
}

impl Kind {
    pub(crate) const ALL: [Kind; 8] = [
        Kind::None,
        Kind::File,
        Kind::Directory,
        Kind::Socket,
        Kind::UnixSocket,
        Kind::Pipe,
        Kind::Anonymous,
        Kind::Device,
    ];
}

/// Names the calls, and lists them.
macro_rules! calls {
    ($($name:ident)+) => {
        #[expect(non_camel_case_types, reason = "the names that the C library gives them")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Call { $($name),+ }

        impl Call {
            pub(crate) const ALL: &[Call] = &[$(Call::$name),+];
        }
    };
}

calls! {
    socket socketpair bind listen accept4 connect getsockopt setsockopt getsockname getpeername shutdown
    recv recvfrom recvmsg recvmmsg send sendto sendmsg sendmmsg
    read write readv writev pread64 pwrite64 preadv2 pwritev2 lseek64
    sendfile64 splice copy_file_range pipe2
    epoll_create1 epoll_add epoll_mod epoll_del epoll_wait epoll_pwait2 poll ppoll
    eventfd timerfd_create timerfd_settime
    inotify_init1 inotify_add_watch inotify_rm_watch
    pidfd_open pidfd_send_signal waitid waitid_at_once waitpid kill killpg
    sigaction posix_spawnp fork execvp dup2
    open64 openat64 opendir fdopendir readdir64 close closedir
    statx stat64 fstat fstat64 lstat64 fstatat64
    rename unlink unlinkat rmdir mkdir linkat symlink readlink realpath
    fchmod chmod ftruncate64 fsync fdatasync futimens
    duplicate fcntl ioctl
    pthread_create pthread_setname_np prctl sched_getaffinity getrandom getrlimit
    getaddrinfo getnameinfo if_nametoindex gethostname
}

/// A call on a kind of fd: what is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Site {
    pub(crate) call: Call,
    pub(crate) kind: Kind,
}

impl Site {
    pub(crate) const COUNT: usize = Call::ALL.len() * Kind::ALL.len();

    pub(crate) const fn index(self) -> usize {
        self.call as usize * Kind::ALL.len() + self.kind as usize
    }

    pub(crate) fn all() -> impl Iterator<Item = Site> {
        Call::ALL.iter().flat_map(|call| Kind::ALL.iter().map(|kind| Site { call: *call, kind: *kind }))
    }

    /// Whether the call is made all the same, and only then said to have failed.
    pub(crate) fn happens_all_the_same(self) -> bool {
        matches!(self.call, Call::close | Call::closedir)
    }

    pub(crate) fn errors(self) -> &'static [i32] {
        match self.kind {
            Kind::Socket => of_a_socket(self.call),
            Kind::UnixSocket => of_a_unix_socket(self.call),
            Kind::File | Kind::Directory => of_a_file(self.call),
            Kind::Pipe => of_a_pipe(self.call),
            // Data that is there is given.
            Kind::Anonymous | Kind::Device => of_anything(self.call),
            Kind::None => without_fd(self.call),
        }
    }
}

use libc::*;

fn of_a_socket(call: Call) -> &'static [i32] {
    match call {
        Call::bind => &[EADDRINUSE, EACCES, ENOMEM],
        Call::listen => &[EADDRINUSE, ENOBUFS],
        Call::accept4 => &[EINTR, EMFILE, ENFILE, ENOBUFS, ENOMEM, ECONNABORTED, EPROTO, EPERM],
        Call::connect => &[ECONNREFUSED, ENETUNREACH, ETIMEDOUT, EADDRNOTAVAIL, ENOBUFS],
        Call::getsockopt | Call::getsockname => &[ENOBUFS],
        Call::getpeername => &[ENOBUFS, ENOTCONN],
        Call::setsockopt => &[ENOBUFS, ENOPROTOOPT, EPERM],
        Call::recv | Call::recvfrom | Call::recvmsg | Call::recvmmsg | Call::read | Call::readv => {
            &[EINTR, ENOMEM, ECONNRESET, ECONNREFUSED, ETIMEDOUT]
        }
        Call::send | Call::sendto | Call::sendmsg | Call::sendmmsg | Call::write | Call::writev => {
            &[EINTR, ENOBUFS, ENOMEM, ECONNRESET, EPIPE, EPERM]
        }
        call => of_anything(call),
    }
}

fn of_a_unix_socket(call: Call) -> &'static [i32] {
    match call {
        Call::bind => &[EADDRINUSE, EACCES, EROFS, ENOMEM],
        Call::connect => &[ECONNREFUSED, ENOENT, EACCES, ENOMEM],
        // This is std's, which panics with any other error: it asks the child that it has forked how that fares.
        Call::recv => &[EINTR],
        Call::recvfrom | Call::recvmsg | Call::read | Call::readv => &[EINTR, ENOMEM, ECONNRESET],
        call => of_a_socket(call),
    }
}

fn of_a_file(call: Call) -> &'static [i32] {
    match call {
        Call::read | Call::readv | Call::pread64 => &[EINTR, EIO],
        Call::preadv2 => &[EINTR, EIO, EOPNOTSUPP, ENOSYS],
        Call::write | Call::writev | Call::pwrite64 => &[EINTR, EIO, ENOSPC, EDQUOT, EFBIG],
        Call::pwritev2 => &[EINTR, EIO, ENOSPC, EOPNOTSUPP, ENOSYS],
        call => of_anything(call),
    }
}

fn of_a_pipe(call: Call) -> &'static [i32] {
    match call {
        Call::write | Call::writev => &[EINTR, EPIPE],
        call => of_anything(call),
    }
}

/// Whatever the fd is open on.
fn of_anything(call: Call) -> &'static [i32] {
    match call {
        Call::read | Call::readv | Call::preadv2 => &[EINTR],
        Call::sendfile64 => &[EINTR, EIO, ENOMEM, EINVAL],
        Call::splice => &[EINTR, ENOMEM, EINVAL],
        Call::copy_file_range => &[EINTR, EIO, ENOSPC, EXDEV, ENOSYS],
        Call::lseek64 => &[EIO],
        Call::fstat | Call::fstat64 | Call::statx => &[ENOMEM, EIO],
        Call::fchmod | Call::futimens => &[EPERM, EIO],
        Call::ftruncate64 => &[EINTR, EIO, ENOSPC],
        Call::fsync | Call::fdatasync => &[EINTR, EIO, ENOSPC],
        Call::duplicate => &[EMFILE],
        _ => &[],
    }
}

fn without_fd(call: Call) -> &'static [i32] {
    match call {
        Call::socket => &[EMFILE, ENFILE, ENOBUFS, ENOMEM, EACCES, EAFNOSUPPORT],
        Call::socketpair | Call::pipe2 => &[EMFILE, ENFILE, ENOMEM],
        Call::epoll_create1 | Call::eventfd | Call::timerfd_create | Call::inotify_init1 => {
            &[EMFILE, ENFILE, ENOMEM]
        }
        Call::epoll_add => &[ENOMEM, ENOSPC],
        Call::epoll_wait => &[EINTR],
        Call::epoll_pwait2 => &[EINTR, EPERM, ENOSYS],
        Call::poll => &[EINTR],
        Call::ppoll => &[EINTR, ENOMEM],
        Call::inotify_add_watch => &[ENOSPC, ENOMEM, EACCES],
        Call::pidfd_open => &[EMFILE, ENFILE, ENOMEM, EPERM, ENOSYS],
        Call::pidfd_send_signal | Call::kill | Call::killpg => &[EPERM],
        Call::waitid | Call::waitpid => &[EINTR],
        Call::sigaction => &[EINVAL],
        Call::posix_spawnp => &[EAGAIN, ENOMEM, EACCES, ENOENT],
        Call::fork => &[EAGAIN, ENOMEM],
        Call::execvp => &[EACCES, ENOENT, ENOMEM, E2BIG],
        Call::dup2 => &[EINTR, EMFILE],
        Call::open64 | Call::openat64 => &[EINTR, EMFILE, ENFILE, ENOMEM, EACCES, EIO, ENOSPC],
        Call::opendir => &[EMFILE, ENFILE, ENOMEM, EACCES],
        Call::fdopendir => &[ENOMEM],
        Call::readdir64 => &[EIO],
        Call::close => &[EINTR, EIO],
        Call::closedir => &[EINTR],
        Call::statx | Call::stat64 | Call::lstat64 | Call::fstatat64 => &[EACCES, ENOMEM, EIO],
        Call::rename | Call::linkat | Call::symlink | Call::mkdir => &[EACCES, EIO, ENOSPC],
        Call::unlink | Call::unlinkat | Call::rmdir => &[EACCES, EBUSY, EIO],
        Call::readlink | Call::realpath => &[EACCES, EIO, ENOMEM],
        Call::chmod => &[EPERM, EIO],
        Call::pthread_create => &[EAGAIN],
        Call::pthread_setname_np => &[EMFILE],
        Call::prctl | Call::sched_getaffinity => &[EPERM],
        Call::getrandom => &[EINTR],
        Call::getrlimit | Call::gethostname => &[EPERM],
        Call::getaddrinfo => &[EAI_AGAIN, EAI_MEMORY, EAI_FAIL],
        Call::getnameinfo => &[EAI_AGAIN, EAI_MEMORY],
        Call::if_nametoindex => &[ENODEV],
        _ => &[],
    }
}
