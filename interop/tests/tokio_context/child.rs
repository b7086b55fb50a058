//! A child made by fork(2), which tells its parent through a socket how it went.
//!
//! Tests beside this one panic on purpose, and hold locks of std's in that moment (that of the panic hook, those of backtraces): in the child they
//! stay locked. So it takes none of them, as long as it does not panic itself.

#![expect(unsafe_code, reason = "std has no fork")]

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// Far more than any child here takes: only one that hangs reaches it.
const HANGS: Duration = Duration::from_secs(50);

/// Forks. The child runs `body` and ends.
///
/// # Panics
/// In the parent, when `body` panics or takes too long.
pub(crate) fn in_child(body: impl FnOnce()) {
    let (mut reader, mut writer) = UnixStream::pair().expect("a pair");
    // SAFETY: takes no pointer. The child runs code that takes locks, the allocator's among them, which the C library frees for it; that the
    // others are in order is what is tested.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "fork: {}", io::Error::last_os_error());
    if pid == 0 {
        let went_well = catch_unwind(AssertUnwindSafe(body)).is_ok();
        let _ = writer.write_all(&[u8::from(went_well)]);
        // SAFETY: takes no pointer. Nothing of the parent's is dropped.
        unsafe { libc::_exit(0) }
    }
    drop(writer);
    reader.set_read_timeout(Some(HANGS)).expect("a timeout");
    let mut went_well = [0];
    let heard = reader.read_exact(&mut went_well);
    // SAFETY: take no pointer but to `status`, which is valid for writes. The child was not waited for, so that the number is its own.
    unsafe {
        libc::kill(pid, libc::SIGKILL);
        let mut status = 0;
        assert_eq!(libc::waitpid(pid, &raw mut status, 0), pid);
    }
    heard.expect("the child does not hang");
    assert_eq!(went_well, [1], "the child panicked");
}
