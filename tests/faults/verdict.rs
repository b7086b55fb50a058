//! What may come of a fault.

use std::io;

use crate::calls::{Call, Kind, Site};
use crate::plan::Fault;

/// Why `result` is not what may come of `fault`.
pub(crate) fn objection(fault: Fault, result: &io::Result<()>) -> Option<String> {
    let Err(error) = result else {
        return must_be_told(fault).then(|| "nobody is told of it".to_owned());
    };
    if must_be_borne(fault) {
        return Some(format!("must be borne, and became an error: {error}"));
    }
    (is_bare(error) && !is_told_as_it_is(fault.site))
        .then(|| format!("the error does not say what has failed: {error}"))
}

/// Interruptions reach nobody, and a system call that an old kernel or a filter lacks is done in another way.
fn must_be_borne(fault: Fault) -> bool {
    let replaced = matches!(
        fault.site.call,
        Call::epoll_pwait2 | Call::preadv2 | Call::pwritev2 | Call::copy_file_range
    );
    fault.errno == libc::EINTR
        || (replaced && matches!(fault.errno, libc::ENOSYS | libc::EPERM | libc::EOPNOTSUPP | libc::EXDEV))
        || matches!(fault.site.call, Call::close | Call::closedir | Call::pthread_setname_np | Call::ppoll)
}

/// What was to be written, or changed in a directory, is not.
fn must_be_told(fault: Fault) -> bool {
    let of_data = matches!(
        fault.site.call,
        Call::write
            | Call::writev
            | Call::pwrite64
            | Call::pwritev2
            | Call::ftruncate64
            | Call::fsync
            | Call::fdatasync
    );
    let of_names =
        matches!(fault.site.call, Call::rename | Call::linkat | Call::symlink | Call::mkdir | Call::chmod);
    let is_stored = matches!(fault.site.kind, Kind::File | Kind::Directory);
    !must_be_borne(fault) && ((of_data && is_stored) || of_names)
}

/// Only what the system says of the error number.
fn is_bare(error: &io::Error) -> bool {
    error.get_ref().is_none()
}

/// On the way of the data, and when a socket is asked for its addresses, the caller knows what it has called, and gets what the system says,
/// number included.
fn is_told_as_it_is(site: Site) -> bool {
    let asks = matches!(site.call, Call::getsockname | Call::getpeername);
    let receives = matches!(
        site.call,
        Call::recv | Call::recvfrom | Call::recvmsg | Call::recvmmsg | Call::read | Call::readv
    );
    let sends = matches!(
        site.call,
        Call::send | Call::sendto | Call::sendmsg | Call::sendmmsg | Call::write | Call::writev
    );
    asks || ((receives || sends || site.call == Call::splice)
        && matches!(site.kind, Kind::Socket | Kind::UnixSocket | Kind::Pipe))
}
